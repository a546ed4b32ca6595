// Runs a search exactly as the program does (Trainer.Step over FreeLb, slimming coefficients, AdamW
// and schedule), with batches and noise of a recorded run, and keeps what the record keeps.
using System.Text.Json;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Testing;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using RobustTickets.Training;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>Settings of a recorded search (config.json of a variant).</summary>
/// <param name="Name">Folder of the variant.</param>
/// <param name="Model">Golden model it starts from.</param>
/// <param name="Steps">Updates recorded.</param>
/// <param name="BatchSize">Examples a step.</param>
/// <param name="Horizon">T of the schedule.</param>
/// <param name="Optimizer">Optimiser and schedule.</param>
/// <param name="Adversary">The adversary; one step without start is plain training on
/// embeddings.</param>
/// <param name="Penalty">L1 penalty, or null.</param>
internal sealed record RecordedSearch(
    string Name,
    string Model,
    int Steps,
    int BatchSize,
    double Horizon,
    OptimizerOptions Optimizer,
    FreeLbOptions Adversary,
    SlimmingOptions? Penalty
)
{
    /// <summary>File of the variant.</summary>
    public string FileOf(string file) => Golden.Required("g3_search", Name, file);

    /// <summary>The record.</summary>
    public GoldenTensors Record { get; } = GoldenTensors.Open(Golden.Required("g3_search", Name, "run.safetensors"));

    /// <summary>All variants of the golden folder.</summary>
    public static IReadOnlyList<RecordedSearch> All() =>
        Golden.Folder("g3_search") is not { } folder
            ? []
            :
            [
                .. Directory
                    .GetDirectories(folder)
                    .Where(d => File.Exists(Path.Combine(d, "config.json")))
                    .Order(StringComparer.Ordinal)
                    .Select(d => Read(Path.GetFileName(d))),
            ];

    private static RecordedSearch Read(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Golden.Required("g3_search", name, "config.json")));
        var c = json.RootElement;
        var horizon = Number("num_training_steps");
        var linf = c.GetProperty("adv_norm_type").GetString() == "linf";
        return new RecordedSearch(
            name,
            c.GetProperty("model").GetString()!,
            (int)Number("steps"),
            (int)Number("bsz"),
            horizon,
            new OptimizerOptions(
                Number("lr"),
                Number("weight_decay"),
                Number("warmup_steps") / horizon,
                ClipValue: Number("max_grad_norm"),
                Epsilon: Number("adam_epsilon")
            ),
            // The recorded loop never projects in the largest entry, whatever its adv_max_norm
            // says.
            new FreeLbOptions(
                (int)Number("adv_steps"),
                Number("adv_lr"),
                Number("adv_init_mag"),
                linf ? 0 : Number("adv_max_norm"),
                linf ? PerturbationNorm.Linf : PerturbationNorm.L2,
                PassTokenTypeIds: false
            ),
            Number("l1_loss_coef") > 0 || Number("l1_loss_self_coef") > 0
                ? new SlimmingOptions(Number("l1_loss_self_coef"), Number("l1_loss_inter_coef"))
                : null
        );

        double Number(string property) => c.GetProperty(property).GetDouble();
    }
}

/// <summary>What one step of a rerun search left behind.</summary>
internal sealed record SearchStep(
    StepReport Report,
    IReadOnlyList<double> PassLosses,
    CoefficientSnapshot Coefficients,
    IReadOnlyDictionary<string, float[]>? ClippedGradients
);

/// <summary>A rerun of a recorded search.</summary>
internal sealed class SearchTrajectory
{
    private readonly RecordedSearch _search;

    private SearchTrajectory(RecordedSearch search) => _search = search;

    /// <summary>Steps in order.</summary>
    public List<SearchStep> Steps { get; } = [];

    /// <summary>Logits of the evaluation batch by number of updates made.</summary>
    public SortedDictionary<int, float[]> EvaluationLogits { get; } = [];

    /// <summary>Parameters at the end.</summary>
    public IReadOnlyDictionary<string, float[]> Final { get; private set; } = new Dictionary<string, float[]>();

    /// <summary>Runs a search, or its first <paramref name="steps"/> updates.</summary>
    public static SearchTrajectory Run(RecordedSearch search, Execution execution, int steps)
    {
        var trajectory = new SearchTrajectory(search);
        trajectory.Run(execution, steps);
        return trajectory;
    }

