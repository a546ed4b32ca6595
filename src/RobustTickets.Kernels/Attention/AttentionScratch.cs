using System.Runtime.InteropServices;

namespace RobustTickets.Kernels.Attention;

/// <summary>
/// Scratch memory of one thread: a table of probabilities, its dropped form, its mask, its
/// gradient, and one transposed operand with some extra rows for the native form.
/// </summary>
internal readonly unsafe struct AttentionScratch
{
    private const int RowsAtOnce = 8;

    internal readonly float* Memory;
    internal readonly float* Probabilities;
    internal readonly float* Gradient;
    internal readonly float* Dropped;
    internal readonly float* Mask;
    internal readonly float* Transposed;

    internal AttentionScratch(AttentionLayout layout, int headSize)
    {
        int queries = 1,
            keys = 8;
        for (var s = 0; s < layout.Count; s++)
        {
            queries = Math.Max(queries, layout.QueryOffsets[s + 1] - layout.QueryOffsets[s]);
            keys = Math.Max(keys, PackedAttentionKernel.Padded(layout.KeyOffsets[s + 1] - layout.KeyOffsets[s]));
        }
        var table = (long)queries * keys;
        Memory = (float*)NativeMemory.AlignedAlloc((nuint)(((4 * table) + Native(keys, headSize)) * sizeof(float)), 64);
        var memory = Memory;
        Probabilities = memory;
        Dropped = memory + table;
        Mask = memory + (2 * table);
        Gradient = memory + (3 * table);
        Transposed = memory + (4 * table);
    }

    /// <summary>
    /// Floats that the native forms need for a sequence with this many keys: transposed keys, and a
    /// few rows of scores.
    /// </summary>
    internal static long Native(int keys, int width) => (RoundUp16(width) + RowsAtOnce) * RoundUp16(keys);

    private static long RoundUp16(int count) => (count + 15) & ~15;

    internal void Free() => NativeMemory.AlignedFree(Memory);
}
