// Rows times a bfloat16 matrix against sums over the rounded factors in double precision at every width; and the promise that a row depends on no other row and on no thread.
using RobustTickets.Torch.Kernels;
using Xunit;

namespace RobustTickets.Torch.Tests.Kernels;

public sealed class HalfMatrixTests : IClassFixture<OneThread>
{
    [Fact]
    public void Every_width_depth_and_number_of_rows_is_the_sum_over_rounded_factors()
    {
        if (Refused()) return;
        for (var n = 1; n <= 70; n++)
        {
            var k = 1 + (n * 37 % 71);
            var random = new Random(n);
            using var scope = torch.scope();
            var weight = torch.tensor<float>(Numbers.Normal(random, n * k), n, k);
            var bias = torch.tensor<float>(Numbers.Normal(random, n), n);
            using var half = new HalfMatrix(weight, bias);
            foreach (var rows in new[] { 1, 5, 12, 19, 97 })
            {
                var x = torch.tensor<float>(Numbers.Normal(random, rows * k), rows, k);
                var around = torch.full([rows + 2, n], 777);
                half.Linear(HalfMatrix.Rounded(x), around.narrow(0, 1, rows));
                var (found, a, w, b) = (around.to_array(), x.to_array(), weight.to_array(), bias.to_array());
                Assert.All(found[..n].Concat(found[^n..]), v => Assert.Equal(777f, v));
                for (var i = 0; i < rows; i++)
                {
                    for (var j = 0; j < n; j++)
                    {
                        var exact = (double)b[j];
                        for (var q = 0; q < k; q++) exact += (double)BFloat16.Widen(BFloat16.Round(a[(i * k) + q])) * BFloat16.Widen(BFloat16.Round(w[(j * k) + q]));
                        if (Math.Abs(exact - found[((i + 1) * n) + j]) > 1e-4) Assert.Fail($"[{n}, {k}], row {i} of {rows}, output {j}: {found[((i + 1) * n) + j]:R}, exactly {exact:R}");
                    }
                }
            }
        }
    }

    [Fact]
    public void Gelu_is_rounded_in_the_same_pass_and_odd_widths_end_in_a_zero()
    {
        var random = new Random(6);
        foreach (var width in new[] { 1, 2, 7, 16, 30, 33 })
        {
            using var scope = torch.scope();
            var values = Numbers.Normal(random, 5 * width);
            var x = torch.tensor<float>(values, 5, width);
            var activated = x.clone();
            InferenceKernels.Gelu(activated);
            var found = HalfMatrix.RoundedGelu(x.clone()).span<ushort>().ToArray();
            Assert.Equal(HalfMatrix.Rounded(activated).span<ushort>().ToArray(), found);
            Assert.Equal(5 * HalfMatrix.RoundedColumns(width), found.Length);
            if (width % 2 == 1) Assert.All(Enumerable.Range(1, 5), r => Assert.Equal(0, found[(r * (width + 1)) - 1]));
        }
    }

    [Fact]
    public void A_row_depends_on_no_other_row_and_on_no_thread()
    {
        if (Refused()) return;
        var random = new Random(1);
        using var weight = torch.tensor<float>(Numbers.Normal(random, 200 * 90), 200, 90);
        using var bias = torch.tensor<float>(Numbers.Normal(random, 200), 200);
        using var x = torch.tensor<float>(Numbers.Normal(random, 300 * 90), 300, 90);
        using var half = new HalfMatrix(weight, bias);
        var expected = Run(x);
        Assert.Equal(expected, Numbers.OnThreads(2, () => Run(x)));
        for (var first = 0; first < 300;)
        {
            var rows = Math.Min(1 + random.Next(40), 300 - first);
            using var part = x.narrow(0, first, rows);
            Assert.Equal(expected[(first * 200)..((first + rows) * 200)], Run(part));
            first += rows;
        }

        float[] Run(Tensor rows)
        {
            using var y = torch.empty([rows.size(0), 200]);
            using var rounded = HalfMatrix.Rounded(rows);
            half.Linear(rounded, y);
            return y.to_array();
        }
    }

    /// <summary>Where the processor has no such instruction the matrix is refused with the reason.</summary>
    private static bool Refused()
    {
        if (HalfMatrix.WhyNot() is not { } reason) return false;
        using var one = torch.ones([1, 1]);
        Assert.Equal(reason, Assert.Throws<NotSupportedException>(() => new HalfMatrix(one, one)).Message);
        return true;
    }
}
