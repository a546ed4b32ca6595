// Fixed masks with one bit per weight: y = W if the bit is set, otherwise exactly 0. Bit i of a
// matrix is bit i mod 64 of word i / 64, in row-major order.
using System.Runtime.Intrinsics;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Masks;

/// <summary>Masks with one bit per weight.</summary>
internal static unsafe class BinaryMaskKernel
{
    /// <summary>Number of words for <paramref name="count"/> bits.</summary>
    public static int Words(long count) => checked((int)((count + 63) / 64));

    /// <summary>
    /// Copies the kept elements of <paramref name="source"/> and writes 0 elsewhere; both have the
    /// mask's number of elements and may be the same tensor.
    /// </summary>
    public static void Apply(Tensor source, ReadOnlyMemory<ulong> bits, Tensor target)
    {
        var n = source.numel;
        if (bits.Length != Words(n) || target.numel != n)
            throw new ArgumentException(
                $"a mask of {bits.Length} words and a target of {target.numel} elements do not fit {n} weights"
            );
        float* from = (float*)source.data_ptr,
            to = (float*)target.data_ptr;
        TorchParallel.For(
            bits.Length,
            512,
            (begin, end) =>
            {
                var words = bits.Span;
                var lanes = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128);
                for (var word = (int)begin; word < end; word++)
                {
                    var mask = words[word];
                    long at = word * 64L,
                        last = Math.Min(n, at + 64);
                    for (; at + 8 <= last; at += 8, mask >>= 8)
                    {
                        var kept = Vector256.Equals(Vector256.Create((int)(mask & 0xff)) & lanes, lanes).AsSingle();
                        (Vector256.Load(from + at) & kept).Store(to + at);
                    }
                    for (; at < last; at++, mask >>= 1)
                        to[at] = (mask & 1) != 0 ? from[at] : 0f;
                }
            }
        );
    }
}
