// The only training loop: gradients, clipping, optimiser, schedule. It does not depend on tickets
// or recipes: the loss is an IObjective; snapshots, stop rules, evaluation and checkpoints run in
// the afterStep callback.
using System.Diagnostics;
using RobustTickets.Kernels.Optim;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Runs;
using RobustTickets.Torch;
using RobustTickets.Torch.optim;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Training;

/// <summary>Length and schedule of a stage.</summary>
/// <param name="Stage">Stage name in logs and errors.</param>
/// <param name="LastStep">Maximum number of steps.</param>
/// <param name="HorizonSteps">T of the learning-rate schedule; may be fractional and may exceed
/// <paramref name="LastStep"/>.</param>
/// <param name="Optimizer">Optimiser and schedule.</param>
/// <param name="Key">Random key of the stage.</param>
internal sealed record StagePlan(
    string Stage,
    long LastStep,
    double HorizonSteps,
    OptimizerOptions Optimizer,
    RandomKey Key
)
{
    /// <summary>
    /// Fraction of the peak learning rate after a number of updates; null: the linear schedule over
    /// <see cref="HorizonSteps"/>.
    /// </summary>
    public Func<long, double>? Schedule { get; init; }
}

/// <summary>Report of one step.</summary>
/// <param name="Step">Steps completed in this stage, including this one.</param>
/// <param name="Epoch">Epochs completed.</param>
/// <param name="Loss">Value of the loss.</param>
/// <param name="LearningRate">Learning rate of this update.</param>
/// <param name="GradientNorm">Global gradient norm before clipping.</param>
/// <param name="Examples">Examples in the batch.</param>
/// <param name="Tokens">Real word pieces in the batch.</param>
/// <param name="Seconds">Compute time of the step.</param>
/// <param name="Passes">Forward and backward passes through the network.</param>
/// <param name="Flops">Floating-point operations by the formulas of
/// <see cref="FlopCount"/>.</param>
internal sealed record StepReport(
    long Step,
    double Epoch,
    double Loss,
    double LearningRate,
    double GradientNorm,
    int Examples,
    int Tokens,
    double Seconds,
    PassCounts Passes,
    double Flops
)
{
    /// <summary>The step as a log entry.</summary>
    /// <param name="stage">Name of the stage.</param>
    public StepEntry Entry(string stage) =>
        new(
            stage,
            Step,
            Epoch,
            Loss,
            LearningRate,
            GradientNorm,
            Tokens,
            Seconds,
            Passes.Forward,
            Passes.Backward,
            Passes.WeightGradient
        )
        {
            Flops = Flops,
        };
}

/// <summary>Runs the optimisation steps of one stage.</summary>
internal sealed class Trainer : IDisposable
{
    private readonly ITrainingTask _task;
    private readonly AdamW _optimizer;
    private readonly StagePlan _plan;
    private readonly IGradientRule? _rule;
    private readonly Ranks _ranks;
    private readonly GradientExchange? _exchange;

    /// <summary>Creates a trainer of the parameters held by <paramref name="optimizer"/>.</summary>
    /// <param name="model">The network.</param>
    /// <param name="objective">The training objective.</param>
    /// <param name="examples">Training examples.</param>
    /// <param name="sampler">Selects the examples of each step.</param>
    /// <param name="optimizer">Optimiser of the trained parameters.</param>
    /// <param name="plan">Length and schedule of the stage.</param>
    /// <param name="rule">Applied to the gradients before the update in place of the plan's
    /// clipping, or null.</param>
    /// <param name="extras">Augmentation, teacher and batch share, or null.</param>
    /// <param name="ranks">The ranks of a distributed run, or null.</param>
    public Trainer(
        BertForSequenceClassification model,
        IObjective objective,
        IReadOnlyList<EncodedExample> examples,
        BatchSampler sampler,
        AdamW optimizer,
        StagePlan plan,
        IGradientRule? rule = null,
        TaskExtras? extras = null,
        Ranks? ranks = null
    )
        : this(new ClassifierTask(model, objective, examples, sampler, extras), optimizer, plan, rule, ranks) { }

