// Rows times a bfloat16 matrix against sums over the rounded factors in double precision at every
// width; and the promise that a row depends on no other row and on no thread.
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Inference;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Inference;

public sealed class PackedWeightBf16Tests : IClassFixture<OneThread>
{
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_width_depth_and_number_of_rows_is_the_sum_over_rounded_factors(bool tiles)
    {
        SkipWhereRefused(tiles);
        for (var n = 1; n <= 70; n++)
        {
            var k = 1 + (n * 37 % 71);
            var random = new Random(n);
            using var scope = torch.scope();
            var weight = torch.tensor<float>(Numbers.Normal(random, n * k), n, k);
            var bias = torch.tensor<float>(Numbers.Normal(random, n), n);
            using var bf16 = new PackedWeightBf16(weight, bias, tiles);
            foreach (var rows in new[] { 1, 5, 12, 16, 19, 97 })
            {
                var x = torch.tensor<float>(Numbers.Normal(random, rows * k), rows, k);
                var around = torch.full([rows + 2, n], 777);
                bf16.Linear(PackedWeightBf16.Rounded(x), around.narrow(0, 1, rows));
                var (found, a, w, b) = (around.to_array(), x.to_array(), weight.to_array(), bias.to_array());
                Assert.All(found[..n].Concat(found[^n..]), v => Assert.Equal(777f, v));
                for (var i = 0; i < rows; i++)
                {
                    for (var j = 0; j < n; j++)
                    {
                        var exact = (double)b[j];
                        for (var q = 0; q < k; q++)
                            exact +=
                                (double)BFloat16.Widen(BFloat16.Round(a[(i * k) + q]))
                                * BFloat16.Widen(BFloat16.Round(w[(j * k) + q]));
                        if (Math.Abs(exact - found[((i + 1) * n) + j]) > 1e-4)
                            Assert.Fail(
                                $"[{n}, {k}], row {i} of {rows}, output {j}: {found[((i + 1) * n) + j]:R}, "
                                    + $"exactly {exact:R}"
                            );
                    }
                }
            }
        }
    }

    // The order of TDPBF16PS, as Intel's manual states it: of every 32 inputs the even and the odd
    // ones are summed apart, then both are added to what came before.
    [SkippableFact]
    public void On_tiles_every_output_is_the_sum_in_the_manuals_order_bit_for_bit()
    {
        SkipWhereRefused(tiles: true);
        foreach (var (n, k, rows) in new[] { (3, 32, 2), (40, 31, 33), (33, 200, 50), (65, 770, 17) })
        {
            var random = new Random(k);
            using var scope = torch.scope();
            float[] w = Numbers.Normal(random, n * k),
                b = Numbers.Normal(random, n),
                a = Numbers.Normal(random, rows * k);
            using var bf16 = new PackedWeightBf16(torch.tensor<float>(w, n, k), torch.tensor<float>(b, n));
            var y = torch.empty([rows, n]);
            bf16.Linear(PackedWeightBf16.Rounded(torch.tensor<float>(a, rows, k)), y);
            var found = y.to_array();
            for (var i = 0; i < rows; i++)
            for (var j = 0; j < n; j++)
            {
                var sum = b[j];
                for (var first = 0; first < k; first += 32)
                {
                    var parts = new float[2];
                    for (var q = first; q < Math.Min(k, first + 32); q++)
                        parts[q % 2] = MathF.FusedMultiplyAdd(
                            BFloat16.Widen(BFloat16.Round(a[(i * k) + q])),
                            BFloat16.Widen(BFloat16.Round(w[(j * k) + q])),
                            parts[q % 2]
                        );
                    sum += parts[0] + parts[1];
                }
                Assert.Equal(sum, found[(i * n) + j]);
            }
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public unsafe void Gelu_coefficients_and_rounding_in_the_product_are_those_of_passes_behind_it(bool tiles)
    {
        SkipWhereRefused(tiles);
        foreach (
            var (n, k, rows) in new[]
            {
                (1, 3, 1),
                (2, 1, 2),
                (7, 16, 5),
                (31, 8, 12),
                (33, 31, 13),
                (64, 5, 25),
                (95, 40, 3),
            }
        )
        {
            using var scope = torch.scope();
            var random = new Random(n);
            var x = torch.tensor<float>(Numbers.Normal(random, rows * k, 2), rows, k);
            var factors = Numbers.Normal(random, n);
            using var matrix = new PackedWeightBf16(
                torch.tensor<float>(Numbers.Normal(random, n * k), n, k),
                torch.tensor<float>(Numbers.Normal(random, n), n),
                tiles
            );
            var plain = torch.empty([rows, n]);
            matrix.Linear(PackedWeightBf16.Rounded(x), plain);
            InferenceKernels.Gelu(plain);
            foreach (var c in new[] { null, factors })
            {
                var expected = plain.to_array();
                if (c is not null)
                    for (var i = 0; i < expected.Length; i++)
                        expected[i] *= c[i % n];
                // Rows lie apart; what is between them stays, but for the zero behind an odd width.
                var (stride, columns) = (n + 5, PackedWeightBf16.RoundedColumns(n));
                var found = GC.AllocateArray<ushort>(rows * stride, pinned: true);
                Array.Fill(found, (ushort)777);
                var rounded = PackedWeightBf16.Rounded(x);
                matrix.Multiply(
                    (void*)rounded.data_ptr,
                    rounded.size(1),
                    rows,
                    new Epilogue(null, (ushort*)Numbers.Address(found), stride, true, c is null ? null : Numbers.At(c)),
                    serial: true
                );
                for (var i = 0; i < found.Length; i++)
                {
                    var (row, column) = (i / stride, i % stride);
                    Assert.Equal(
                        column < n ? BFloat16.Round(expected[(row * n) + column])
                            : column < columns ? (ushort)0
                            : (ushort)777,
                        found[i]
                    );
                }
            }
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_row_depends_on_no_other_row_and_on_no_thread(bool tiles)
    {
        SkipWhereRefused(tiles);
        var random = new Random(1);
        using var weight = torch.tensor<float>(Numbers.Normal(random, 200 * 90), 200, 90);
        using var bias = torch.tensor<float>(Numbers.Normal(random, 200), 200);
        using var x = torch.tensor<float>(Numbers.Normal(random, 300 * 90), 300, 90);
        using var bf16 = new PackedWeightBf16(weight, bias, tiles);
        var expected = Run(x);
        Assert.Equal(expected, Numbers.OnThreads(2, () => Run(x)));
        for (var first = 0; first < 300; )
        {
            var rows = Math.Min(1 + random.Next(40), 300 - first);
            using var part = x.narrow(0, first, rows);
            Assert.Equal(expected[(first * 200)..((first + rows) * 200)], Run(part));
            first += rows;
        }

        float[] Run(Tensor rows)
        {
            using var y = torch.empty([rows.size(0), 200]);
            using var rounded = PackedWeightBf16.Rounded(rows);
            bf16.Linear(rounded, y);
            return y.to_array();
        }
    }

    /// <summary>
    /// Without bfloat16 the refusal is tested, and the rest skipped; so are tiles without AMX.
    /// </summary>
    private static void SkipWhereRefused(bool tiles)
    {
        if (PackedWeightBf16.WhyNot() is not { } reason)
        {
            Skip.If(tiles && !NativeKernels.TilesUsed, "this processor has no tiles (AMX_BF16)");
            return;
        }
        using var one = torch.ones([1, 1]);
        Assert.Equal(reason, Assert.Throws<NotSupportedException>(() => new PackedWeightBf16(one, one)).Message);
        Skip.If(true, reason);
    }
}
