using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Attacks;

/// <summary>Attacks on loaded classifiers of any form, without a folder for their files.</summary>
public static class TextClassifierAttacks
{
    /// <summary>Attacks a classifier by a recipe, which is built here.</summary>
    /// <param name="classifier">The victim.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="examples">Examples with their true classes, indices of
    /// <see cref="ITextClassifier.Labels"/>.</param>
    /// <param name="models">Loads the sentence encoder and the masked language model of the recipe;
    /// null where it needs none.</param>
    /// <param name="progress">Told of each example's outcome, or null.</param>
    /// <param name="engine">How fast it runs; null: the defaults.</param>
    /// <param name="stop">Cancelling it ends the attack.</param>
    /// <exception cref="RequestException">An option or resource does not go with the
    /// recipe.</exception>
    /// <exception cref="Resources.MissingResourceException">A resource is not there.</exception>
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

    // Words and models are read beside the caller.
    internal static Task<Attack> BuildAsync(AttackRecipe recipe, IAttackModels? models, CancellationToken stop) =>
        Task.Run(() => recipe.Build(models), stop);

    /// <summary>
    /// Attacks a classifier on labelled examples. Outcomes depend on nothing but the attack, the
    /// weights and the example. Whether the classifier was trained on them is not asked.
    /// </summary>
    /// <param name="classifier">The victim.</param>
    /// <param name="attack">The attack.</param>
    /// <param name="examples">Examples with their true classes, indices of
    /// <see cref="ITextClassifier.Labels"/>.</param>
    /// <param name="progress">Told of each example's outcome, or null.</param>
    /// <param name="engine">How fast it runs; null: the defaults.</param>
    /// <param name="stop">Cancelling it ends the attack.</param>
    /// <exception cref="DataException">An example has a label that is no class, or an id that
    /// occurs twice.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed of, or was in the
    /// meantime.</exception>
    /// <exception cref="AttackFailedException">Not one example could be attacked. Where some could,
    /// see <see cref="AttackReport.Errors"/>.</exception>
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
