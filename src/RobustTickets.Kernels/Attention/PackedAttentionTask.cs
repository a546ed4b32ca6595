// The task of native/packed_attention.cpp, field for field.
using System.Runtime.InteropServices;

namespace RobustTickets.Kernels.Attention;

/// <summary>One head of attention over one sequence.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PackedAttentionTask
{
    /// <summary>[Queries, Width], rows <see cref="Stride"/> elements apart.</summary>
    internal float* Query;

    /// <summary>[Keys, Width], likewise.</summary>
    internal float* Key,
        Value;

    /// <summary>Elements from row to row, rows of either kind, and elements of one.</summary>
    internal long Stride,
        Queries,
        Keys,
        Width;

    /// <summary>1 / sqrt(<see cref="Width"/>).</summary>
    internal float Scale;

    /// <summary>Factor of the context.</summary>
    internal float Coefficient;

    /// <summary>Key of the example; query and <see cref="Head"/> are derived from it.</summary>
    internal ulong DropoutKey;

    /// <summary>Index of the head.</summary>
    internal long Head;

    /// <summary>Threshold of 2^24 below which a probability is dropped.</summary>
    internal uint DroppedBelow;

    /// <summary>1 / (1 - p), or 0 where nothing is dropped.</summary>
    internal float Keeps;

    /// <summary>
    /// [Queries, Keys rounded up to 8] probabilities that forward leaves to backward, or null.
    /// </summary>
    internal float* Table;

    /// <summary>4 tables and (pad16(Width) + 8) pad16(Keys) floats.</summary>
    internal float* Scratch;
}
