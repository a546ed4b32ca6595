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

    [Fact]
    public void Native_and_managed_products_are_the_same_bits_at_every_tail()
    {
        for (var n = 0; n <= 66; n++)
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
            {
                var (native, managed) = Numbers.BothWays(() =>
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
                });
                Assert.Equal(managed, native);
                for (var i = 0; i < managed.Length; i++)
                {
                    var column = i < 3 || i >= 3 + (rows * to) ? n : (i - 3) % to;
                    if (column >= n)
                        Assert.Equal(Untouched, managed[i]);
                }
            }
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(8, 32, 12)]
    [InlineData(2, 64, 33)]
    [InlineData(3, 7, 17)]
    [InlineData(1, 65, 70)]
    [InlineData(5, 16, 16)]
    [InlineData(2, 33, 40)]
    public void Attention_is_that_of_double_precision_and_the_same_bits_in_both_forms(int heads, int width, int longest)
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
                var (native, managed) = Numbers.BothWays(() =>
                    Attend(qkv, stride, queries, keys, heads, width, factors, to)
                );
                Assert.Equal(managed, native);
                var expected = Exactly(qkv, stride, queries, keys, heads, width, factors);
                for (var i = 0; i < queries; i++)
                {
                    for (var j = 0; j < columns; j++)
                        Assert.Equal(
                            expected[(i * columns) + j],
                            native[(i * to) + j],
                            2e-5 * Math.Max(1, Math.Abs(expected[(i * columns) + j]))
                        );
                }
            }
        }
    }

    [Fact]
    public void Attention_keeps_what_is_no_number_to_its_own_query_and_rounds_for_the_next_product()
    {
        const int heads = 2,
            width = 9,
            keys = 19,
            columns = heads * width,
            stride = 3 * columns;
        foreach (var special in Numbers.Specials)
        {
            var qkv = Numbers.Normal(new Random(5), 1 + (keys * stride));
            qkv[1 + (4 * stride) + 3] = special; // of query 4 in head 0
            var (native, managed) = Numbers.BothWays(() =>
                Attend(qkv, stride, keys, keys, heads, width, null, columns)
            );
            Assert.Equal(managed, native);
            for (var i = 0; i < keys * columns; i++)
                Assert.True(
                    float.IsFinite(native[i]) || (i / columns == 4 && i % columns < width),
                    $"{special}: element {i} is {native[i]}"
                );
            var (halfNative, halfManaged) = Numbers.BothWays(() => Rounded(qkv, stride, keys, heads, width));
            Assert.Equal(halfManaged, halfNative);
            Assert.Equal(Array.ConvertAll(native, BFloat16.Round), halfNative);
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
