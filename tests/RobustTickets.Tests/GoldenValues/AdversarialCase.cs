// Recorded adversarial training (golden folder g8_adversarial) and its rerun: Trainer.Step over PGD
// or FreeLB with the recorded batches, exactly as the program trains.
using System.Text.Json;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Testing;
using RobustTickets.Torch;
using RobustTickets.Training;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>Settings and record of a case.</summary>
/// <param name="Name">Folder of the case.</param>
/// <param name="Model">Golden model it starts from.</param>
/// <param name="Steps">Updates recorded.</param>
/// <param name="Horizon">T of the schedule.</param>
/// <param name="Optimizer">Optimiser and schedule.</param>
/// <param name="Objective">PGD or FreeLB.</param>
internal sealed record AdversarialCase(
    string Name,
    string Model,
    int Steps,
    double Horizon,
    OptimizerOptions Optimizer,
    ObjectiveOptions Objective
)
{
    // Every record starts at delta = 0. A start of noise that is all zeros is the same, and its
    // tensor, which the step moves in place, can be kept and looked at.
    private const double ZeroNoise = 1;

    /// <summary>The record.</summary>
    public GoldenTensors Record { get; } =
        GoldenTensors.Open(Golden.Required("g8_adversarial", Name, "run.safetensors"));

    /// <summary>Statistics of the final parameters, where recorded.</summary>
    public string? FinalStatistics => Golden.Folder("g8_adversarial", Name, "final_param_stats.json");

    /// <summary>
    /// Whether small noise flips the direction of a step (the sign of a gradient near zero).
    /// </summary>
    public bool Jumps =>
        Objective
            is PgdOptions { Norm: PerturbationNorm.LinfSign }
                or FreeLbOptions { Norm: PerturbationNorm.LinfSign };

    /// <summary>Whether any recorded batch has token types other than 0.</summary>
    public bool HasPairs =>
        GoldenTensors.Open(Golden.Required("g3_search", "batches.safetensors")) is var file
        && file.Names.Any(n =>
            n.StartsWith("token_type_ids.", StringComparison.Ordinal) && file.Longs(n).Any(t => t != 0)
        );

    /// <summary>
    /// Whether the record's first perturbation lies on the border of the ball, so that its
    /// projection matters from the start.
    /// </summary>
    public bool IsProjected
    {
        get
        {
            var (radius, linf) = Objective switch
            {
                PgdOptions o => (o.MaxNorm, o.Norm != PerturbationNorm.L2),
                FreeLbOptions o => (o.MaxNorm, o.Norm != PerturbationNorm.L2),
                _ => (0.0, false),
            };
            return radius > 0 && Record.Doubles(linf ? "delta_linf" : "delta_l2")[0] >= radius * (1 - 1e-5);
        }
    }

    /// <summary>All cases of the golden folder.</summary>
    public static IReadOnlyList<AdversarialCase> All() =>
        Golden.Folder("g8_adversarial") is not { } folder
            ? []
            :
            [
                .. Directory
                    .GetDirectories(folder)
                    .Where(d => File.Exists(Path.Combine(d, "case.json")))
                    .Order(StringComparer.Ordinal)
                    .Select(d => Read(Path.GetFileName(d))),
            ];

    private static AdversarialCase Read(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Golden.Required("g8_adversarial", name, "case.json")));
        var c = json.RootElement;
        var norm = c.GetProperty("norm").GetString() switch
        {
            "l2" => PerturbationNorm.L2,
            "linf_norm" => PerturbationNorm.Linf,
            "linf_sign" => PerturbationNorm.LinfSign,
            var other => throw new InvalidDataException($"g8_adversarial/{name}: norm '{other}' is unknown"),
        };
        ObjectiveOptions objective = c.GetProperty("method").GetString() switch
        {
            "pgd" => new PgdOptions(
                (int)Number("K"),
                Number("adv_lr"),
                ZeroNoise,
                Number("max_norm"),
                norm,
                PassTokenTypeIds: false
            ),
            "freelb" => new FreeLbOptions(
                (int)Number("K"),
                Number("adv_lr"),
                ZeroNoise,
                Number("max_norm"),
                norm,
                PassTokenTypeIds: false
            ),
            var other => throw new InvalidDataException($"g8_adversarial/{name}: method '{other}' is unknown"),
        };
        return new AdversarialCase(
            name,
            c.GetProperty("model").GetString()!,
            (int)Number("steps"),
            Number("total_steps"),
            new OptimizerOptions(
                Number("lr"),
                Number("weight_decay"),
                Number("warmup_steps") / Number("total_steps"),
                ClipValue: Number("clip"),
                Epsilon: Number("eps")
            ),
            objective
        );

        double Number(string property) => c.GetProperty(property).GetDouble();
    }
}

