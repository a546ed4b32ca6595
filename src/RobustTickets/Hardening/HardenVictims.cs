// Models under attack in a comparison: every model in the same way, on the same rows, each attack
// into a folder of its own that an interrupted one goes on with.
using RobustTickets.Attacks;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Attacks;

namespace RobustTickets.Hardening;

/// <summary>A model of the comparison.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Classes">For each class of the data the model's; null where they are the
/// same.</param>
internal sealed record HardenModel(string Name, string Folder, IReadOnlyList<int>? Classes = null);

/// <summary>Measures and attacks models.</summary>
/// <param name="request">The comparison.</param>
/// <param name="inputs">Its rows and attacks; the checkpoint that defences are trained from is the
/// sentence encoder that nobody names.</param>
/// <param name="folder">Its folder.</param>
/// <param name="progress">Is told what happens.</param>
/// <param name="stop">Ends the work.</param>
internal sealed class HardenVictims(
    HardenRequest request,
    HardenInputs inputs,
    HardenFolder folder,
    IProgress<HardenProgress>? progress,
    CancellationToken stop
) : IDisposable
{
    private readonly AttackModels _models = new(inputs.Base, request.Loader);
    private readonly Dictionary<string, Attack> _attacks = [];
    private (string Folder, ITextClassifier Classifier)? _loaded;

    /// <summary>Reads what the attacks need.</summary>
    /// <returns>SHA-256 of the sentence encoders; settings of an attack name its other
    /// files.</returns>
    public string Require()
    {
        foreach (var name in inputs.Attacks.Names)
            _ = Attack(name);
        var encoders = inputs.Attacks.Names.Select(name => Recipe(name).EncoderFolder(_models)).OfType<string>();
        return HardenFolder.Hash(encoders.Distinct().Select(VictimFolder.Hash));
    }

    /// <summary>
    /// Accuracy on rows, and the model's parameters without embeddings where its form says them.
    /// </summary>
    public (double Accuracy, long? Parameters) Measure(HardenModel model, IReadOnlyList<Example> on)
    {
        var classifier = Load(model);
        return (
            ClassifierSource.Evaluate(classifier, InClasses(model, on), stop).Accuracy,
            (classifier as Classifier)?.ParametersWithoutEmbeddings
        );
    }

    /// <summary>Whether an attack is finished.</summary>
    public bool IsDone(HardenModel model, string part, string attack, Calibration at) =>
        HardenFolder.IsDone(Place(model, part, attack, at));

    /// <summary>Attacks a model; finished attacks are read, not run again.</summary>
    /// <param name="model">The model.</param>
    /// <param name="part">Which rows, for the folder's name.</param>
    /// <param name="attack">Name of the attack.</param>
    /// <param name="on">The rows.</param>
    /// <param name="calibrated">Whether the victim is at its fitted temperature.</param>
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
                new("victim length", $"{inputs.MaxLength} word pieces, special tokens included", "as in training"),
                new(
                    "victim weights",
                    $"sha256 {VictimFolder.Hash(model.Folder)}",
                    "configuration, tokenizer and weights"
                ),
            ]
        );
        var relay = new SyncProgress<AttackProgress>(p => progress?.Report(new HardenAttacking(p)));
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
        var classifier =
            request.Loader?.LoadClassifier(model.Folder, inputs.MaxLength, request.Running.Threads)
            ?? Classifier.Load(model.Folder, request.Running, inputs.MaxLength);
        _loaded = (model.Folder, classifier);
        return classifier;
    }

    private static IReadOnlyList<Example> InClasses(HardenModel model, IReadOnlyList<Example> on) =>
        model.Classes is { } classes ? [.. on.Select(e => e with { Label = classes[e.Label] })] : on;

    private string RowsHash(IReadOnlyList<Example> on) =>
        HardenFolder.Hash(on.Select(e => HardenFolder.Line(e, inputs.Rows.Labels)));
}

/// <summary>Whether a victim's logits are divided by its fitted temperature.</summary>
internal enum Calibration
{
    /// <summary>The victim as it is.</summary>
    AsIs,

    /// <summary>At the temperature fitted on development rows.</summary>
    Fitted,
}
