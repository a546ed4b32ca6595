// Runs a mask search exactly as the program does (Trainer.Step over FreeLb, hard-concrete masks,
// MaskGradients, AdamW and schedule), with batches and noise of a recorded run.
using System.Text.Json;
using RobustTickets.Kernels.Masks;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Searches;
using RobustTickets.Testing;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using RobustTickets.Torch.optim;
using RobustTickets.Training;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>Settings of a recorded mask search (case.json).</summary>
internal sealed record MaskSearchOptions(
    string Name,
    string Model,
    int Steps,
    int BatchSize,
    HardConcreteOptions Options,
    OptimizerOptions Optimizer,
    FreeLbOptions Adversary,
    bool FreezeBase
)
{
    private const string Folder = "g6_robust";
    private JsonElement _case;

    /// <summary>Mutant: u = 1/2 throughout.</summary>
    public bool ConstantNoise { get; init; }

    public GoldenTensors Record { get; } = GoldenTensors.Open(Golden.Required(Folder, Name, "run.safetensors"));

    /// <summary>Whether the search sampled its gates; otherwise u was 1/2 throughout.</summary>
    public bool HasNoise => Golden.Folder(Folder, Name, "mask_noise.safetensors") is not null;

    /// <summary>
    /// Norm of the network's accumulated gradients by step, in searches that leak.
    /// </summary>
    public double[]? LeakedNorms =>
        _case.GetProperty("weights_grad_l2_accumulated") is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().Select(x => x.GetDouble())]
            : null;

    public string FileOf(string file) => Golden.Required(Folder, Name, file);

    public IEnumerable<(string Site, double L2)> GradientNorms(int step) =>
        _case
            .GetProperty("mask_score_grad_l2_at_optimizer_step")[step]
            .EnumerateObject()
            .Select(e => (Site(e.Name), e.Value.GetDouble()));

    public IEnumerable<(string Site, float[] Values)> StepGradients(int step) => Matching($"step_grad.{step:000}.");

    public IEnumerable<(string Site, float[] Values)> Matching(string prefix) =>
        Record
            .Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal))
            .Select(n => (Site(n[prefix.Length..]), Record.Floats(n)));

    public static IReadOnlyList<MaskSearchOptions> All() =>
        Golden.Folder(Folder) is not { } folder
            ? []
            :
            [
                .. Directory
                    .GetDirectories(folder, "search_*")
                    .Where(d => File.Exists(Path.Combine(d, "case.json")))
                    .Order(StringComparer.Ordinal)
                    .Select(d => Read(Path.GetFileName(d))),
            ];

    private static string Site(string name) =>
        name.EndsWith(".mask", StringComparison.Ordinal) ? name[..^".mask".Length] : name;

    private static MaskSearchOptions Read(string name)
    {
        var c = JsonDocument.Parse(File.ReadAllText(Golden.Required(Folder, name, "case.json"))).RootElement;
        return new MaskSearchOptions(
            name,
            c.GetProperty("model").GetString()!,
            (int)Number("steps"),
            (int)Number("bsz"),
            new HardConcreteOptions(
                Number("lambda_amp"),
                Number("mask_p"),
                (int)Number("out_w_per_mask"),
                (int)Number("in_w_per_mask"),
                Ramp: RampClock.AuthorsCode,
                RampStart: Number("lambda_startup_frac"),
                RampLength: Number("lambda_warmup_frac"),
                RampFrom: Number("lambda_init"),
                RampTo: Number("lambda_final")
            ),
            new OptimizerOptions(
                Number("lr"),
                Number("weight_decay"),
                Number("warmup_ratio"),
                ClipValue: Number("max_grad_norm"),
                Epsilon: Number("adam_epsilon")
            ),
            new FreeLbOptions(
                (int)Number("adv_steps"),
                Number("adv_lr"),
                Number("adv_init_mag"),
                Number("adv_max_norm"),
                c.GetProperty("adv_norm_type").GetString() == "linf" ? PerturbationNorm.Linf : PerturbationNorm.L2,
                PassTokenTypeIds: false
            ),
            c.GetProperty("bert_frozen").GetBoolean()
        )
        {
            _case = c,
        };

        double Number(string property) => c.GetProperty(property).GetDouble();
    }
}

