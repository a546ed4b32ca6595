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
    /// <param name="models">Loads the recipe's sentence encoder and masked language model; null if
    /// it needs none.</param>
    /// <param name="progress">Receives each example's outcome, or null.</param>
    /// <param name="engine">Performance options; null: the defaults.</param>
    /// <param name="stop">Cancels the attack.</param>
    /// <exception cref="RequestException">An option or resource is not valid for the
    /// recipe.</exception>
    /// <exception cref="Resources.MissingResourceException">A resource is missing.</exception>
    /// <inheritdoc cref="AttackAsync(ITextClassifier, Attack, IReadOnlyList{Example}, IProgress{AttackOutcome}?, AttackEngineOptions?, CancellationToken)" path="/exception"/>
    public static async Task<AttackReport> AttackAsync(
        this ITextClassifier classifier,
        AttackRecipe recipe,
        IReadOnlyList<Example> examples,
        IAttackModels? models = null,
        IProgress<AttackOutcome>? progress = null,
        AttackEngineOptions? engine = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(examples);
        stop.ThrowIfCancellationRequested();
        var attack = await BuildAsync(recipe, models, stop).ConfigureAwait(false);
        return await classifier.AttackAsync(attack, examples, progress, engine, stop).ConfigureAwait(false);
    }

    // Resources and models are loaded on a background thread.
    internal static Task<Attack> BuildAsync(AttackRecipe recipe, IAttackModels? models, CancellationToken stop) =>
        Task.Run(() => recipe.Build(models), stop);

    /// <summary>
    /// Attacks a classifier on labelled examples. Outcomes depend only on the attack, the weights
    /// and the example. It is not checked whether the classifier was trained on the examples.
    /// </summary>
    /// <param name="classifier">The victim.</param>
    /// <param name="attack">The attack.</param>
    /// <param name="examples">Examples with their true classes, indices of
    /// <see cref="ITextClassifier.Labels"/>.</param>
    /// <param name="progress">Receives each example's outcome, or null.</param>
    /// <param name="engine">Performance options; null: the defaults.</param>
    /// <param name="stop">Cancels the attack.</param>
    /// <exception cref="DataException">An example has an unknown label, or a duplicate
    /// id.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed, before or during the
    /// attack.</exception>
    /// <exception cref="AttackFailedException">No example could be attacked. If only some fail, see
    /// <see cref="AttackReport.Errors"/>.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static async Task<AttackReport> AttackAsync(
        this ITextClassifier classifier,
        Attack attack,
        IReadOnlyList<Example> examples,
        IProgress<AttackOutcome>? progress = null,
        AttackEngineOptions? engine = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(attack);
        ArgumentNullException.ThrowIfNull(examples);
        stop.ThrowIfCancellationRequested();
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
}
