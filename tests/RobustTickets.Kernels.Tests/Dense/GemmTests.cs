// Products against sums in double precision, both libraries behind them, every combination of
// transposes; bfloat16 rounding bit for bit.
using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Dense;

public sealed unsafe class GemmTests : IClassFixture<OneThread>, IDisposable
{
    public void Dispose()
    {
        Gemm.PlainBlas = false;
        torch.set_num_threads(1); // as the class found it
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Products_equal_sums_in_double_precision(bool plain)
    {
        Gemm.PlainBlas = plain;
        var random = new Random(1);
        for (var round = 0; round < 80; round++)
        {
            int m = random.Next(1, 64),
                n = random.Next(1, 64),
                k = random.Next(0, 64);
            bool ta = random.Next(2) == 1,
                tb = random.Next(2) == 1;
            var beta = random.Next(2);
            float[] a = Numbers.Normal(random, m * k),
                b = Numbers.Normal(random, k * n);
            var c = beta == 0 ? Numbers.Zeros(m * n) : Numbers.Normal(random, m * n);
            if (beta == 0)
                Array.Fill(c, float.NaN); // with beta 0 the former content does not count, whatever it is
            var before = (float[])c.Clone();
            Gemm.Run(
                new Product(false, ta, tb, m, n, k, (nint)Numbers.At(a), (nint)Numbers.At(b), beta, (nint)Numbers.At(c))
            );
            for (var i = 0; i < m; i++)
            {
                for (var j = 0; j < n; j++)
                {
                    var exact = beta == 0 ? 0.0 : before[(i * n) + j];
                    for (var p = 0; p < k; p++)
                        exact += (double)a[ta ? (p * m) + i : (i * k) + p] * b[tb ? (j * k) + p : (p * n) + j];
                    Assert.True(
                        Math.Abs(exact - c[(i * n) + j]) < 1e-4,
                        $"[{m}, {k}] x [{k}, {n}], {ta} {tb} {beta}: {c[(i * n) + j]:R} at {i} {j}, exactly {exact:R}"
                    );
                }
            }
        }
    }

    [SkippableFact]
    public void Bfloat16_products_equal_sums_over_the_rounded_factors()
    {
        Skip.If(Gemm.WhyNoBFloat16() is not null, Gemm.WhyNoBFloat16());
        var random = new Random(2);
        for (var round = 0; round < 40; round++)
        {
            int m = random.Next(1, 50),
                n = random.Next(1, 50),
                k = random.Next(1, 50);
            float[] a = Numbers.Normal(random, m * k),
                b = Numbers.Normal(random, k * n),
                c = Numbers.Zeros(m * n);
            ushort[] ha = Rounded(a),
                hb = Rounded(b);
            fixed (
                ushort* pa = ha,
                    pb = hb
            )
                Gemm.Run(new Product(true, false, true, m, n, k, (nint)pa, (nint)pb, 0, (nint)Numbers.At(c)));
            for (var i = 0; i < m; i++)
            {
                for (var j = 0; j < n; j++)
                {
                    var exact = 0.0;
                    for (var p = 0; p < k; p++)
                        exact += (double)BFloat16.Widen(ha[(i * k) + p]) * BFloat16.Widen(hb[(j * k) + p]);
                    Assert.True(
                        Math.Abs(exact - c[(i * n) + j]) < 1e-4,
                        $"{c[(i * n) + j]:R} at {i} {j}, exactly {exact:R}"
                    );
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SharedProducts))]
    public void Two_threads_that_share_a_product_find_the_bits_of_one_and_more_what_is_near(
        int m,
        int n,
        int k,
        bool bf16
    )
    {
        Skip.If(bf16 && Gemm.WhyNoBFloat16() is not null, Gemm.WhyNoBFloat16());
        var random = new Random(m);
        float[] a = Numbers.Normal(random, m * k),
            b = Numbers.Normal(random, k * n),
            given = Numbers.Normal(random, m * n);
        ushort[] ha = Rounded(a),
            hb = Rounded(b);
        foreach (
            var (ta, tb, beta) in from ta in Both
            from tb in Both
            from beta in new[] { 0f, 1f }
            select (ta, tb, beta)
        )
        {
            float[] one = Made(1),
                two = Made(2);
            if (Gemm.ByOneDnn)
                Assert.Equal(one, two);
            foreach (var more in new[] { two, Made(3) })
            {
                var off = Enumerable
                    .Range(0, one.Length)
                    .FirstOrDefault(
                        i => !(Math.Abs(one[i] - more[i]) <= 1e-5 * Math.Sqrt(k) * (1 + Math.Abs(one[i]))),
                        -1
                    );
                Assert.True(
                    off < 0,
                    $"[{m}, {k}] x [{k}, {n}], {ta} {tb} {beta} {bf16}: {one[Math.Max(0, off)]:R} and "
                        + $"{more[Math.Max(0, off)]:R} at {off}"
                );
            }

            float[] Made(int threads)
            {
                torch.set_num_threads(threads);
                var c = Numbers.Copy(given);
                fixed (
                    ushort* pa = ha,
                        pb = hb
                )
                {
                    var (left, right) = bf16 ? ((nint)pa, (nint)pb) : ((nint)Numbers.At(a), (nint)Numbers.At(b));
                    Gemm.Run(new Product(bf16, ta, tb, m, n, k, left, right, beta, (nint)Numbers.At(c)));
                }
                return c;
            }
        }
    }

    public static TheoryData<int, int, int, bool> SharedProducts()
    {
        var data = new TheoryData<int, int, int, bool>();
        foreach (var bf16 in Both)
        {
            data.Add(257, 300, 301, bf16); // columns are divided, the last part ends in no whole tile
            data.Add(1907, 96, 111, bf16); // rows are
            data.Add(513, 513, 71, bf16);
            data.Add(40, 40, 12000, bf16); // too few columns for two
            data.Add(1, 512, 256, bf16); // too small to be divided, as in a last batch of one example
            data.Add(1, 384, 384, bf16);
            data.Add(1, 768, 768, bf16);
        }
        return data;
    }

    private static bool[] Both => [false, true];

    [Fact]
    public void Rounding_to_bfloat16_is_that_of_libtorch_at_every_kind_of_number()
    {
        var random = new Random(3);
        var bits = new List<uint>
        {
            0,
            0x8000_0000,
            0x7f80_0000,
            0xff80_0000,
            0x7f7f_ffff,
            0xff7f_ffff,
            1,
            0x8000_0001,
            0x007f_ffff,
            0x0080_0000,
            0x3f80_8000,
            0x3f81_8000,
            0x3f80_7fff,
            0x3f80_8001,
        };
        for (var i = 0; i < 20_000; i++)
            bits.Add((uint)random.NextInt64(1L << 32));
        var values = bits.Select(BitConverter.UInt32BitsToSingle).Where(x => !float.IsNaN(x)).ToArray();
        using var scope = torch.scope();
        var theirs = torch.tensor<float>(values, values.Length).to(DType.BFloat16).span<ushort>().ToArray();
        Assert.Equal(theirs, Rounded(values));
        Assert.Equal(theirs, values.Select(BFloat16.Round)); // the vector form is the scalar one
        foreach (
            var nan in new[] { 0x7f80_0001u, 0x7fc0_0000u, 0xffff_ffffu, 0x7fff_8000u }.Select(
                BitConverter.UInt32BitsToSingle
            )
        )
        {
            Assert.All(Rounded([.. Enumerable.Repeat(nan, 19)]), h => Assert.True(float.IsNaN(BFloat16.Widen(h))));
        }
    }

    [Fact]
    public void Every_length_and_start_is_rounded_and_nothing_behind_it()
    {
        var random = new Random(4);
        for (var length = 0; length < 64; length++)
        {
            var source = Numbers.Normal(random, length + 3);
            var target = new ushort[length + 2];
            Array.Fill(target, (ushort)0x1234);
            fixed (ushort* p = target)
                BFloat16.Round(Numbers.At(source, 3), p + 1, length);
            Assert.Equal(0x1234, target[0]);
            Assert.Equal(0x1234, target[^1]);
            Assert.Equal(source[3..].Select(BFloat16.Round), target[1..^1]);
        }
    }

    private static ushort[] Rounded(float[] values)
    {
        var source = Numbers.Copy(values);
        var target = new ushort[values.Length];
        fixed (ushort* p = target)
            BFloat16.Round(Numbers.At(source), p, values.Length);
        return target;
    }
}
