using RobustTickets.Kernels.Dense;
using Xunit;

namespace RobustTickets.Kernels.Tests.Dense;

/// <summary>
/// The small product against three nested loops. Each element is summed over k in order with fused
/// rounding, so the two agree bit for bit.
/// </summary>
public sealed unsafe class SmallGemmTests
{
    private const float Untouched = 12345f;

    [Fact]
    public void Every_size_up_to_70_equals_the_loops_bit_for_bit()
    {
        var random = new Random(1);
        for (var size = 1; size <= 70; size++)
        {
            // Each dimension takes the size in turn; the other two are anything.
            Check(random, size, random.Next(1, 71), random.Next(1, 71));
            Check(random, random.Next(1, 71), size, random.Next(1, 71));
            Check(random, random.Next(1, 71), random.Next(1, 71), size);
        }
    }

    [Fact]
    public void An_empty_inner_dimension_gives_zeros_or_leaves_the_sum()
    {
        var c = Numbers.Normal(new Random(2), 6);
        var before = (float[])c.Clone();
        var some = Numbers.Zeros(8);
        SmallGemm.Run(2, 3, 0, Numbers.At(some), 1, 1, Numbers.At(some), 3, Numbers.At(c), 3, accumulate: true);
        Assert.Equal(before, c);
        SmallGemm.Run(2, 3, 0, Numbers.At(some), 1, 1, Numbers.At(some), 3, Numbers.At(c), 3);
        Assert.All(c, x => Assert.Equal(0f, x));
    }

    [Theory]
    [InlineData(1, 1, 1, 8)]
    [InlineData(13, 5, 20, 16)]
    [InlineData(70, 64, 64, 72)]
    public void Transposing_fills_what_lies_beyond_with_zeros(int rows, int columns, int stride, int width)
    {
        var source = Numbers.Normal(new Random(3), rows * stride);
        var target = Numbers.Zeros(columns * width);
        Array.Fill(target, Untouched);
        SmallGemm.Transpose(Numbers.At(source), rows, columns, stride, Numbers.At(target), width);
        for (var d = 0; d < columns; d++)
        {
            for (var i = 0; i < width; i++)
                Assert.Equal(i < rows ? source[(i * stride) + d] : 0f, target[(d * width) + i]);
        }
    }

    private static void Check(Random random, int m, int n, int k)
    {
        int ldb = n + random.Next(4),
            ldc = n + random.Next(4),
            lda = k + random.Next(4),
            ldt = m + random.Next(4);
        var transposed = random.Next(2) == 0; // A stored as [k, m], read by columns
        var (ars, acs) = transposed ? (1, ldt) : (lda, 1);
        var a = Numbers.Normal(random, transposed ? k * ldt : m * lda);
        var b = Numbers.Normal(random, k * ldb);
        var c = Numbers.Normal(random, m * ldc);
        var accumulate = random.Next(2) == 0;
        var expected = (float[])c.Clone();
        for (var i = 0; i < m; i++)
        {
            for (var j = 0; j < n; j++)
            {
                var sum = accumulate ? expected[(i * ldc) + j] : 0f;
                for (var p = 0; p < k; p++)
                    sum = MathF.FusedMultiplyAdd(a[(i * ars) + (p * acs)], b[(p * ldb) + j], sum);
                expected[(i * ldc) + j] = sum;
            }
        }
        SmallGemm.Run(m, n, k, Numbers.At(a), ars, acs, Numbers.At(b), ldb, Numbers.At(c), ldc, accumulate);
        Assert.True(
            expected.AsSpan().SequenceEqual(c),
            $"m {m}, n {n}, k {k}, transposed {transposed}, accumulate {accumulate}"
        );
    }
}
