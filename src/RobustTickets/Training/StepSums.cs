using RobustTickets.Models;
using RobustTickets.Objectives;

namespace RobustTickets.Training;

/// <summary>Sums of a step: on this rank, or over all.</summary>
/// <param name="Loss">Value of the loss.</param>
/// <param name="Examples">Examples.</param>
/// <param name="Tokens">Tokens, without padding.</param>
/// <param name="Flops">Floating-point operations.</param>
/// <param name="Passes">Passes through the network.</param>
internal readonly record struct StepSums(double Loss, int Examples, int Tokens, double Flops, PassCounts Passes)
{
    /// <summary>Length of <see cref="Numbers"/>.</summary>
    public const int Count = 8;

    /// <summary>The sums of a task's step.</summary>
    public static StepSums Of(BertConfig config, PackedBatch batch, ObjectiveResult result) =>
        new(
            result.Loss,
            batch.Count,
            batch.Tokens,
            batch.Count == 0 ? 0 : FlopCount.Step(config, batch, result.Passes) + result.Beside.Flops,
            result.Passes with
            {
                Forward = result.Passes.Forward + result.Beside.Forward,
            }
        );

    /// <summary>Whether there was a loss.</summary>
    public bool HasLoss => Passes.Forward > 0;

    /// <summary>
    /// The sums as numbers to be added over ranks. A rank without a pass contributes no loss.
    /// </summary>
    public double[] Numbers =>
        [
            HasLoss ? Loss : 0,
            Examples,
            Tokens,
            Flops,
            HasLoss ? 1 : 0,
            Passes.Forward,
            Passes.Backward,
            Passes.WeightGradient,
        ];

    /// <summary>
    /// Creates sums from summed numbers. The pass counts are those of each rank over its part of
    /// the batch.
    /// </summary>
    public static StepSums Of(ReadOnlySpan<double> numbers)
    {
        var ranks = Math.Max(1, numbers[4]);
        return new StepSums(
            numbers[4] > 0 ? numbers[0] : double.NaN,
            (int)numbers[1],
            (int)numbers[2],
            numbers[3],
            new PassCounts(Each(numbers[5]), Each(numbers[6]), Each(numbers[7]))
        );

        int Each(double sum) => (int)Math.Round(sum / ranks);
    }
}