/// <summary>What one step of a rerun search left behind.</summary>
internal sealed record MaskStep(
    StepReport Report,
    IReadOnlyList<double> PassLosses,
    double Lambda,
    double Penalty,
    double LeakedNorm,
    IReadOnlyDictionary<string, float[]> Gradients
);

/// <summary>A rerun of a recorded mask search.</summary>
internal sealed class MaskTrajectory
{
    public List<MaskStep> Steps { get; } = [];

    public SortedDictionary<int, float[]> EvaluationLogits { get; } = [];

    public Dictionary<string, float[]> FinalScores { get; private set; } = [];

    public static MaskTrajectory Run(MaskSearchOptions search, Execution execution)
    {
        var trajectory = new MaskTrajectory();
        var dense = execution.DenseWordGradient || !search.FreezeBase;
        trajectory.Repeat(search, execution with { DenseWordGradient = dense });
        return trajectory;
    }

    private void Repeat(MaskSearchOptions search, Execution execution)
    {
        var file = GoldenTensors.Open(Golden.Required("g6_robust", "batches.safetensors"));
        var batches = Enumerable
            .Range(0, search.Steps)
            .Select(step => GoldenBatch.Read(file, "", $".{step:000}", (long)step * search.BatchSize))
            .ToArray();
        var evaluation = GoldenBatch.Read(file, "eval.");
        using var model = GoldenModel.Classifier(search.Model).NewClassifier(execution);
        var noise = new Noise(search, batches);
        var masks = HardConcreteMasks.Attach(model, search.Options, noise.Of);
        using var optimizer = Trainer.CreateOptimizer(model, search.Optimizer, BertParameters.IsMaskScores);
        var rule = new Recorder(
            new MaskGradients(model, masks, search.Options, search.Steps, search.FreezeBase),
            model,
            masks
        );
        var objective = new Passes(new FreeLb(search.Adversary, noise.Delta));
        var examples = batches.SelectMany(b => b.Examples).ToArray();
        var plan = new StagePlan(search.Name, search.Steps, search.Steps, search.Optimizer, RandomKey.FromSeed(0));
        var trainer = new Trainer(
            model,
            objective,
            examples,
            new BatchSampler(examples.Length, search.BatchSize, shuffle: false, default),
            optimizer,
            plan,
            rule
        );
        Evaluate(0);
        for (var step = 0; step < search.Steps; step++)
        {
            var penalty = masks.PenaltyValue();
            noise.Begin(step, masks.Sites.Count);
            var report = trainer.Step(null);
            Steps.Add(
                new MaskStep(report, objective.Losses, rule.Inner.Lambda, penalty, rule.LeakedNorm, rule.Gradients)
            );
            Evaluate(step + 1);
        }
        FinalScores = masks.Sites.ToDictionary(site => site, site => masks.Scores(site).to_array());

        void Evaluate(int updates)
        {
            if (!search.Record.Contains($"eval_logits.{updates:000}"))
                return;
            using var quiet = torch.no_grad();
            using var scope = torch.scope();
            EvaluationLogits[updates] = model
                .Forward(model.Prepare(evaluation.Packed, training: false), PassOptions.Evaluation)
                .to_array();
        }
    }

    /// <summary>The recorded noise of gates and perturbations.</summary>
    private sealed class Noise(MaskSearchOptions search, GoldenBatch[] batches)
    {
        private readonly GoldenTensors? _masks =
            search.HasNoise && !search.ConstantNoise
                ? GoldenTensors.Open(search.FileOf("mask_noise.safetensors"))
                : null;
        private int _step,
            _calls,
            _sites;

        public void Begin(int step, int sites) => (_step, _calls, _sites) = (step, 0, sites);

