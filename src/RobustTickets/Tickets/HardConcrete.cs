// Hard-concrete gates with plain operators and autograd (RobusT eq. 3-5, after Louizos et al.;
// docs/methods/robust.md, Gates): the reference of HardConcreteKernel.

using RobustTickets.Kernels.Masks;
using RobustTickets.Torch;

namespace RobustTickets.Tickets;

/// <summary>Reference implementation of the hard-concrete distribution.</summary>
internal static class HardConcrete
{
    private const double Range = HardConcreteKernel.High - HardConcreteKernel.Low;

    /// <summary>b ln(-l/r): a gate is open with probability sigmoid(a - Shift).</summary>
    private static readonly double Shift =
        HardConcreteKernel.Temperature * Math.Log(-HardConcreteKernel.Low / HardConcreteKernel.High);

    /// <summary>
    /// The score whose deterministic gate is <paramref name="gate"/>: ln(p/(1-p)) with p = (gate -
    /// l)/(r - l); ln 5 for 0.9.
    /// </summary>
    public static double ScoreOf(double gate)
    {
        var p = (gate - HardConcreteKernel.Low) / Range;
        return Math.Log(p / (1 - p));
    }

    /// <summary>
    /// Gates clamp(s (r-l) + l, 0, 1) of scores a = log alpha. In training
    /// <paramref name="uniform"/> contains u of every score, and s = sigmoid((ln u - ln(1-u) + a) /
    /// b); null gives the deterministic gates of evaluation, s = sigmoid(a).
    /// </summary>
    public static Tensor Gates(Tensor scores, Tensor? uniform)
    {
        if (uniform is null)
            return Stretch(scores.sigmoid());
        var u = uniform.clamp(HardConcreteKernel.SmallestNoise, HardConcreteKernel.LargestNoise);
        return Stretch(((u.log() - (1.0 - u).log() + scores) / HardConcreteKernel.Temperature).sigmoid());
    }

    /// <summary>Probability that each gate is open: sigmoid(a - b ln(-l/r)).</summary>
    public static Tensor OpenProbability(Tensor scores) => (scores - Shift).sigmoid();

    /// <summary>Expands gates [R, C] to a matrix [rows, columns].</summary>
    public static Tensor Spread(Tensor gates, long rows, long columns, MaskLayout layout)
    {
        long r = gates.size(0),
            c = gates.size(1),
            each = rows / r,
            across = columns / c;
        return layout == MaskLayout.Blocks
            ? gates.reshape(r, 1, c, 1).expand(r, each, c, across).reshape(rows, columns)
            : gates.reshape(1, r, 1, c).expand(each, r, across, c).reshape(rows, columns);
    }

    private static Tensor Stretch(Tensor s) => ((s * Range) + HardConcreteKernel.Low).clamp(0, 1);
}
