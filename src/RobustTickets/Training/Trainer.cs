// The only training loop. It knows steps, gradients, the optimiser and the schedule; it knows
// neither tickets nor recipes: what a step minimises is an IObjective, and what happens between
// steps (snapshots, stop rules, evaluation, checkpoints) is handed in.
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

/// <summary>How long a stage runs and under which schedule.</summary>
/// <param name="Stage">Name used in logs and errors.</param>
/// <param name="LastStep">Steps to run at most.</param>
/// <param name="HorizonSteps">T of the learning-rate schedule; may be fractional and may exceed
/// <paramref name="LastStep"/>.</param>
/// <param name="Optimizer">Optimiser and schedule.</param>
/// <param name="Key">Key of the stage's randomness.</param>
internal sealed record StagePlan(
    string Stage,
    long LastStep,
    double HorizonSteps,
    OptimizerOptions Optimizer,
    RandomKey Key
)
{
    /// <summary>
    /// Share of the peak learning rate after so many updates; null: the linear schedule over
    /// <see cref="HorizonSteps"/>.
    /// </summary>
    public Func<long, double>? Schedule { get; init; }
}

/// <summary>What one step did.</summary>
/// <param name="Step">Steps done in this stage, this one included.</param>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Loss">Minimised value.</param>
/// <param name="LearningRate">Rate of this update.</param>
/// <param name="GradientNorm">Global norm before clipping.</param>
/// <param name="Examples">Examples in the batch.</param>
/// <param name="Tokens">Real word pieces in the batch.</param>
/// <param name="Seconds">Compute time of the step.</param>
/// <param name="Passes">Passes through the network.</param>
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
    /// <summary>The line of the log.</summary>
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

/// <summary>Runs optimisation steps of one stage.</summary>
internal sealed class Trainer : IDisposable
{
    private readonly ITrainingTask _task;
    private readonly AdamW _optimizer;
    private readonly StagePlan _plan;
    private readonly IGradientRule? _rule;
    private readonly Ranks _ranks;
    private readonly GradientExchange? _exchange;

    /// <summary>
    /// A trainer over a model whose trained parameters are those of <paramref name="optimizer"/>.
    /// </summary>
    /// <param name="model">The network.</param>
    /// <param name="objective">What a step minimises.</param>
    /// <param name="examples">Training examples.</param>
    /// <param name="sampler">Which of them make up a step.</param>
    /// <param name="optimizer">Optimiser of the trained parameters.</param>
    /// <param name="plan">Length and schedule.</param>
    /// <param name="rule">What happens to gradients before the update instead of the plan's
    /// clipping, or null.</param>
    /// <param name="extras">Changes of texts, a teacher, a share of each batch; or null.</param>
    /// <param name="ranks">The ranks that train together, or null.</param>
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

    /// <summary>A trainer of any task.</summary>
    /// <param name="task">Network, batches and objective.</param>
    /// <param name="optimizer">Optimiser of the trained parameters.</param>
    /// <param name="plan">Length and schedule.</param>
    /// <param name="rule">What happens to gradients before the update instead of the plan's
    /// clipping, or null.</param>
    /// <param name="ranks">The ranks that train together, each on its share of the task's batches;
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
    /// The optimiser of some options over every parameter of a model that
    /// <paramref name="trained"/> accepts. A critic is decayed whole and not clipped.
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
    /// Runs steps from the optimiser's count of updates to the end of the plan.
    /// <paramref name="afterStep"/> sees every step and says whether to go on.
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

    /// <summary>One optimisation step.</summary>
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
        // A batch without anything to predict makes no pass and has no loss.
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

    /// <summary>Bytes that this rank brought into sums over ranks; 0 of one rank.</summary>
    public long SummedBytes => _exchange?.Bytes ?? 0;

    /// <inheritdoc/>
    public void Dispose() => _exchange?.Dispose();

    // Gradients of the whole batch, whichever ranks computed them. The penalty is no mean over
    // examples: one rank adds it for all.
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
