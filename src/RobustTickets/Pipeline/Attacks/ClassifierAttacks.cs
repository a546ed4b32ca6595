using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>What is done about rows that a classifier was trained on.</summary>
public enum TrainedRows
{
    /// <summary>They are refused: figures on them say nothing about other texts.</summary>
    Refuse,

    /// <summary>They are measured all the same.</summary>
    Measure,
}

/// <summary>Attacks on trained classifiers, without a folder for their files.</summary>
public static class ClassifierAttacks
{
    /// <summary>
    /// Attacks a classifier by a recipe, which is built here. The sentence encoder that nobody
    /// names is the checkpoint that the classifier's run started from.
    /// </summary>
    /// <param name="classifier">The victim.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="examples">Examples with their true classes, indices of
    /// <see cref="Classifier.Labels"/>.</param>
    /// <param name="models">Loads the sentence encoder and the masked language model of the recipe;
    /// null: those of the user's folder, released at the end.</param>
    /// <param name="progress">Told of each example's outcome, or null.</param>
    /// <param name="engine">How fast it runs; null: the defaults.</param>
    /// <param name="trained">What is done about rows that the classifier was trained on.</param>
    /// <param name="stop">Cancelling it ends the attack.</param>
    /// <exception cref="RequestException">An option or resource does not go with the
    /// recipe.</exception>
    /// <inheritdoc cref="AttackAsync(Classifier, Attack, IReadOnlyList{Example}, IProgress{AttackOutcome}?, AttackEngineOptions?, TrainedRows, CancellationToken)"/>
    public static async Task<AttackReport> AttackAsync(
        this Classifier classifier,
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
        classifier.RequireUsable();
        using var own = models is null ? new AttackModels(new VictimFolder(classifier.Name).BaseModel) : null;
        var attack = await TextClassifierAttacks.BuildAsync(recipe, models ?? own, stop).ConfigureAwait(false);
        return await classifier.AttackAsync(attack, examples, progress, engine, trained, stop).ConfigureAwait(false);
    }

    /// <summary>Attacks a classifier by a recipe, with all defaults.</summary>
    /// <inheritdoc cref="AttackAsync(Classifier, AttackRecipe, IReadOnlyList{Example}, IAttackModels?, IProgress{AttackOutcome}?, AttackEngineOptions?, TrainedRows, CancellationToken)"/>
    public static Task<AttackReport> AttackAsync(
        this Classifier classifier,
        AttackRecipe recipe,
        IReadOnlyList<Example> examples,
        CancellationToken stop
    ) => classifier.AttackAsync(recipe, examples, models: null, stop: stop);

    /// <summary>
    /// Attacks a classifier on labelled examples. Outcomes depend on nothing but the attack, the
    /// weights and the example.
    /// </summary>
    /// <param name="classifier">The victim.</param>
    /// <param name="attack">The attack.</param>
    /// <param name="examples">Examples with their true classes, indices of
    /// <see cref="Classifier.Labels"/>.</param>
    /// <param name="progress">Told of each example's outcome, or null.</param>
    /// <param name="engine">How fast it runs; null: the defaults.</param>
    /// <param name="trained">What is done about rows that the classifier was trained on.</param>
    /// <param name="stop">Cancelling it ends the attack.</param>
    /// <exception cref="RequestException">The classifier was trained on some of the
    /// examples.</exception>
    /// <exception cref="DataException">An example has a label that is no class, or an id that
    /// occurs twice.</exception>
    /// <exception cref="AttackFailedException">Not one example could be attacked. Where some could,
    /// see <see cref="AttackReport.Errors"/>.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed of, or was in the
    /// meantime.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static async Task<AttackReport> AttackAsync(
        this Classifier classifier,
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
        classifier.RequireUsable();
        if (trained == TrainedRows.Refuse)
            Refuse(classifier, examples);
        return await TextClassifierAttacks
            .AttackAsync(classifier, attack, examples, progress, engine, stop)
            .ConfigureAwait(false);
    }

    private static void Refuse(Classifier classifier, IReadOnlyList<Example> examples)
    {
        if (!Directory.Exists(classifier.Name) || new VictimFolder(classifier.Name).Training is not { } training)
            return;
        // Other parts of the run are what it says they are.
        RowPart[] parts = [training.Development, training.Evaluation];
        var ofRun = parts.Select(p => p.Sha256).ToHashSet(StringComparer.Ordinal);
        var seen = SeenRows.Of(new VictimFolder(classifier.Name));
        var known = examples
            .Where(e => seen.HasRow(e) || (e.Source is { } source && !ofRun.Contains(source) && seen.HasText(e)))
            .ToList();
        if (known.Count > 0)
            throw new RequestException(
                nameof(examples),
                null,
                $"{classifier.Name} was trained on {known.Count} of the {examples.Count}, '{known[0].Id}' the first; "
                    + "take the run's Evaluation, or say TrainedRows.Measure"
            );
    }
}
