// Norm and activation kernels on numbers that are no ordinary ones, from misaligned starts, against
// a scalar statement in double precision; nothing beside the rows is written.
using System.Runtime.Intrinsics;
using RobustTickets.Kernels.Activation;
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Norm;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Layers;

public sealed unsafe class FusedKernelSpecialsTests : IClassFixture<OneThread>
{
    private const float Untouched = 777;

    [Fact]
    public void Norm_of_every_width_and_start_is_that_of_the_formula_and_writes_nothing_else()
    {
        for (var width = 1; width <= 64; width++)
        {
            var random = new Random(width);
            const int rows = 3,
                shift = 3; // 12 bytes off any vector's alignment
            var count = rows * width;
            float[] x = Numbers.Zeros(count + 8),
                y = Numbers.Zeros(count + 8),
                residual = Numbers.Normal(random, count + 8),
                inverse = Numbers.Zeros(rows);
            Array.Fill(x, Untouched);
            Array.Fill(y, Untouched);
            var given = Numbers.Normal(random, count);
            given.CopyTo(x, shift);
            float[] bias = Numbers.Normal(random, width),
                gamma = Numbers.Normal(random, width),
                beta = Numbers.Normal(random, width);
            ResidualNormKernel.Forward(
                Numbers.At(x, shift),
                Numbers.At(bias),
                Numbers.At(residual, 1),
                default,
                0,
                Numbers.At(gamma),
                Numbers.At(beta),
                1e-5,
                Numbers.At(y, shift),
                Numbers.At(inverse),
                rows,
                width
            );
            foreach (var around in new[] { x, y })
            {
                Assert.All(around[..shift], v => Assert.Equal(Untouched, v));
                Assert.All(around[(shift + count)..], v => Assert.Equal(Untouched, v));
            }
            for (var r = 0; r < rows; r++)
            {
                var row = Enumerable
                    .Range(0, width)
                    .Select(j => (double)given[(r * width) + j] + bias[j] + residual[1 + (r * width) + j])
                    .ToArray();
                var mean = row.Average();
                var deviation = Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + 1e-5);
                for (var j = 0; j < width; j++)
                {
                    Assert.Equal((row[j] - mean) / deviation, x[shift + (r * width) + j], 1e-4);
                    Assert.Equal(((row[j] - mean) / deviation * gamma[j]) + beta[j], y[shift + (r * width) + j], 1e-4);
                }
            }
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_number_that_is_none_spoils_its_own_row_alone(float bad)
    {
        const int rows = 5,
            width = 37;
        var random = new Random(1);
        float[] x = Numbers.Normal(random, rows * width),
            residual = Numbers.Normal(random, rows * width),
            y = Numbers.Zeros(rows * width),
            inverse = Numbers.Zeros(rows);
        float[] ones = Numbers.Zeros(width),
            zeros = Numbers.Zeros(width);
        Array.Fill(ones, 1f);
        x[(2 * width) + 36] = bad;
        ResidualNormKernel.Forward(
            Numbers.At(x),
            Numbers.At(zeros),
            Numbers.At(residual),
            default,
            0,
            Numbers.At(ones),
            Numbers.At(zeros),
            1e-12,
            Numbers.At(y),
            Numbers.At(inverse),
            rows,
            width
        );
        for (var r = 0; r < rows; r++)
        {
            var row = y[(r * width)..((r + 1) * width)];
            if (r == 2)
                Assert.Contains(row, float.IsNaN);
            else
                Assert.All(row, v => Assert.True(float.IsFinite(v)));
        }
    }

    [Fact]
    public void Equal_entries_and_denormals_have_a_norm_of_zero_and_no_infinity()
    {
        const int width = 19;
        foreach (var value in new[] { 0f, 1e-40f, 3f })
        {
            float[] x = Numbers.Zeros(width),
                y = Numbers.Zeros(width),
                zeros = Numbers.Zeros(width),
                ones = Numbers.Zeros(width),
                inverse = Numbers.Zeros(1);
            Array.Fill(x, value);
            Array.Fill(ones, 1f);
            ResidualNormKernel.Forward(
                Numbers.At(x),
                Numbers.At(zeros),
                Numbers.At(zeros),
                default,
                0,
                Numbers.At(ones),
                Numbers.At(zeros),
                1e-12,
                Numbers.At(y),
                Numbers.At(inverse),
                1,
                width
            );
            Assert.All(y, v => Assert.True(Math.Abs(v) < 0.5, $"{value}: {v}"));
        }
    }

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
            var half = new ushort[(2 * width) + 4];
            Array.Fill(a, Untouched);
            Array.Fill(half, (ushort)0x1234);
            GeluKernel.Forward(
                Numbers.At(z, 1),
                Numbers.At(bias, 1),
                Numbers.At(c),
                Numbers.At(a, 3),
                null,
                width,
                new ResultPart(0, 2, 0, width)
            );
            fixed (ushort* h = half)
                GeluKernel.Forward(
                    Numbers.At(z, 1),
                    Numbers.At(bias, 1),
                    Numbers.At(c),
                    null,
                    h + 3,
                    width,
                    new ResultPart(0, 2, 0, width)
                );
            for (var i = 0; i < a.Length; i++)
            {
                var inside = i >= 3 && i < 3 + (2 * width);
                var j = inside ? (i - 3) % width : 0;
                var expected = inside
                    ? GeluMath.Gelu(Vector256.Create(z[1 + i - 3] + bias[1 + j]))[0] * c[j]
                    : Untouched;
                Assert.Equal(expected, a[i]);
                Assert.Equal(inside ? BFloat16.Round(expected) : (ushort)0x1234, half[i]);
            }
        }
    }

    [Fact]
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

    public static TheoryData<bool, bool> NormKinds() =>
        new TheoryData<bool, bool>
        {
            { false, false },
            { false, true },
            { true, false },
            { true, true },
        };

    [Theory]
    [MemberData(nameof(NormKinds))]
    public void Native_and_managed_norms_are_the_same_bits_at_every_tail_start_and_kind_of_number(
        bool dropout,
        bool specials
    )
    {
        foreach (var width in Enumerable.Range(1, 80).Append(768).Append(769))
        {
            // Rows of fewer and more than one block, and of groups that the native form takes
            // together with some left over.
            foreach (var rows in width % 8 == 5 ? new[] { 1, 2, 3, 47 } : [39])
            {
                var (native, managed) = Numbers.BothWays(() => Norm(rows, width, dropout, specials));
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
        ushort[] half = GC.AllocateArray<ushort>(count, pinned: true),
            halfGradient = GC.AllocateArray<ushort>(count, pinned: true);
        Array.Fill(forward, Untouched);
        Array.Fill(half, (ushort)0x1234);
        var factors = coefficients ? Numbers.At(c, 2) : null;
        using var sums = new ColumnSums(rows, 2, width);
        using var halfSums = new ColumnSums(rows, 2, width);
        // Rows from a block on, columns from a few on: what a thread gets.
        foreach (
            var part in new[]
            {
                new ResultPart(32, rows - 32, width / 3, width - (width / 3)),
                new ResultPart(0, 32, 0, width),
            }
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
                (ushort*)Numbers.Address(half) + 3,
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
            .. half.Select(h => (uint)h),
            .. halfGradient.Select(h => (uint)h),
        ];
    }

    /// <summary>
    /// The bits that forward and backward of the norm leave, column sums of every block and what
    /// lies around included: from misaligned starts, into other memory and in place.
    /// </summary>
    private static List<uint> Norm(int rows, int width, bool dropout, bool specials)
    {
        const int around = 9;
        var random = new Random((rows * 1000) + width);
        var count = rows * width;
        float[] x = Numbers.Normal(random, count + around, 3),
            residual = Numbers.Normal(random, count + around),
            dy = Numbers.Normal(random, count + around);
        float[] bias = Numbers.Normal(random, width + 1),
            gamma = Numbers.Normal(random, width + 3),
            beta = Numbers.Normal(random, width + 2);
        for (var r = 0; specials && r < rows; r++)
        {
            // One kind a row, and rows of one number: what a bad one leaves of its row is little,
            // and every kind must be seen.
            var (first, one) = (r * width, Numbers.Specials[r % Numbers.Specials.Count]);
            if (r % 3 == 0)
                x.AsSpan(first + 1, width).Fill(one);
            if (r % 3 == 0 && r % 2 == 0)
                residual.AsSpan(first + 2, width).Fill(-one);
            if (r % 3 == 1)
                x[1 + first + (r * 13 % width)] = one;
            if (r % 3 == 2)
                dy[2 + first + (r * 29 % width)] = one;
        }
        var keys = dropout
            ? Enumerable.Range(0, rows + 1).Select(r => RandomKey.FromSeed(width).Derive(r)).ToArray().AsMemory(1)
            : default;
        // What is drawn for an element of the first row is the very threshold.
        var probability = dropout ? (keys.Span[0].Bits((uint)(width / 2)) >> 8) / (double)(1 << 24) : 0;
        float[] y = Numbers.Zeros(count + around),
            dx = Numbers.Zeros(count + around),
            again = Numbers.Zeros(count + around),
            dResidual = Numbers.Zeros(count + around);
        foreach (var target in new[] { y, dx, again, dResidual })
            Array.Fill(target, Untouched);
        var inverse = Numbers.Zeros(rows + 2);
        ResidualNormKernel.Forward(
            Numbers.At(x, 1),
            Numbers.At(bias, 1),
            Numbers.At(residual, 2),
            keys,
            probability,
            Numbers.At(gamma, 3),
            Numbers.At(beta, 2),
            1e-12,
            Numbers.At(y, 3),
            Numbers.At(inverse, 1),
            rows,
            width
        );
        var found = new List<float>([.. x, .. y, .. inverse]);
        foreach (var target in new[] { Numbers.At(dx, 5), Numbers.At(dy, 2) })
        {
            using var sums = ResidualNormKernel.Backward(
                Numbers.At(dy, 2),
                Numbers.At(x, 1),
                Numbers.At(inverse, 1),
                keys,
                probability,
                Numbers.At(gamma, 3),
                target,
                Numbers.At(target == Numbers.At(dy, 2) ? again : dResidual, 7),
                rows,
                width
            );
            for (var block = 0; block * ColumnSums.Rows < rows; block++)
            {
                for (var set = 0; set < 3; set++)
                    found.AddRange(new ReadOnlySpan<float>(sums.At(block, set), width));
            }
        }
        found.AddRange([.. dx, .. dy, .. again, .. dResidual, .. residual, .. bias, .. gamma, .. beta]);
        // As for activations, all kinds of no number are one.
        return [.. found.Select(v => float.IsNaN(v) ? uint.MaxValue : BitConverter.SingleToUInt32Bits(v))];
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
