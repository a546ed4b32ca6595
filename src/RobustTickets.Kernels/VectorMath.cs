using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RobustTickets.Kernels;

/// <summary>
/// Single-precision functions on eight lanes; .NET's own vector functions compute in double
/// precision internally.
/// </summary>
internal static class VectorMath
{
    /// <summary>
    /// exp(x) for x up to 88, relative error below 2e-7: x = n ln 2 + r with |r| at most ln 2 / 2,
    /// a polynomial of degree 6 in r, and n added to the exponent. Below -87 (and for
    /// negative infinity) the result is 0; NaN stays NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Exp(Vector256<float> x)
    {
        var n = Vector256.Round(x * Vector256.Create(1.44269504088896341f));
        var r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-0.693359375f), x);
        r = Vector256.FusedMultiplyAdd(n, Vector256.Create(2.12194440e-4f), r);
        var p = Vector256.Create(1.9875691500e-4f);
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.3981999507e-3f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(8.3334519073e-3f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(4.1665795894e-2f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.6666665459e-1f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(5.0000001201e-1f));
        p = Vector256.FusedMultiplyAdd(p, r * r, r + Vector256<float>.One);
        var scaled = (p.AsInt32() + (Vector256.ConvertToInt32(n) << 23)).AsSingle();
        var vanishes = Vector256.LessThan(x, Vector256.Create(-87f));
        var unordered = ~Vector256.Equals(x, x);
        return Vector256.ConditionalSelect(unordered, x, Vector256.AndNot(scaled, vanishes));
    }

    /// <summary>1 / sqrt(variance + epsilon) of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static unsafe float InverseDeviation(float* row, float mean, double epsilon, int width)
    {
        var centre = Vector256.Create(mean);
        var squares = Vector256<float>.Zero;
        var j = 0;
        for (; j + 8 <= width; j += 8)
        {
            var d = Vector256.Load(row + j) - centre;
            squares = Vector256.FusedMultiplyAdd(d, d, squares);
        }
        var square = Vector256.Sum(squares);
        for (; j < width; j++)
            square += (row[j] - mean) * (row[j] - mean);
        return (float)(1.0 / Math.Sqrt((square / width) + epsilon));
    }
}
