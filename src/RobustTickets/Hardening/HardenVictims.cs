// Models under attack in a comparison: all in the same way, on the same rows; each attack has its
// own folder and can be resumed.
using RobustTickets.Attacks;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Models;

namespace RobustTickets.Hardening;

/// <summary>A model of the comparison.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Classes">The model's class for each class of the data; null where they are the
/// same.</param>
internal sealed record HardenModel(string Name, string Folder, IReadOnlyList<int>? Classes = null);

/// <summary>Measures and attacks models.</summary>
/// <param name="request">The request.</param>
/// <param name="inputs">Rows and attacks; the base checkpoint is the default sentence
/// encoder.</param>
/// <param name="folder">The comparison's folder.</param>
/// <param name="progress">Receives progress events.</param>
/// <param name="stop">Cancels measuring and attacking.</param>
/// <param name="clock">Records the time of attacks, or null.</param>
internal sealed class HardenVictims(
    HardenRequest request,
    HardenInputs inputs,
    HardenFolder folder,
    IProgress<HardenProgress>? progress,
    CancellationToken stop,
    BudgetClock? clock = null
) : IDisposable
{
    private readonly AttackModels _models = new(inputs.Base, request.Loader);
    private readonly Dictionary<string, Attack> _attacks = [];
    private (string Folder, ITextClassifier Classifier)? _loaded;

    /// <summary>Loads the resources of the attacks.</summary>
    /// <returns>SHA-256 of the sentence encoders; an attack's settings name its other
    /// files.</returns>
    public string Require()
    {
        foreach (var name in inputs.Attacks.Names)
            _ = Attack(name);
        var encoders = inputs.Attacks.Names.Select(name => Recipe(name).EncoderFolder(_models)).OfType<string>();
        return HardenFolder.Hash(encoders.Distinct().Select(NamedModel.Hash));
    }

    /// <summary>
    /// Accuracy on rows, and the model's parameters without embeddings if its format states them.
    /// </summary>
    public (double Accuracy, long? Parameters) Measure(HardenModel model, IReadOnlyList<Example> on)
    {
        var classifier = Load(model);
        return (
            ClassifierSource.Evaluate(classifier, InClasses(model, on), stop).Accuracy,
            (classifier as Classifier)?.ParametersWithoutEmbeddings
        );
    }

    /// <summary>Whether an attack is complete.</summary>
    public bool IsDone(HardenModel model, string part, string attack, Calibration at) =>
        HardenFolder.IsDone(Place(model, part, attack, at));

    /// <summary>Attacks a model; completed attacks are read, not run again.</summary>
    /// <param name="model">The model.</param>
    /// <param name="part">Name of the row set, used in the folder's name.</param>
    /// <param name="attack">Name of the attack.</param>
    /// <param name="on">The rows.</param>
    /// <param name="calibrated">Whether the victim runs at its fitted temperature.</param>
    public AttackReport Attack(
        HardenModel model,
        string part,
        string attack,
        IReadOnlyList<Example> on,
        Calibration calibrated = Calibration.AsIs
    )
    {
        var classifier = Load(model);
        var fitted = calibrated == Calibration.Fitted;
        var job = new AttackJob(
            Attack(attack),
            classifier,
            model.Name,
            InClasses(model, on),
            Place(model, part, attack, calibrated),
            [
                new("rows", $"{on.Count} {part} rows, sha256 {RowsHash(on)}", "parted by content"),
                new(
                    "victim length",
                    $"{classifier.MaxLength} word pieces, special tokens included",
                    model.Name != HardenInputs.OwnName || inputs.OwnLength is not null ? "as in training" : "its own"
                ),
                new(
                    "victim weights",
                    $"sha256 {NamedModel.Hash(model.Folder)}",
                    "configuration, tokenizer and weights"
                ),
            ]
        );
        var relay = new SyncProgress<AttackProgress>(p =>
        {
            clock?.Tick();
            progress?.Report(new HardenAttacking(p));
        });
        try
        {
            var report = fitted
                ? new TemperedAttack(
                    job,
                    VictimTemperature.Fitted,
                    () =>
                        new CalibrationRows(
                            InClasses(model, inputs.Rows.Development),
                            $"{inputs.Rows.Development.Count} development rows"
                        ),
                    relay
                ).Run(stop)
                : job.Run(relay, stop);
            report.ThrowIfErrors();
            return report;
        }
        finally
        {
            progress?.Report(new HardenStageEnded());
        }
    }

    private string Place(HardenModel model, string part, string attack, Calibration at) =>
        folder.Attack(model.Name, part, at == Calibration.Fitted ? $"{attack}-temperature-fit" : attack);

    public void Dispose()
    {
        _loaded?.Classifier.Dispose();
        _models.Dispose();
    }

    private Attack Attack(string name)
    {
        if (!_attacks.TryGetValue(name, out var attack))
            _attacks[name] = attack = Recipe(name).Build(_models);
        return attack;
    }

    private AttackRecipe Recipe(string name)
    {
        var recipe = AttackRecipe.Find(name);
        return recipe with { Resources = (request.Resources ?? new ResourceFiles()).Only(recipe.FileNames) };
    }

    private ITextClassifier Load(HardenModel model)
    {
        if (_loaded is { } loaded && loaded.Folder == model.Folder)
            return loaded.Classifier;
        _loaded?.Classifier.Dispose();
        _loaded = null;
        // The given model reads as much of a text as its users let it read.
        var length = model.Name == HardenInputs.OwnName ? inputs.OwnLength : inputs.MaxLength;
        var classifier =
            request.Loader?.LoadClassifier(model.Folder, length, request.Running.Threads)
            ?? Classifier.Load(model.Folder, request.Running, length);
        _loaded = (model.Folder, classifier);
        return classifier;
    }

    private static IReadOnlyList<Example> InClasses(HardenModel model, IReadOnlyList<Example> on) =>
        model.Classes is { } classes ? [.. on.Select(e => e with { Label = classes[e.Label] })] : on;

    private string RowsHash(IReadOnlyList<Example> on) =>
        HardenFolder.Hash(on.Select(e => HardenFolder.Line(e, inputs.Rows.Labels)));
}

/// <summary>Temperature that divides a victim's logits.</summary>
internal enum Calibration
{
    /// <summary>Temperature 1.</summary>
    AsIs,

    /// <summary>The temperature fitted on development rows.</summary>
    Fitted,
}
