using RobustTickets.Kernels.Masks;

namespace RobustTickets.Tickets;

/// <summary>
/// Statistics of hard-concrete masks at one step of the search (RobusT Figs. 1 and 5).
/// </summary>
/// <param name="Penalty">The penalty R.</param>
/// <param name="Binary">Fraction of deterministic gates that are exactly 0 or 1: sigmoid(a) outside
/// [1/12, 11/12].</param>
/// <param name="BelowHalf">Fraction of scores with sigmoid(a) below one half.</param>
/// <param name="Closed">Fraction of gates that are exactly 0.</param>
/// <param name="Open">Fraction of gates that are exactly 1.</param>
internal sealed record GateStatistics(double Penalty, double Binary, double BelowHalf, double Closed, double Open)
{
    /// <summary>Computes the statistics over the scores of all matrices.</summary>
    public static GateStatistics Of(IEnumerable<float[]> scores, double penalty)
    {
        const float range = (float)(HardConcreteKernel.High - HardConcreteKernel.Low),
            low = (float)HardConcreteKernel.Low;
        long all = 0,
            below = 0,
            closed = 0,
            open = 0;
        foreach (var matrix in scores)
        {
            all += matrix.Length;
            foreach (var a in matrix)
            {
                if (a < 0)
                    below++;
                var stretched = ((1f / (1f + MathF.Exp(-a))) * range) + low;
                if (stretched <= 0)
                    closed++;
                else if (stretched >= 1)
                    open++;
            }
        }
        return new GateStatistics(penalty, Share(closed + open), Share(below), Share(closed), Share(open));

        double Share(long count) => all == 0 ? 0 : (double)count / all;
    }
}
