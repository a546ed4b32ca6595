// Argument struct of native/packed_attention.cpp, with the same fields.
using System.Runtime.InteropServices;

namespace RobustTickets.Kernels.Attention;

/// <summary>One head of attention over one sequence.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PackedAttentionTask
{
    /// <summary>[Queries, Width], rows <see cref="Stride"/> elements apart.</summary>
    internal float* Query;

    /// <summary>[Keys, Width], rows <see cref="Stride"/> elements apart.</summary>
    internal float* Key,
        Value;

    /// <summary>Row stride in elements, numbers of query and key rows, and row width.</summary>
    internal long Stride,
        Queries,
        Keys,
        Width;

    /// <summary>1 / sqrt(<see cref="Width"/>).</summary>
    internal float Scale;

    /// <summary>Coefficient of the head.</summary>
    internal float Coefficient;

    /// <summary>
    /// Key of the example, from which keys of queries and <see cref="Head"/> are derived.
    /// </summary>
    internal ulong DropoutKey;

    /// <summary>Index of the head.</summary>
    internal long Head;

    /// <summary>Threshold, out of 2^24, below which a probability is dropped.</summary>
    internal uint DroppedBelow;

    /// <summary>1 / (1 - p), or 0 without dropout.</summary>
    internal float Keeps;

    /// <summary>[Queries, Keys rounded up to 8] probabilities kept for backward, or null.</summary>
    internal float* Table;

    /// <summary>4 tables and (pad16(Width) + 8) pad16(Keys) floats.</summary>
    internal float* Scratch;
}
