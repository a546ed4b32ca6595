// Benchmark steps, built from the same trainer, objectives and inference path as real runs.
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using RobustTickets.Torch.optim;
using RobustTickets.Training;

namespace RobustTickets.Cli.Bench;

/// <summary>Work of one measured step.</summary>
/// <param name="Texts">Number of texts (or queries).</param>
/// <param name="Tokens">Number of real tokens.</param>
/// <param name="Padded">Number of tokens of the batch padded to its longest text.</param>
/// <param name="Flops">Floating-point operations of the matrix products computed.</param>
internal readonly record struct StepWork(int Texts, int Tokens, int Padded, double Flops);

/// <summary>A model and its step.</summary>
internal interface IBenchSubject : IDisposable
{
    /// <summary>Runs the next step.</summary>
    StepWork Step();
}

/// <summary>A training step with one of our objectives.</summary>
internal sealed class TrainingSubject : IBenchSubject
{
    private readonly BertForSequenceClassification _model;
    private readonly AdamW _optimizer;
    private readonly Trainer _trainer;
    private readonly Func<Tensor>? _penalty;
    private readonly BatchSampler _sampler;
    private readonly EncodedExample[] _texts;

    internal TrainingSubject(BenchPlan plan, BertForSequenceClassification model, int warmUps)
    {
        _model = model;
        _texts = plan.Texts(model.Config, warmUps);
        _sampler = new BatchSampler(_texts.Length, plan.Batch, shuffle: false, RandomKey.FromSeed(1));
        // small: a random network must stay finite for any number of steps
        var options = new OptimizerOptions(LearningRate: 1e-6);
        IGradientRule? rule = null;
        if (plan.Step == "search")
        {
            var coefficients = SlimmingCoefficients.Attach(model);
            var slimming = new SlimmingOptions(1e-4, 1e-4);
            _penalty = () => coefficients.Penalty(slimming);
        }
        if (plan.Step == "robust")
        {
            var masked = new HardConcreteOptions(Penalty: 0.1);
            var masks = HardConcreteMasks.Attach(model, masked);
            rule = new MaskGradients(model, masks, masked, total: 1000, freezeBase: true);
        }
        _optimizer = Trainer.CreateOptimizer(
            model,
            options,
            plan.Step == "robust" ? BertParameters.IsMaskScores : null
        );
        var key = RandomKey.FromSeed(2);
        _trainer = new Trainer(
            model,
            Objective(plan),
            _texts,
            _sampler,
            _optimizer,
            new StagePlan("bench", long.MaxValue, 1_000_000, options, key),
            rule
        );
    }

    private static IObjective Objective(BenchPlan plan) =>
        plan.Step switch
        {
            "freelb" or "search" or "robust" => new FreeLb(new FreeLbOptions(plan.Passes, 0.03, 0.05)),
            "pgd" or "pgd-lean" => new Pgd(
                new PgdOptions(plan.Passes, 0.03, 0.05, DeltaGradOnly: plan.Step == "pgd-lean")
            ),
            _ => new CleanObjective(),
        };

    public StepWork Step()
    {
        var batch = PackedBatch.From([.. _sampler.Batch(_optimizer.Updates).ToArray().Select(i => _texts[i])]);
        var report = _trainer.Step(_penalty);
        var clsOnly = _model.Execution.ClsOnlyLastLayer;
        return new StepWork(
            report.Examples,
            report.Tokens,
            report.Examples * batch.Longest,
            FlopCount.Step(_model.Config, batch, report.Passes, clsOnly)
        );
    }

    public void Dispose() => _optimizer.Dispose();
}

/// <summary>
/// Evaluation or attack queries: forward passes without gradients, as `evaluate` and `attack` run
/// them.
/// </summary>
internal sealed class ForwardSubject : IBenchSubject
{
    private readonly BertForSequenceClassification _model;
    private readonly BertInference? _inference;
    private readonly EncodedExample[][] _batches;
    private int _next;

    internal ForwardSubject(BenchPlan plan, BertForSequenceClassification model, int warmUps)
    {
        _model = model;
        _batches = [.. plan.Texts(model.Config, warmUps).Chunk(plan.Batch)];
        _inference = BertInference.Of(model);
    }

    public StepWork Step()
    {
        var texts = _batches[_next++ % _batches.Length];
        Evaluator.Logits(_model, texts, (_, _) => { }, _inference);
        var batch = PackedBatch.From(texts);
        return new StepWork(
            texts.Length,
            batch.Tokens,
            texts.Length * batch.Longest,
            FlopCount.Step(_model.Config, batch, new PassCounts(1, 0, 0), _model.Execution.ClsOnlyLastLayer)
        );
    }

    public void Dispose() => _inference?.Dispose();
}