/// <summary>What one step of a rerun left behind.</summary>
/// <param name="Report">The trainer's report.</param>
/// <param name="Result">The objective's.</param>
/// <param name="Delta">Final perturbation, packed [T, H].</param>
/// <param name="Batch">The batch.</param>
/// <param name="ParameterNorm">Global L2 norm of the parameters after the update.</param>
internal sealed record AdversarialStep(
    StepReport Report,
    ObjectiveResult Result,
    float[] Delta,
    GoldenBatch Batch,
    double ParameterNorm
);

/// <summary>A rerun of a case.</summary>
internal sealed class AdversarialRun
{
    /// <summary>Steps in order.</summary>
    public List<AdversarialStep> Steps { get; } = [];

    /// <summary>Logits of the evaluation batch by number of updates made.</summary>
    public SortedDictionary<int, float[]> EvaluationLogits { get; } = [];

    /// <summary>Parameters at the end.</summary>
    public IReadOnlyDictionary<string, float[]> Final { get; private set; } = new Dictionary<string, float[]>();

    /// <summary>
    /// Runs the first <paramref name="steps"/> updates of a case with an objective (its own, or a
    /// mutant).
    /// </summary>
    public static AdversarialRun Run(
        AdversarialCase recorded,
        ObjectiveOptions objective,
        Execution execution,
        int steps
    )
    {
        var file = GoldenTensors.Open(Golden.Required("g3_search", "batches.safetensors"));
        var batches = new List<GoldenBatch>();
        for (long step = 0, first = 0; step < steps; first += batches[(int)step].Examples.Length, step++)
            batches.Add(GoldenBatch.Read(file, "", $".{step:000}", first));
        var evaluation = GoldenBatch.Read(file, "eval.");
        using var model = GoldenModel.Classifier(recorded.Model).NewClassifier(execution);
        using var optimizer = Trainer.CreateOptimizer(model, recorded.Optimizer);
        var recorder = new Recorder(objective, model.Config.Hidden);
        var examples = batches.SelectMany(b => b.Examples).ToArray();
        var trainer = new Trainer(
            model,
            recorder,
            examples,
            new BatchSampler(examples.Length, batches[0].Examples.Length, shuffle: false, default),
            optimizer,
            new StagePlan(recorded.Name, steps, recorded.Horizon, recorded.Optimizer, RandomKey.FromSeed(0))
        );
        var run = new AdversarialRun();
        Evaluate(0);
        for (var step = 0; step < steps; step++)
        {
            var report = trainer.Step(null);
            var norm = Math.Sqrt(model.Store.Names.Sum(name => SumOfSquares(model.Store[name].span<float>())));
            run.Steps.Add(new AdversarialStep(report, recorder.Result!, recorder.Delta, batches[step], norm));
            Evaluate(step + 1);
        }
        run.Final = model.Store.Names.ToDictionary(name => name, name => model.Store[name].to_array());
        return run;

        void Evaluate(int updates)
        {
            if (!recorded.Record.Contains($"eval_logits.{updates:000}"))
                return;
            using var quiet = torch.no_grad();
            using var scope = torch.scope();
            run.EvaluationLogits[updates] = model
                .Forward(model.Prepare(evaluation.Packed, training: false), PassOptions.Evaluation)
                .to_array();
        }
    }

    private static double SumOfSquares(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var x in values)
            sum += (double)x * x;
        return sum;
    }

    /// <summary>Passes everything on and keeps the perturbation that the step ended with.</summary>
    private sealed class Recorder : IObjective
    {
        private readonly IObjective _inner;
        private Tensor? _delta;

        public Recorder(ObjectiveOptions options, int hidden)
        {
            Func<PackedBatch, Tensor> zeros = batch => _delta = torch.zeros([batch.Tokens, hidden]).keep();
            _inner = options switch
            {
                PgdOptions pgd => new Pgd(pgd, zeros),
                FreeLbOptions freelb => new FreeLb(freelb, zeros),
                _ => throw new ArgumentException($"{options.GetType().Name} is not recorded"),
            };
        }

        public ObjectiveResult? Result { get; private set; }

        public float[] Delta { get; private set; } = [];

        public ObjectiveResult Accumulate(
            BertForSequenceClassification model,
            BertInputs inputs,
            RandomKey step,
            Func<Tensor>? penalty
        )
        {
            Result = _inner.Accumulate(model, inputs, step, penalty);
            Delta = _delta!.to_array();
            _delta.Dispose();
            return Result;
        }
    }
}