    /// <summary>Creates a trainer of any training task.</summary>
    /// <param name="task">Network, batches and objective.</param>
    /// <param name="optimizer">Optimiser of the trained parameters.</param>
    /// <param name="plan">Length and schedule of the stage.</param>
    /// <param name="rule">Applied to the gradients before the update in place of the plan's
    /// clipping, or null.</param>
    /// <param name="ranks">The ranks of a distributed run, each training on its share of a batch;
    /// or null.</param>
    public Trainer(ITrainingTask task, AdamW optimizer, StagePlan plan, IGradientRule? rule = null, Ranks? ranks = null)
    {
        (_task, _optimizer, _plan, _rule) = (task, optimizer, plan, rule);
        _ranks = ranks ?? Ranks.One();
        var trained = optimizer.Names.ToHashSet();
        task.Train(name => trained.Contains(name) || rule?.Records(name) == true);
        if (_ranks.AreSeveral)
            _exchange = new GradientExchange(_ranks, task.Store, optimizer.Names);
    }

    /// <summary>
    /// Creates an optimiser over every parameter of a model that <paramref name="trained"/>
    /// accepts. All of a critic's parameters are decayed; they are not clipped.
    /// </summary>
    public static AdamW CreateOptimizer(
        BertForSequenceClassification model,
        OptimizerOptions options,
        Func<string, bool>? trained = null
    ) =>
        new(
            model.Store,
            model.Store.Names.Where(name => trained?.Invoke(name) ?? true).ToArray(),
            options.AdamW(),
            name => AdamW.DecaysByName(name) || InfoBertCritic.Owns(name),
            name => !InfoBertCritic.Owns(name),
            model.Execution.ByOperators ? null : FusedAdamW.For(model.Store)
        );

    /// <summary>
    /// Runs steps from the optimiser's update count to the end of the plan.
    /// <paramref name="afterStep"/> gets the report of every step and decides whether to continue.
    /// </summary>
    /// <param name="penalty">Added to the last pass of each step, or null.</param>
    /// <param name="afterStep">Called after each update; false ends the stage.</param>
    /// <exception cref="NumericFailureException">Loss or gradient norm is not finite; the weights
    /// are those before the step.</exception>
    public void Run(Func<Tensor>? penalty, Func<StepReport, bool> afterStep)
    {
        while (_optimizer.Updates < _plan.LastStep)
        {
            if (!afterStep(Step(penalty)))
                return;
        }
    }

    /// <summary>Runs one optimisation step.</summary>
    public StepReport Step(Func<Tensor>? penalty)
    {
        var clock = Stopwatch.StartNew();
        var done = _optimizer.Updates;
        var options = _plan.Optimizer;
        using var scope = torch.scope();
        var sums = Accumulate(done, penalty);
        var norm =
            _rule?.Apply(_optimizer, options, done)
            ?? _optimizer.MeasureNorm(options.Clip == ClipMode.Norm ? options.ClipValue : 0);
        // A batch without prediction targets has no forward pass and no loss.
        if ((sums.HasLoss && !double.IsFinite(sums.Loss)) || !double.IsFinite(norm.Norm))
        {
            throw new NumericFailureException(
                Text($"{_plan.Stage}, step {done + 1}: the loss is {sums.Loss} and the gradient norm {norm.Norm}; ")
                    + "a lower learning rate or step size, or fp32 precision, usually helps"
            );
        }
        if (_rule is null && options.Clip == ClipMode.Value)
            _optimizer.ClampGradients(options.ClipValue);
        var rate =
            options.LearningRate
            * (
                _plan.Schedule?.Invoke(done)
                ?? Schedule.Linear(done, options.WarmupFraction * _plan.HorizonSteps, _plan.HorizonSteps)
            );
        _optimizer.Step(rate, norm.Factor);
        if (_rule is null)
            _task.Store.ClearGradients();
        else
            _rule.Clear();
        return new StepReport(
            done + 1,
            (double)(done + 1) / _task.StepsPerEpoch,
            sums.Loss,
            rate,
            norm.Norm,
            sums.Examples,
            sums.Tokens,
            clock.Elapsed.TotalSeconds,
            sums.Passes,
            sums.Flops
        );
    }

    /// <summary>Bytes this rank contributed to all-reduces; 0 on a single rank.</summary>
    public long SummedBytes => _exchange?.Bytes ?? 0;

    /// <inheritdoc/>
    public void Dispose() => _exchange?.Dispose();

    // Sums gradients over the whole batch and all ranks. The penalty is not a mean over examples:
    // only one rank adds it.
    private StepSums Accumulate(long step, Func<Tensor>? penalty)
    {
        _exchange?.Begin();
        var (batch, result) = _task.Accumulate(
            step,
            _plan.Key.Derive(step),
            _ranks.IsFirst ? penalty : null,
            _exchange is null ? null : _exchange.LayerDone
        );
        var own = StepSums.Of(_task.Config, batch, result);
        return _exchange?.Finish(own) ?? own;
    }
}
