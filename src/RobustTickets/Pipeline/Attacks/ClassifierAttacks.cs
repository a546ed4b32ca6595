using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;

namespace RobustTickets;

/// <summary>Treatment of rows that a classifier was trained on.</summary>
public enum TrainedRows
{
    /// <summary>Refuse them: figures on them say nothing about other texts.</summary>
    Refuse,

    /// <summary>Measure them nevertheless.</summary>
    Measure,
}

/// <summary>Attacks on trained classifiers, without writing files.</summary>
public static class ClassifierAttacks
{
    /// <summary>
    /// Builds a recipe and attacks a classifier with it. The default sentence encoder is the
    /// checkpoint that the classifier's run started from.
    /// </summary>
    /// <param name="classifier">The victim.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="examples">Examples with their true classes, indices of
    /// <see cref="Classifier.Labels"/>.</param>
    /// <param name="models">Loads the recipe's sentence encoder and masked language model; null:
    /// those of the user's folder, released at the end.</param>
    /// <param name="progress">Receives each example's outcome, or null.</param>
    /// <param name="engine">Performance options; null: the defaults.</param>
    /// <param name="trained">Treatment of rows that the classifier was trained on.</param>
    /// <param name="stop">Cancels the attack.</param>
    /// <exception cref="RequestException">An option or resource is not valid for the
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

    /// <summary>Attacks a classifier with a recipe and all defaults.</summary>
    /// <inheritdoc cref="AttackAsync(Classifier, AttackRecipe, IReadOnlyList{Example}, IAttackModels?, IProgress{AttackOutcome}?, AttackEngineOptions?, TrainedRows, CancellationToken)"/>
    public static Task<AttackReport> AttackAsync(
        this Classifier classifier,
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
    /// <see cref="Classifier.Labels"/>.</param>
    /// <param name="progress">Receives each example's outcome, or null.</param>
    /// <param name="engine">Performance options; null: the defaults.</param>
    /// <param name="trained">Treatment of rows that the classifier was trained on.</param>
    /// <param name="stop">Cancels the attack.</param>
    /// <exception cref="RequestException">The classifier was trained on some of the
    /// examples.</exception>
    /// <exception cref="DataException">An example has an unknown label, or a duplicate
    /// id.</exception>
    /// <exception cref="AttackFailedException">No example could be attacked. If only some fail, see
    /// <see cref="AttackReport.Errors"/>.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed, before or during the
    /// attack.</exception>
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
        var seen = training.TrainedOn.ToLookup(p => p.Sha256, p => p.Membership());
        var known = examples.Where(e => e.Row is { } row && seen[row.Data].Any(s => s(row.Row))).ToList();
        if (known.Count > 0)
            throw new RequestException(
                nameof(examples),
                null,
                $"{classifier.Name} was trained on {known.Count} of the {examples.Count}, '{known[0].Id}' the first; "
                    + "take the run's Evaluation, or say TrainedRows.Measure"
            );
    }
}
