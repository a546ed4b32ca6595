// The forward kernels of the compiled encoder: native and managed forms give one another's bits at
// every shape, start and kind of number, and both are what double precision says.
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Inference;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Inference;

public sealed unsafe class RowKernelsTests : IClassFixture<OneThread>
{
    private const float Untouched = 777f;

    [SkippableFact]
    public void Native_and_managed_products_are_the_same_bits_at_every_tail()
    {
        for (var n = 1; n <= 66; n++)
        {
            Products(
                n,
                (product, _) =>
                {
                    var (native, managed) = Numbers.BothWays(product);
                    Assert.Equal(managed, native);
                }
            );
        }
    }

    [Fact]
    public void Products_write_nothing_beside_their_columns()
    {
        for (var n = 0; n <= 66; n++)
        {
            Products(
                n,
                (product, inside) =>
                {
                    var y = product();
                    for (var i = 0; i < y.Length; i++)
                        Assert.True(inside(i) ? y[i] != Untouched : y[i] == Untouched, $"{n} columns: {y[i]} at {i}");
                }
            );
        }
    }

    [Theory]
    [MemberData(nameof(AttentionShapes))]
    public void Attention_is_that_of_double_precision(int heads, int width, int longest) =>
        Attentions(
            heads,
            width,
            longest,
            (attend, exactly) =>
            {
                var (found, expected) = (attend(), exactly());
                var columns = heads * width;
                var to = found.Length / (expected.Length / columns);
                for (var i = 0; i < expected.Length; i++)
                {
                    var value = found[(i / columns * to) + (i % columns)];
                    Assert.Equal(expected[i], value, 2e-5 * Math.Max(1, Math.Abs(expected[i])));
                }
            }
        );

    [SkippableTheory]
    [MemberData(nameof(AttentionShapes))]
    public void Attention_is_the_same_bits_in_both_forms(int heads, int width, int longest) =>
        Attentions(
            heads,
            width,
            longest,
            (attend, _) =>
            {
                var (native, managed) = Numbers.BothWays(attend);
                Assert.Equal(managed, native);
            }
        );

    [Fact]
    public void Attention_keeps_what_is_no_number_to_its_own_query_and_rounds_for_the_next_product()
    {
        foreach (var (attend, rounded, special) in SpecialAttentions())
        {
            var found = attend();
            for (var i = 0; i < found.Length; i++)
                Assert.True(
                    float.IsFinite(found[i]) || (i / SpecialColumns == 4 && i % SpecialColumns < SpecialWidth),
                    $"{special}: element {i} is {found[i]}"
                );
            Assert.Equal(Array.ConvertAll(found, BFloat16.Round), rounded());
        }
    }

    [SkippableFact]
    public void Attention_over_what_is_no_number_is_the_same_bits_in_both_forms()
    {
        foreach (var (attend, rounded, _) in SpecialAttentions())
        {
            var (native, managed) = Numbers.BothWays(attend);
            Assert.Equal(managed, native);
            var (halfNative, halfManaged) = Numbers.BothWays(rounded);
            Assert.Equal(halfManaged, halfNative);
        }
    }

    [Fact]
    public void Chunks_hold_every_text_once_and_end_small()
    {
        var random = new Random(3);
        for (var round = 0; round < 200; round++)
        {
            var offsets = new int[1 + random.Next(1, 200)];
            for (var s = 1; s < offsets.Length; s++)
                offsets[s] = offsets[s - 1] + random.Next(1, round % 2 == 0 ? 30 : 200);
            var most = 96 + random.Next(100);
            var bounds = CompiledEncoder.Chunks(offsets, 1 + (round % 4), most);
            Assert.Equal((0, offsets.Length - 1), (bounds[0], bounds[^1]));
            for (var c = 1; c < bounds.Count; c++)
            {
                Assert.True(bounds[c] > bounds[c - 1]);
                var rows = offsets[bounds[c]] - offsets[bounds[c - 1]];
                Assert.True(
                    rows <= most || bounds[c] == bounds[c - 1] + 1,
                    $"{rows} rows in {bounds[c] - bounds[c - 1]} texts"
                );
            }
        }
    }

    [Fact]
    public void Row_strides_hold_the_row_and_are_odd_numbers_of_cache_lines()
    {
        for (var width = 0; width <= 3072; width++)
        {
            Assert.True(EncoderWorkspace.Stride(width) >= width && EncoderWorkspace.Stride(width) % 32 == 16);
            Assert.True(
                EncoderWorkspace.Bf16Stride(width) >= PackedWeightBf16.RoundedColumns(width)
                    && EncoderWorkspace.Bf16Stride(width) % 64 == 32
            );
        }
    }

    public static TheoryData<int, int, int> AttentionShapes() =>
        new()
        {
            { 1, 1, 1 },
            { 8, 32, 12 },
            { 2, 64, 33 },
            { 3, 7, 17 },
            { 1, 65, 70 },
            { 5, 16, 16 },
            { 2, 33, 40 },
        };

