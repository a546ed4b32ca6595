// The updates of one step with one barrier: each tensor is divided into pieces, and an idle thread
// takes the next. Elements are independent, so the division does not affect results.
using RobustTickets.Torch;
using RobustTickets.Torch.optim;

namespace RobustTickets.Kernels.Optim;

/// <summary>
/// AdamW updates, added tensor by tensor and run together. The pointers must stay valid until then.
/// </summary>
internal sealed unsafe class AdamWUpdates
{
    /// <summary>Elements per piece: half a megabyte of each of four streams.</summary>
    private const int Piece = 1 << 17;

    private readonly List<Action> _pieces = [];

    /// <summary>Adds a whole tensor; see <see cref="AdamWKernel.Update"/>.</summary>
    internal void Add(float* parameter, float* gradient, float* first, float* second, long count, in AdamWStep step)
    {
        var s = new AdamWKernel.Constants(step);
        for (long from = 0; from < count; from += Piece)
        {
            long begin = from,
                end = Math.Min(count, from + Piece);
            _pieces.Add(() => AdamWKernel.Range(parameter, gradient, first, second, begin, end, s));
        }
    }

    /// <summary>
    /// Adds a matrix with a row-sparse gradient (an embedding): <paramref name="rowOf"/>[r] is the
    /// row of <paramref name="gradient"/> [_, columns] for row r, or -1 if the gradient is zero.
    /// Rows without a mark in <paramref name="touched"/> have zero moments and get weight decay
    /// only.
    /// </summary>
    internal void AddRows(
        float* parameter,
        float* gradient,
        float* first,
        float* second,
        int rows,
        int columns,
        ReadOnlyMemory<int> rowOf,
        ReadOnlyMemory<bool> touched,
        in AdamWStep step
    )
    {
        var s = new AdamWKernel.Constants(step);
        var decays = step.WeightDecay != 0;
        var some = Math.Max(1, Piece / Math.Max(1, columns));
        for (var from = 0; from < rows; from += some)
        {
            int begin = from,
                end = Math.Min(rows, from + some);
            _pieces.Add(() =>
            {
                var map = rowOf.Span;
                var seen = touched.Span;
                for (var r = begin; r < end; r++)
                {
                    var offset = (long)r * columns;
                    // With epsilon 0 these rows compute 0 / 0 as in the reference, so they cannot
                    // be skipped.
                    if (!seen[r] && s.Epsilon > 0)
                    {
                        if (decays)
                            AdamWKernel.Decay(parameter + offset, columns, s.Decay);
                        continue;
                    }
                    var g = map[r] < 0 ? null : gradient + ((long)map[r] * columns);
                    AdamWKernel.Range(parameter + offset, g, first + offset, second + offset, 0, columns, s);
                }
            });
        }
    }

    /// <summary>Runs all updates.</summary>
    internal void Run() => TorchParallel.ForEach(_pieces.Count, piece => _pieces[piece]());
}
