// The erf GELU on vectors: one approximation for all paths, so that fused, compiled and padded
// layers agree.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RobustTickets.Kernels.Activation;

/// <summary>GELU with the erf approximation of Abramowitz and Stegun.</summary>
internal static class GeluMath
{
    /// <summary>x (1 + erf(x / sqrt 2)) / 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Gelu(Vector256<float> x) => Gelu(x, NormalTail(x).Tail);

    /// <summary>
    /// GELU from 1 - erf(|x| / sqrt 2). For x below zero it is x tail / 2, without the cancellation
    /// of 1 - (1 - tail).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Gelu(Vector256<float> x, Vector256<float> tail)
    {
        var half = x * Vector256.Create(0.5f);
        return Vector256.ConditionalSelect(
            Vector256.LessThan(x, Vector256<float>.Zero),
            half * tail,
            half * (Vector256.Create(2f) - tail)
        );
    }

    /// <summary>
    /// 1 - erf(|x| / sqrt 2) after Abramowitz and Stegun 7.1.26 (absolute error below 2e-7), and
    /// exp(-x^2 / 2).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (Vector256<float> Tail, Vector256<float> Exponential) NormalTail(Vector256<float> x)
    {
        var z = x * Vector256.Create(0.70710678118654752f);
        var magnitude = Vector256.Abs(z);
        var t =
            Vector256<float>.One
            / Vector256.FusedMultiplyAdd(Vector256.Create(0.3275911f), magnitude, Vector256<float>.One);
        var polynomial = Vector256.Create(1.061405429f);
        polynomial = Vector256.FusedMultiplyAdd(polynomial, t, Vector256.Create(-1.453152027f));
        polynomial = Vector256.FusedMultiplyAdd(polynomial, t, Vector256.Create(1.421413741f));
        polynomial = Vector256.FusedMultiplyAdd(polynomial, t, Vector256.Create(-0.284496736f));
        polynomial = Vector256.FusedMultiplyAdd(polynomial, t, Vector256.Create(0.254829592f));
        var exponential = VectorMath.Exp(-(magnitude * magnitude));
        return (polynomial * t * exponential, exponential);
    }
}