    /// <summary>Products of n columns, and which elements of what they leave are theirs.</summary>
    private static void Products(int n, Action<Func<float[]>, Func<int, bool>> check)
    {
        var random = new Random(n);
        var (k, rows) = (n * 29 % 67, 1 + (n % 28));
        using var weight = torch.tensor<float>(Numbers.Normal(random, n * k), n, k);
        using var bias = torch.tensor<float>(Numbers.Normal(random, n), n);
        using var matrix = new PackedWeightFp32(weight, bias);
        // Rows begin anywhere and are further apart than they are wide.
        int start = n % 5,
            from = k + (n % 3),
            to = n + (n % 4);
        var x = Numbers.Normal(random, start + (rows * from), 2);
        if (n % 4 == 3 && k > 0)
            for (var s = 0; s < Numbers.Specials.Count; s++)
                x[start + (s % rows * from) + (s * 7 % k)] = Numbers.Specials[s];
        foreach (
            var (gelu, coefficients) in new[]
            {
                (false, (float[]?)null),
                (true, null),
                (true, Numbers.Normal(random, Math.Max(1, n))),
            }
        )
            check(
                () =>
                {
                    var y = Numbers.Zeros((rows * to) + 8);
                    Array.Fill(y, Untouched);
                    matrix.Multiply(
                        Numbers.At(x, start),
                        from,
                        rows,
                        new Epilogue(
                            Numbers.At(y, 3),
                            null,
                            to,
                            gelu,
                            coefficients is null ? null : Numbers.At(coefficients)
                        ),
                        serial: true
                    );
                    return y;
                },
                i => i >= 3 && i < 3 + (rows * to) && (i - 3) % to < n
            );
    }

    /// <summary>Attention over so many keys and fewer, and what it is exactly.</summary>
    private static void Attentions(int heads, int width, int longest, Action<Func<float[]>, Func<double[]>> check)
    {
        for (var keys = 1; keys <= longest; keys += keys < 20 ? 1 : 7)
        {
            foreach (var queries in new[] { keys, 1 })
            {
                var random = new Random((keys * 100) + width);
                int columns = heads * width,
                    stride = (3 * columns) + (keys % 3),
                    to = columns + (keys % 2);
                var qkv = Numbers.Normal(random, 1 + (keys * stride), 1.5);
                var factors = keys % 2 == 0 ? null : Numbers.Normal(random, columns);
                var length = keys;
                check(
                    () => Attend(qkv, stride, queries, length, heads, width, factors, to),
                    () => Exactly(qkv, stride, queries, length, heads, width, factors)
                );
            }
        }
    }

    private const int SpecialWidth = 9,
        SpecialColumns = 2 * SpecialWidth;

    /// <summary>Two heads over 19 keys with a number that is none in query 4 of head 0.</summary>
    private static IEnumerable<(Func<float[]> Wide, Func<ushort[]> Rounded, float Special)> SpecialAttentions()
    {
        const int keys = 19,
            stride = 3 * SpecialColumns;
        foreach (var special in Numbers.Specials)
        {
            var qkv = Numbers.Normal(new Random(5), 1 + (keys * stride));
            qkv[1 + (4 * stride) + 3] = special;
            yield return (
                () => Attend(qkv, stride, keys, keys, 2, SpecialWidth, null, SpecialColumns),
                () => Rounded(qkv, stride, keys, 2, SpecialWidth),
                special
            );
        }
    }

    private static float[] Attend(
        float[] qkv,
        int stride,
        int queries,
        int keys,
        int heads,
        int width,
        float[]? factors,
        int to
    )
    {
        var context = Numbers.Zeros(queries * to);
        Run(
            qkv,
            stride,
            queries,
            keys,
            heads,
            width,
            new Epilogue(Numbers.At(context), null, to, false, factors is null ? null : Numbers.At(factors))
        );
        return context;
    }

    private static ushort[] Rounded(float[] qkv, int stride, int keys, int heads, int width)
    {
        var context = GC.AllocateArray<ushort>(keys * heads * width, pinned: true);
        Run(
            qkv,
            stride,
            keys,
            keys,
            heads,
            width,
            new Epilogue(null, (ushort*)Numbers.Address(context), heads * width, false, null)
        );
        return context;
    }

    private static void Run(float[] qkv, int stride, int queries, int keys, int heads, int width, Epilogue target)
    {
        var scratch = Numbers.Zeros((int)InferenceAttention.Scratch(keys, width));
        Array.Fill(scratch, float.NaN);
        var q = Numbers.At(qkv, 1);
        InferenceAttention.Run(
            q,
            stride,
            queries,
            q + (heads * width),
            q + (2 * heads * width),
            stride,
            keys,
            0,
            heads,
            width,
            Numbers.At(scratch),
            target
        );
    }

    private static double[] Exactly(
        float[] qkv,
        int stride,
        int queries,
        int keys,
        int heads,
        int width,
        float[]? factors
    )
    {
        var columns = heads * width;
        var context = new double[queries * columns];
        for (var h = 0; h < heads; h++)
        {
            for (var i = 0; i < queries; i++)
            {
                var p = new double[keys];
                for (var j = 0; j < keys; j++)
                {
                    for (var c = 0; c < width; c++)
                        p[j] +=
                            (double)qkv[1 + (i * stride) + (h * width) + c]
                            * qkv[1 + (j * stride) + columns + (h * width) + c];
                }
                var top = p.Max();
                p = Array.ConvertAll(p, s => Math.Exp((s - top) / Math.Sqrt(width)));
                var sum = p.Sum();
                for (var c = 0; c < width; c++)
                {
                    var column = (h * width) + c;
                    for (var j = 0; j < keys; j++)
                        context[(i * columns) + column] += p[j] / sum * qkv[1 + (j * stride) + (2 * columns) + column];
                    if (factors is not null)
                        context[(i * columns) + column] *= factors[column];
                }
            }
        }
        return context;
    }
}