        /// <summary>
        /// u of a layer in the pass at work; passes are told apart by counting layers.
        /// </summary>
        public Tensor Of(string site)
        {
            var pass = _calls++ / _sites;
            if (_masks is null)
                return torch.full(Shape(site), 0.5);
            var name = $"k.{_step:000}.{pass}.{site}.mask";
            return torch.tensor<float>(Array.ConvertAll(_masks.Bytes(name), k => k / 255f), Shape(site));
        }

        public Func<PackedBatch, Tensor>? Delta =>
            search.Adversary.InitMagnitude == 0
                ? null
                : batch =>
                {
                    var file = GoldenTensors.Open(search.FileOf("delta_noise.safetensors"));
                    var scale =
                        search.Adversary.Norm == PerturbationNorm.Linf
                            ? (float)(1 / search.Adversary.InitMagnitude)
                            : 1f;
                    var step = (int)(batch.ExampleIds[0] / search.BatchSize);
                    var name = $"noise.{step:000}";
                    var width = file.Shape(name)[2];
                    var rows = GoldenBatch.Rows(file.Floats(name), batches[step].Cells, width);
                    return torch.tensor<float>(
                        Array.ConvertAll(rows, u => u * scale),
                        batches[step].Cells.Length,
                        width
                    );
                };

        private long[] Shape(string site) => RobustMasks.GridShape(search.Record, search, site);
    }

    /// <summary>Passes everything on and keeps the losses of the passes.</summary>
    private sealed class Passes(IObjective inner) : IObjective
    {
        public IReadOnlyList<double> Losses { get; private set; } = [];

        public ObjectiveResult Accumulate(
            BertForSequenceClassification model,
            BertInputs inputs,
            RandomKey step,
            Func<Tensor>? penalty
        )
        {
            var result = inner.Accumulate(model, inputs, step, penalty);
            Losses = result.PassLosses;
            return result;
        }
    }

    /// <summary>Passes everything on and reads the gradients that the optimiser sees.</summary>
    private sealed class Recorder(MaskGradients inner, BertForSequenceClassification model, HardConcreteMasks masks)
        : IGradientRule
    {
        public MaskGradients Inner => inner;

        public IReadOnlyDictionary<string, float[]> Gradients { get; private set; } = new Dictionary<string, float[]>();

        public double LeakedNorm { get; private set; }

        public bool Records(string name) => inner.Records(name);

        public GradientNorm Apply(AdamW optimizer, OptimizerOptions options, long done)
        {
            var norm = inner.Apply(optimizer, options, done);
            Gradients = masks.Sites.ToDictionary(
                site => site,
                site => RobustTickets.Tests.Models.Gradients.Of(model.Store, BertParameters.MaskScores(site))
            );
            LeakedNorm = Math.Sqrt(
                inner.Leaking.Sum(name =>
                    Math.Pow(
                        RobustTickets.Tests.Models.Gradients.L2(
                            RobustTickets.Tests.Models.Gradients.Of(model.Store, name)
                        ),
                        2
                    )
                )
            );
            return norm;
        }

        public void Clear() => inner.Clear();
    }
}

/// <summary>Masks of the golden folder.</summary>
internal static class RobustMasks
{
    /// <summary>A 0/1 tensor [1, O, 1, I] as a mask.</summary>
    public static MatrixMask Of(GoldenTensors file, string name, string site, long[] shape)
    {
        var bytes = file.Bytes(name);
        var words = new ulong[BinaryMaskKernel.Words(bytes.Length)];
        for (var i = 0; i < bytes.Length; i++)
            if (bytes[i] != 0)
                words[i >> 6] |= 1UL << (i & 63);
        return new MatrixMask(site, shape[0], shape[1], words);
    }

    /// <summary>[R, C] of a layer's scores.</summary>
    public static long[] GridShape(GoldenTensors record, MaskSearchOptions search, string site)
    {
        using var stats = JsonDocument.Parse(File.ReadAllText(search.FileOf("final_param_stats.json")));
        var shape = stats
            .RootElement.EnumerateObject()
            .First(e => e.Name.StartsWith($"{site}.", StringComparison.Ordinal))
            .Value.GetProperty("shape");
        return [shape[1].GetInt64(), shape[3].GetInt64()];
    }
}
