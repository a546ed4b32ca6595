using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Attacks;

/// <summary>Attacks on loaded classifiers of any kind, without writing files.</summary>
public static class TextClassifierAttacks
{
    /// <summary>Builds a recipe and attacks a classifier with it.</summary>
    /// <param name="classifier">The victim.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="examples">Examples with their true classes, indices of
    /// <see cref="ITextClassifier.Labels"/>.</param>
    /// <param name="models">Loads the sentence encoder and the masked language model of the recipe;
    /// null: those of <see cref="ITrainedClassifier.OpenModels"/>, disposed at the end, or none for
    /// other classifiers.</param>
    /// <param name="progress">Receives the outcome of each example, or null.</param>
    /// <param name="engine">Batches and concurrency; null: the defaults.</param>
    /// <param name="trained">How to treat rows that the classifier was trained on.</param>
    /// <param name="stop">Cancels the attack.</param>
    /// <exception cref="RequestException">An option or resource does not fit the recipe, or the
    /// classifier was trained on some of the examples.</exception>
    /// <exception cref="Resources.MissingResourceException">A resource is missing.</exception>
    /// <exception cref="DataException">A label is out of range, or an id occurs twice.</exception>
    /// <exception cref="ObjectDisposedException">The classifier was disposed before or during the
    /// attack.</exception>
    /// <exception cref="AttackFailedException">No example could be attacked.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static async Task<AttackReport> AttackAsync(
        this ITextClassifier classifier,
        AttackRecipe recipe,
        IReadOnlyList<Example> examples,
        IAttackModels? models = null,
        IProgress<AttackOutcome>? progress = null,
        AttackEngineOptions? engine = null,
        TrainedRows trained = TrainedRows.Refuse,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(examples);
        stop.ThrowIfCancellationRequested();
        var own = models is null ? (classifier as ITrainedClassifier)?.OpenModels() : null;
        try
        {
            // Reading resources and models must not block the caller.
            var attack = await Task.Run(() => recipe.Build(models ?? own), stop).ConfigureAwait(false);
            return await classifier
                .AttackAsync(attack, examples, progress, engine, trained, stop)
                .ConfigureAwait(false);
        }
        finally
        {
            (own as IDisposable)?.Dispose();
        }
    }

    /// <summary>Builds a recipe and attacks a classifier with the default options.</summary>
    /// <param name="classifier">The victim.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="examples">Examples with their true classes, indices of
    /// <see cref="ITextClassifier.Labels"/>.</param>
    /// <param name="stop">Cancels the attack.</param>
    /// <exception cref="RequestException">An option or resource does not fit the recipe, or the
    /// classifier was trained on some of the examples.</exception>
    /// <exception cref="Resources.MissingResourceException">A resource is missing.</exception>
    /// <exception cref="DataException">A label is out of range, or an id occurs twice.</exception>
    /// <exception cref="ObjectDisposedException">The classifier was disposed before or during the
    /// attack.</exception>
    /// <exception cref="AttackFailedException">No example could be attacked.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static Task<AttackReport> AttackAsync(
        this ITextClassifier classifier,
        AttackRecipe recipe,
        IReadOnlyList<Example> examples,
        CancellationToken stop
    ) => classifier.AttackAsync(recipe, examples, models: null, stop: stop);

    /// <summary>
    /// Attacks a classifier on labelled examples. Outcomes depend only on the attack, the weights
    /// and the example.
    /// </summary>
    /// <param name="classifier">The victim.</param>
    /// <param name="attack">The attack.</param>
    /// <param name="examples">Examples with their true classes, indices of
    /// <see cref="ITextClassifier.Labels"/>.</param>
    /// <param name="progress">Receives the outcome of each example, or null.</param>
    /// <param name="engine">Batches and concurrency; null: the defaults.</param>
    /// <param name="trained">How to treat rows that the classifier was trained on, if known
    /// (<see cref="ITrainedClassifier.TrainedOn"/>).</param>
    /// <param name="stop">Cancels the attack.</param>
    /// <exception cref="RequestException">The classifier was trained on some of the
    /// examples.</exception>
    /// <exception cref="DataException">A label is out of range, or an id occurs
    /// twice.</exception>
    /// <exception cref="ObjectDisposedException">The classifier was disposed before or during the
    /// attack.</exception>
    /// <exception cref="AttackFailedException">No example could be attacked. If some could,
    /// see <see cref="AttackReport.Errors"/>.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static async Task<AttackReport> AttackAsync(
        this ITextClassifier classifier,
        Attack attack,
        IReadOnlyList<Example> examples,
        IProgress<AttackOutcome>? progress = null,
        AttackEngineOptions? engine = null,
        TrainedRows trained = TrainedRows.Refuse,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(attack);
        ArgumentNullException.ThrowIfNull(examples);
        stop.ThrowIfCancellationRequested();
        if (examples.Any(e => e is null))
            throw new ArgumentException("contains null instead of an example", nameof(examples));
        // Reading the record of the training must not block the caller.
        if (trained == TrainedRows.Refuse)
            await Task.Run(() => Refuse(classifier, examples), stop).ConfigureAwait(false);
        var outcomes = new List<AttackOutcome>();
        var run = new AttackEngine(attack, classifier, engine).RunAsync(examples, stop);
        await foreach (var outcome in run.ConfigureAwait(false))
        {
            outcomes.Add(outcome);
            progress?.Report(outcome);
        }
        if (outcomes.Count > 0 && outcomes.TrueForAll(o => o.Error is not null))
            AttackReport.ThrowIfErrors(outcomes);
        var settings = AttackSettings.Of(attack, classifier.Name);
        return new AttackReport(AttackSummary.From(outcomes, settings), outcomes);
    }

    private static void Refuse(ITextClassifier classifier, IReadOnlyList<Example> examples)
    {
        var known = (classifier as ITrainedClassifier)?.TrainedOn(examples) ?? [];
        if (known.Count > 0)
            throw new RequestException(
                nameof(examples),
                null,
                $"{classifier.Name} was trained on {known.Count} of the {examples.Count} examples, "
                    + $"starting with '{known[0].Id}'; use the run's Evaluation, or pass TrainedRows.Measure"
            );
    }
}
