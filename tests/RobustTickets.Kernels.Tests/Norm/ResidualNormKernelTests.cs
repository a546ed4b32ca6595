// Residual norms on numbers that are no ordinary ones, from misaligned starts, against a scalar
// statement in double precision; no memory around the rows is written.
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Norm;
using RobustTickets.Kernels.Randomness;
using Xunit;

namespace RobustTickets.Kernels.Tests.Norm;

public sealed unsafe class ResidualNormKernelTests : IClassFixture<OneThread>
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

    public static TheoryData<bool, bool> NormKinds() =>
        new TheoryData<bool, bool>
        {
            { false, false },
            { false, true },
            { true, false },
            { true, true },
        };

    [SkippableTheory]
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
}