    private void Run(Execution execution, int steps)
    {
        var file = GoldenTensors.Open(Golden.Required("g3_search", "batches.safetensors"));
        var batches = Enumerable
            .Range(0, steps)
            .Select(step => GoldenBatch.Read(file, "", $".{step:000}", (long)step * _search.BatchSize))
            .ToArray();
        var evaluation = GoldenBatch.Read(file, "eval.");
        var wantedLogits = Numbers("eval_logits.");
        var wantedGradients = Numbers("clipped_grad.self.");

        using var model = GoldenModel.Classifier(_search.Model).NewClassifier(execution);
        var slimming = SlimmingCoefficients.Attach(model);
        using var optimizer = Trainer.CreateOptimizer(model, _search.Optimizer);
        var recorder = new Recorder(new FreeLb(_search.Adversary, Noise(batches)), _search.Optimizer.ClipValue);
        var examples = batches.SelectMany(b => b.Examples).ToArray();
        var sampler = new BatchSampler(examples.Length, _search.BatchSize, shuffle: false, default);
        var plan = new StagePlan(
            $"search {_search.Name}",
            steps,
            _search.Horizon,
            _search.Optimizer,
            RandomKey.FromSeed(0)
        );
        var trainer = new Trainer(model, recorder, examples, sampler, optimizer, plan);
        Func<Tensor>? penalty = _search.Penalty is { } p ? () => slimming.Penalty(p) : null;

        Evaluate(0);
        for (var step = 0; step < steps; step++)
        {
            recorder.WantsGradients = wantedGradients.Contains(step);
            var report = trainer.Step(penalty);
            Steps.Add(new SearchStep(report, recorder.PassLosses, slimming.Snapshot(), recorder.Clipped));
            Evaluate(step + 1);
        }
        Final = model.Store.Names.ToDictionary(name => name, name => model.Store[name].to_array());

        void Evaluate(int updates)
        {
            if (!wantedLogits.Contains(updates))
                return;
            using var quiet = torch.no_grad();
            using var scope = torch.scope();
            EvaluationLogits[updates] = model
                .Forward(model.Prepare(evaluation.Packed, training: false), PassOptions.Evaluation)
                .to_array();
        }
    }

    private HashSet<int> Numbers(string prefix) =>
        [
            .. _search
                .Record.Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal))
                .Select(n => int.Parse(n.AsSpan(prefix.Length), System.Globalization.CultureInfo.InvariantCulture)),
        ];

    /// <summary>
    /// The recorded noise on packed rows. Linf records carry their magnitude already, which
    /// <see cref="FreeLb"/> puts on itself.
    /// </summary>
    private Func<PackedBatch, Tensor>? Noise(GoldenBatch[] batches)
    {
        if (_search.Adversary.InitMagnitude == 0)
            return null;
        var file = GoldenTensors.Open(_search.FileOf("noise.safetensors"));
        var scale = _search.Adversary.Norm == PerturbationNorm.Linf ? (float)(1 / _search.Adversary.InitMagnitude) : 1f;
        return batch =>
        {
            var step = (int)(batch.ExampleIds[0] / _search.BatchSize);
            var name = $"noise.{step:000}";
            var width = file.Shape(name)[2];
            var rows = GoldenBatch.Rows(file.Floats(name), batches[step].Cells, width);
            return torch.tensor<float>(Array.ConvertAll(rows, u => u * scale), batches[step].Cells.Length, width);
        };
    }

    /// <summary>Passes everything on and reads what the step leaves in the gradients.</summary>
    private sealed class Recorder(IObjective inner, double limit) : IObjective
    {
        public bool WantsGradients { get; set; }

        public IReadOnlyList<double> PassLosses { get; private set; } = [];

        public IReadOnlyDictionary<string, float[]>? Clipped { get; private set; }

        public ObjectiveResult Accumulate(
            BertForSequenceClassification model,
            BertInputs inputs,
            RandomKey step,
            Func<Tensor>? penalty
        )
        {
            var result = inner.Accumulate(model, inputs, step, penalty);
            PassLosses = result.PassLosses;
            Clipped = WantsGradients ? Clip(Gradients.All(model.Store)) : null;
            return result;
        }

        private Dictionary<string, float[]> Clip(Dictionary<string, float[]> gradients)
        {
            var norm = Math.Sqrt(gradients.Values.Sum(g => Math.Pow(Gradients.L2(g), 2)));
            var factor = Math.Min(1.0, limit / (norm + 1e-6));
            return gradients.ToDictionary(g => g.Key, g => Array.ConvertAll(g.Value, x => (float)(x * factor)));
        }
    }
}
