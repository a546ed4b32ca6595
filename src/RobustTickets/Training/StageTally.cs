using RobustTickets.Runs;

namespace RobustTickets.Training;

/// <summary>
/// Running sums of one stage; part of every checkpoint, so that a resumed run reports the same as
/// an uninterrupted one.
/// </summary>
/// <param name="Steps">Steps completed.</param>
/// <param name="Epochs">Epochs completed.</param>
/// <param name="Tokens">Tokens processed, without padding.</param>
/// <param name="Seconds">Compute seconds, without evaluation, checkpoints and data loading.</param>
/// <param name="ForwardPasses">Forward passes.</param>
/// <param name="BackwardPasses">Backward passes.</param>
/// <param name="WeightGradientPasses">Backward passes with weight gradients.</param>
/// <param name="Flops">Floating-point operations by formula.</param>
/// <param name="Loss">Loss of the last step.</param>
internal sealed record StageTally(
    long Steps,
    double Epochs,
    long Tokens,
    double Seconds,
    long ForwardPasses,
    long BackwardPasses,
    long WeightGradientPasses,
    double Flops,
    double Loss
)
{
    /// <summary>The tally before the first step.</summary>
    public static StageTally Zero { get; } = new(0, 0, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>The tally after one more step.</summary>
    public StageTally Add(StepEntry step) =>
        new(
            step.Step,
            step.Epoch,
            Tokens + step.Tokens,
            Seconds + step.Seconds,
            ForwardPasses + step.Forward,
            BackwardPasses + step.Backward,
            WeightGradientPasses + step.WeightGradient,
            Flops + (step.Flops ?? 0),
            step.Loss
        );

    /// <summary>The tally as recorded in result.json.</summary>
    public StageSummary Summary(string stage) =>
        new(
            stage,
            Steps,
            Epochs,
            Tokens,
            Seconds,
            Seconds > 0 ? Tokens / Seconds : 0,
            ForwardPasses,
            BackwardPasses,
            WeightGradientPasses,
            Flops,
            Loss
        );
}
