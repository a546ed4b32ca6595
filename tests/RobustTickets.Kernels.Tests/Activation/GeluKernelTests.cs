// GELU on numbers that are no ordinary ones, from misaligned starts, against a scalar statement in
// double precision; no memory around the rows is written.
using System.Runtime.Intrinsics;
using RobustTickets.Kernels.Activation;
using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Activation;

public sealed unsafe class GeluKernelTests : IClassFixture<OneThread>
{
    private const float Untouched = 777;

    [Fact]
    public void The_slope_of_gelu_is_within_2e_6_of_the_formula_and_finite_where_it_should_be()
    {
        for (var i = -8000; i <= 8000; i++)
        {
            var x = i / 1000f;
            var (value, slope) = GeluKernel.GeluAndSlope(Vector256.Create(x));
            // Central difference of the value in double precision by the series of erf.
            var exact = (Phi(x) + (x * Math.Exp(-x * (double)x / 2) / Math.Sqrt(2 * Math.PI)));
            Assert.True(Math.Abs(exact - slope[3]) < 2e-6, $"slope at {x}: {slope[3]:R}, exactly {exact:R}");
            Assert.Equal(GeluMath.Gelu(Vector256.Create(x))[0], value[5], 1e-6f);
        }
        foreach (
            var (x, slope) in new[]
            {
                (1e30f, 1f),
                (-1e30f, 0f),
                (40f, 1f),
                (-40f, 0f),
                (float.PositiveInfinity, 1f),
                (1e-40f, 0.5f),
                (0f, 0.5f),
            }
        )
        {
            Assert.Equal(slope, GeluKernel.GeluAndSlope(Vector256.Create(x)).Slope[0], 1e-6f);
        }
        Assert.True(float.IsNaN(GeluKernel.GeluAndSlope(Vector256.Create(float.NaN)).Slope[0]));
    }

    [Fact]
    public void Activation_of_every_width_and_start_is_that_of_its_lanes_and_writes_nothing_else()
    {
        for (var width = 1; width <= 64; width++)
        {
            var random = new Random(width);
            float[] z = Numbers.Normal(random, (2 * width) + 4),
                bias = Numbers.Normal(random, width + 1),
                c = Numbers.Normal(random, width),
                a = Numbers.Zeros((2 * width) + 4);
            var bf16 = new ushort[(2 * width) + 4];
            Array.Fill(a, Untouched);
            Array.Fill(bf16, (ushort)0x1234);
            GeluKernel.Forward(
                Numbers.At(z, 1),
                Numbers.At(bias, 1),
                Numbers.At(c),
                Numbers.At(a, 3),
                null,
                width,
                new Tile(0, 2, 0, width)
            );
            fixed (ushort* h = bf16)
                GeluKernel.Forward(
                    Numbers.At(z, 1),
                    Numbers.At(bias, 1),
                    Numbers.At(c),
                    null,
                    h + 3,
                    width,
                    new Tile(0, 2, 0, width)
                );
            for (var i = 0; i < a.Length; i++)
            {
                var inside = i >= 3 && i < 3 + (2 * width);
                var j = inside ? (i - 3) % width : 0;
                var expected = inside
                    ? GeluMath.Gelu(Vector256.Create(z[1 + i - 3] + bias[1 + j]))[0] * c[j]
                    : Untouched;
                Assert.Equal(expected, a[i]);
                Assert.Equal(inside ? BFloat16.Round(expected) : (ushort)0x1234, bf16[i]);
            }
        }
    }

    [SkippableFact]
    public void Native_and_managed_activations_are_the_same_bits_at_every_tail_start_and_kind_of_number()
    {
        for (var width = 1; width <= 70; width++)
        {
            foreach (var coefficients in new[] { false, true })
            {
                var (native, managed) = Numbers.BothWays(() => Activation(width, coefficients));
                Assert.Equal(managed, native);
            }
        }
    }

    /// <summary>
    /// The bits that forward and backward of 67 rows leave, what lies around them included: from
    /// misaligned starts, a part of the columns, special numbers among the rest.
    /// </summary>
    private static List<uint> Activation(int width, bool coefficients)
    {
        const int rows = 67,
            around = 5;
        var random = new Random(width);
        var count = (rows * width) + around;
        float[] z = Numbers.Normal(random, count, 3),
            given = Numbers.Normal(random, count),
            bias = Numbers.Normal(random, width + 1),
            c = Numbers.Normal(random, width + 2);
        for (var s = 0; s < Numbers.Specials.Count; s++)
            (z[1 + (s * 13 % (rows * width))], given[2 + (s * 29 % (rows * width))]) = (
                Numbers.Specials[s],
                Numbers.Specials[^(s + 1)]
            );
        float[] forward = Numbers.Zeros(count),
            again = Numbers.Zeros(count),
            gradient = Numbers.Copy(given);
        ushort[] bf16 = GC.AllocateArray<ushort>(count, pinned: true),
            halfGradient = GC.AllocateArray<ushort>(count, pinned: true);
        Array.Fill(forward, Untouched);
        Array.Fill(bf16, (ushort)0x1234);
        var factors = coefficients ? Numbers.At(c, 2) : null;
        using var sums = new ColumnSums(rows, 2, width);
        using var halfSums = new ColumnSums(rows, 2, width);
        // Rows from a block on, columns from a few on: what a thread gets.
        foreach (
            var part in new[] { new Tile(32, rows - 32, width / 3, width - (width / 3)), new Tile(0, 32, 0, width) }
        )
        {
            GeluKernel.Forward(
                Numbers.At(z, 1),
                Numbers.At(bias, 1),
                factors,
                Numbers.At(forward, 3),
                null,
                width,
                part
            );
            GeluKernel.Backward(
                Numbers.At(z, 1),
                Numbers.At(bias, 1),
                factors,
                Numbers.At(gradient, 2),
                Numbers.At(again, 4),
                null,
                null,
                width,
                sums,
                part
            );
            GeluKernel.Backward(
                Numbers.At(z, 1),
                Numbers.At(bias, 1),
                factors,
                Numbers.At(given, 2),
                null,
                (ushort*)Numbers.Address(bf16) + 3,
                (ushort*)Numbers.Address(halfGradient) + 1,
                width,
                halfSums,
                part
            );
        }
        using var scope = torch.scope();
        float[] found =
        [
            .. forward,
            .. again,
            .. gradient,
            .. given,
            .. sums.Total(0).to_array(),
            .. sums.Total(1).to_array(),
            .. halfSums.Total(0).to_array(),
            .. halfSums.Total(1).to_array(),
        ];
        // All kinds of no number are one: which of two a sum keeps is the compiler's choice of
        // operand order.
        return
        [
            .. found.Select(v => float.IsNaN(v) ? uint.MaxValue : BitConverter.SingleToUInt32Bits(v)),
            .. bf16.Select(h => (uint)h),
            .. halfGradient.Select(h => (uint)h),
        ];
    }

    private static double Phi(double x)
    {
        var z = x / Math.Sqrt(2);
        if (Math.Abs(z) > 6)
            return z > 0 ? 1 : 0;
        var (term, sum) = (z, z);
        for (var n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum) && term != 0; n++)
            sum += term *= 2 * z * z / ((2 * n) + 1);
        return 0.5 * (1 + (2 / Math.Sqrt(Math.PI) * Math.Exp(-z * z) * sum));
    }
}
