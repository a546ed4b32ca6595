// float32 <-> bfloat16 by integer shifts, round to nearest even: .NET 10 has neither the type nor
// the instruction. Matrix products in bfloat16 use oneDNN.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Dense;

/// <summary>Conversions over raw memory.</summary>
internal static unsafe class BFloat16
{
    /// <summary>
    /// target[i] = source[i] rounded to the nearest bfloat16, ties to even; NaN stays NaN, overflow
    /// becomes infinity.
    /// </summary>
    internal static void Round(float* source, ushort* target, long count)
    {
        using var clock = KernelClock.In(KernelPart.ElementWise);
        TorchParallel.For(count, 1 << 15, (begin, end) => Range(source, target, begin, end));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Range(float* source, ushort* target, long begin, long end)
    {
        var i = begin;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i + 16 <= end; i += 16)
                Vector256
                    .Narrow(Round(Vector256.Load(source + i)), Round(Vector256.Load(source + i + 8)))
                    .Store(target + i);
        }
        for (; i < end; i++)
            target[i] = Round(source[i]);
    }

    /// <summary>The 16 bits of each lane's nearest bfloat16, in the low half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<uint> Round(Vector256<float> x)
    {
        var bits = x.AsUInt32();
        var rounded = (bits + Vector256.Create(0x7fffu) + ((bits >>> 16) & Vector256<uint>.One)) >>> 16;
        var quiet = (bits >>> 16) | Vector256.Create(0x40u);
        return Vector256.ConditionalSelect(Vector256.Equals(x, x).AsUInt32(), rounded, quiet);
    }

    /// <summary>Rounds one value.</summary>
    internal static ushort Round(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        return (ushort)(float.IsNaN(x) ? (bits >> 16) | 0x40 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Converts 16 bits to float.</summary>
    internal static float Widen(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
