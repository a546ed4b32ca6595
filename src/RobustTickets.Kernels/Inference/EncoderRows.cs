using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Inference;

/// <summary>Row and table operations of <see cref="CompiledEncoder"/>.</summary>
internal static unsafe class EncoderRows
{
    /// <summary>Products read bfloat16 in pairs: rows of an odd width end with a zero.</summary>
    internal static void ClearBehind(ushort* rows, long stride, int width, int count)
    {
        if (width % 2 == 0)
            return;
        for (long row = 0; row < count; row++)
            rows[(row * stride) + width] = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Sum(float* a, float* b, float* c, float* target, int width)
    {
        var j = 0;
        for (; j + 8 <= width; j += 8)
            (Vector256.Load(a + j) + Vector256.Load(b + j) + Vector256.Load(c + j)).Store(target + j);
        for (; j < width; j++)
            target[j] = a[j] + b[j] + c[j];
    }

    internal static void Check(long[] indices, Tensor table, string what)
    {
        var rows = table.size(0);
        for (var i = 0; i < indices.Length; i++)
        {
            if ((ulong)indices[i] >= (ulong)rows)
                throw new ArgumentOutOfRangeException(
                    nameof(indices),
                    indices[i],
                    $"{what} {indices[i]} at row {i} of the batch: the table has {rows} rows"
                );
        }
    }

    internal static float[]? Pinned(Tensor? values, int times)
    {
        if (values is null)
            return null;
        var source = values.to_array();
        var pinned = GC.AllocateUninitializedArray<float>(Math.Max(1, source.Length * times), pinned: true);
        for (var i = 0; i < source.Length * times; i++)
            pinned[i] = source[i / times];
        return pinned;
    }

    internal static float* Pointer(float[]? pinned) => pinned is null ? null : (float*)Unsafe.AsPointer(ref pinned[0]);

    /// <summary>
    /// Runs a body for each row: on this thread if <paramref name="serial"/>, otherwise on all
    /// threads.
    /// </summary>
    internal static void ForEach(int rows, int width, bool serial, Action<long> body)
    {
        if (serial)
            for (long row = 0; row < rows; row++)
                body(row);
        else
        {
            TorchParallel.For(
                rows,
                Math.Max(1, 16384 / width),
                (begin, end) =>
                {
                    for (var row = begin; row < end; row++)
                        body(row);
                }
            );
        }
    }
}
