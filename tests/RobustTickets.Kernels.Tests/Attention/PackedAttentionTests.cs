using RobustTickets.Kernels.Attention;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Attention;

/// <summary>
/// Attention on packed rows against libtorch's operators, sequence by sequence and head by head,
/// forward and backward.
/// </summary>
public sealed class PackedAttentionTests : IClassFixture<OneThread>
{
    private static readonly RandomKey Key = RandomKey.FromSeed(77);

    public static TheoryData<int, int, int, bool, bool, bool> Shapes() =>
        new()
        {
            // heads, head size, longest, coefficients, dropout, [CLS] rows alone
            { 1, 1, 1, false, false, false },
            { 1, 64, 70, false, false, false },
            { 2, 64, 40, true, true, false },
            { 3, 8, 17, true, false, false },
            { 4, 5, 33, false, true, false },
            { 5, 13, 70, true, true, true },
            { 2, 7, 9, true, true, true },
            { 12, 16, 23, false, false, true },
        };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Forward_and_backward_equal_plain_operators(
        int heads,
        int headSize,
        int longest,
        bool coefficients,
        bool dropout,
        bool clsOnly
    )
    {
        foreach (var scale in new[] { 1.0, 8.0 })
        {
            var problem = new Problem(heads, headSize, longest, coefficients, dropout ? 0.25 : 0, clsOnly, scale);
            var (expected, found) = (problem.Run(problem.Plain), problem.Run(problem.Packed));
            for (var i = 0; i < expected.Length; i++)
                Near(Problem.Names[i], expected[i], found[i], 1e-5);
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Native_heads_have_the_bits_of_managed_ones(bool special)
    {
        var random = new Random(3);
        for (var round = 0; round < 120; round++)
        {
            int heads = random.Next(1, 5),
                headSize = random.Next(1, 70),
                longest = random.Next(1, 64);
            bool coefficients = random.Next(2) == 1,
                dropout = random.Next(2) == 1,
                clsOnly = random.Next(4) == 0;
            var problem = new Problem(heads, headSize, longest, coefficients, dropout ? 0.1 : 0, clsOnly, scale: 2);
            if (special)
            {
                var input = problem.Inputs[random.Next(3)];
                for (var i = 0; i < 3; i++)
                    input[random.Next(input.Length)] = Numbers.Specials[random.Next(Numbers.Specials.Count)];
            }
            var (native, managed) = Numbers.BothWays(() => problem.Run(problem.Packed));
            for (var i = 0; i < native.Length; i++)
            {
                var off = Enumerable
                    .Range(0, native[i].Length)
                    .FirstOrDefault(j => !native[i][j].Equals(managed[i][j]), -1); // NaN equals NaN
                Assert.True(
                    off < 0,
                    $"{Problem.Names[i]}, heads {heads} of {headSize}, longest {longest}: "
                        + $"{native[i][Math.Max(0, off)]:R} and {managed[i][Math.Max(0, off)]:R} at {off}"
                );
            }
        }
    }

    [Fact]
    public void Finite_differences_agree_with_the_gradients()
    {
        var problem = new Problem(2, 4, 6, coefficients: true, dropout: 0.25, clsOnly: false, scale: 1);
        var gradients = problem.Run(problem.Packed);
        for (var input = 0; input < 4; input++)
        {
            for (var element = 0; element < problem.Inputs[input].Length; element += 3)
            {
                const float step = 1e-2f;
                var slope = (problem.Value(input, element, step) - problem.Value(input, element, -step)) / (2 * step);
                Assert.Equal(slope, gradients[input + 1][element], 1e-2);
            }
        }
    }

    [Fact]
    public void The_comparison_notices_a_wrong_dropout_key_and_a_forgotten_coefficient()
    {
        var problem = new Problem(2, 8, 20, coefficients: true, dropout: 0.25, clsOnly: false, scale: 1);
        var expected = problem.Run(problem.Plain);
        Assert.ThrowsAny<Exception>(() =>
            Near("context", expected[0], problem.Run(t => problem.Packed(t, Key.Derive(1L)))[0], 1e-5)
        );
        Assert.ThrowsAny<Exception>(() =>
            Near(
                "context",
                expected[0],
                problem.Run(t => problem.Packed([t[0], t[1], t[2], torch.ones(t[3].sizes)], Key))[0],
                1e-5
            )
        );
    }

    [Fact]
    public void Without_gradients_the_same_numbers_come_out()
    {
        var problem = new Problem(3, 8, 30, coefficients: true, dropout: 0.25, clsOnly: false, scale: 1);
        var recorded = problem.Run(problem.Packed)[0];
        using var scope = torch.scope();
        using var quiet = torch.no_grad();
        Assert.Equal(recorded, problem.Packed(problem.Tensors()).to_array());
    }

    [Fact]
    public void Threads_change_nothing()
    {
        var problem = new Problem(4, 16, 60, coefficients: true, dropout: 0.25, clsOnly: false, scale: 1);
        var one = Numbers.OnThreads(1, () => problem.Run(problem.Packed));
        var two = Numbers.OnThreads(2, () => problem.Run(problem.Packed));
        for (var i = 0; i < one.Length; i++)
            Assert.Equal(one[i], two[i]);
    }

    [Theory]
    [InlineData(3, 8, 30)]
    [InlineData(2, 13, 9)]
    public unsafe void Probabilities_computed_again_are_those_that_were_kept(int heads, int headSize, int longest)
    {
        var layout = new AttentionLayout([0, longest, longest + 4], [0, longest, longest + 4], [5, 9]);
        var random = new Random(longest);
        var count = (longest + 4) * heads * headSize;
        // query, key, value, gradient, coefficients
        var given = Enumerable.Range(0, 5).Select(i => Numbers.Normal(random, i == 4 ? heads : count)).ToArray();
        var kept = Run(keep: true);
        var again = Run(keep: false);
        for (var i = 0; i < kept.Length; i++)
            Assert.Equal(kept[i], again[i]);

        float[][] Run(bool keep)
        {
            var kernel = new PackedAttentionKernel(layout, heads, headSize, 0.25, Key);
            var tables = Numbers.Zeros((int)kernel.TableSize);
            if (keep)
                kernel.Tables = Numbers.At(tables);
            float[][] results = [.. Enumerable.Range(0, 5).Select(i => Numbers.Zeros(i == 4 ? 2 * heads : count))];
            kernel.Forward(
                Numbers.At(given[0]),
                Numbers.At(given[1]),
                Numbers.At(given[2]),
                Numbers.At(given[4]),
                Numbers.At(results[0])
            );
            kernel.Backward(
                Numbers.At(given[0]),
                Numbers.At(given[1]),
                Numbers.At(given[2]),
                Numbers.At(given[4]),
                Numbers.At(given[3]),
                Numbers.At(results[1]),
                Numbers.At(results[2]),
                Numbers.At(results[3]),
                Numbers.At(results[4])
            );
            Assert.Equal(keep, tables.Any(p => p != 0));
            return results;
        }
    }

    [Fact]
    public void Tables_are_kept_where_they_are_smaller_than_the_queries()
    {
        PackedAttentionKernel Of(int length) => new(new AttentionLayout([0, length], [0, length], [1]), 2, 16, 0, Key);
        Assert.True(Of(16).TablesAreSmall);
        Assert.False(Of(17).TablesAreSmall);
    }

    [Fact]
    public void A_sequence_does_not_see_its_neighbours()
    {
        var problem = new Problem(2, 8, 20, coefficients: false, dropout: 0.25, clsOnly: false, scale: 1);
        var together = problem.Run(problem.Packed)[0];
        var alone = problem.Only(2);
        var (from, to) = problem.RowsOf(2);
        Assert.Equal(together[from..to], alone);
    }

    private static void Near(string name, float[] expected, float[] found, double share)
    {
        Assert.Equal(expected.Length, found.Length);
        var tolerance = share * Math.Max(0.1, expected.Select(Math.Abs).DefaultIfEmpty(0).Max());
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(
                Math.Abs(expected[i] - found[i]) <= tolerance,
                $"{name}[{i}] is {found[i]}, plain operators give {expected[i]}, tolerance {tolerance:e1}"
            );
        }
    }

    private sealed class Problem
    {
        public static readonly string[] Names =
        [
            "context",
            "gradient of query",
            "gradient of key",
            "gradient of value",
            "gradient of coefficients",
        ];
        private readonly int _heads,
            _headSize;
        private readonly double _dropout;
        private readonly AttentionLayout _layout;
        private readonly float[] _upstream;

        public Problem(
            int heads,
            int headSize,
            int longest,
            bool coefficients,
            double dropout,
            bool clsOnly,
            double scale
        )
        {
            var random = new Random((heads * 1000) + longest);
            (_heads, _headSize, _dropout) = (heads, headSize, dropout);
            int[] lengths = [1, longest, .. Enumerable.Range(0, 3).Select(_ => random.Next(1, longest + 1))];
            var offsets = new int[lengths.Length + 1];
            for (var s = 0; s < lengths.Length; s++)
                offsets[s + 1] = offsets[s] + lengths[s];
            _layout = new AttentionLayout(
                clsOnly ? [.. Enumerable.Range(0, lengths.Length + 1)] : offsets,
                offsets,
                [.. lengths.Select(_ => (long)random.Next(10_000))]
            );
            int width = heads * headSize,
                queries = _layout.QueryOffsets[^1];
            Inputs =
            [
                Numbers.Normal(random, queries * width, scale),
                Numbers.Normal(random, offsets[^1] * width),
                Numbers.Normal(random, offsets[^1] * width),
                coefficients ? Numbers.Normal(random, heads) : [],
            ];
            _upstream = Numbers.Normal(random, queries * width);
        }

        public float[][] Inputs { get; }

        public Tensor[] Tensors()
        {
            var width = (long)_heads * _headSize;
            var rows = new[] { _layout.QueryOffsets[^1], _layout.KeyOffsets[^1], (long)_layout.KeyOffsets[^1] };
            Tensor[] tensors = [.. Enumerable.Range(0, 3).Select(i => torch.tensor<float>(Inputs[i], rows[i], width))];
            return Inputs[3].Length == 0 ? tensors : [.. tensors, torch.tensor<float>(Inputs[3], _heads)];
        }

        public (int From, int To) RowsOf(int s) =>
            (_layout.QueryOffsets[s] * _heads * _headSize, _layout.QueryOffsets[s + 1] * _heads * _headSize);

        /// <summary>Context and the gradients of sum(context * upstream).</summary>
        public float[][] Run(Func<Tensor[], Tensor> attention)
        {
            using var scope = torch.scope();
            var tensors = Tensors();
            foreach (var t in tensors)
                t.requires_grad_();
            var context = attention(tensors);
            (context * torch.tensor<float>(_upstream, context.shape)).sum().backward();
            return [context.to_array(), .. tensors.Select(t => t.grad?.to_array() ?? new float[t.numel])];
        }

        /// <summary>sum(context * upstream) with one input element moved.</summary>
        public double Value(int input, int element, float step)
        {
            using var scope = torch.scope();
            using var quiet = torch.no_grad();
            var before = Inputs[input][element];
            Inputs[input][element] += step;
            var context = Packed(Tensors()).to_array();
            Inputs[input][element] = before;
            return context.Zip(_upstream).Sum(p => (double)p.First * p.Second);
        }

        public Tensor Packed(Tensor[] t) => Packed(t, Key);

        public Tensor Packed(Tensor[] t, RandomKey key) =>
            PackedAttention.Apply(t[0], t[1], t[2], t.Length > 3 ? t[3] : null, _layout, _heads, _dropout, key);

        /// <summary>Context of one sequence computed without the others.</summary>
        public float[] Only(int s)
        {
            using var scope = torch.scope();
            using var quiet = torch.no_grad();
            var t = Tensors();
            int from = _layout.KeyOffsets[s],
                length = _layout.KeyOffsets[s + 1] - from;
            var layout = new AttentionLayout([0, length], [0, length], [_layout.ExampleIds[s]]);
            return PackedAttention
                .Apply(
                    t[0].narrow(0, from, length).contiguous(),
                    t[1].narrow(0, from, length).contiguous(),
                    t[2].narrow(0, from, length).contiguous(),
                    null,
                    layout,
                    _heads,
                    _dropout,
                    Key
                )
                .to_array();
        }

        public Tensor Plain(Tensor[] t)
        {
            var sequences = new List<Tensor>();
            for (var s = 0; s < _layout.Count; s++)
            {
                var heads = new List<Tensor>();
                for (var h = 0; h < _heads; h++)
                {
                    var q = Part(t[0], _layout.QueryOffsets, s, h);
                    var k = Part(t[1], _layout.KeyOffsets, s, h);
                    var v = Part(t[2], _layout.KeyOffsets, s, h);
                    var weights = (q.matmul(k.transpose(0, 1)) * (1 / Math.Sqrt(_headSize))).softmax(-1);
                    if (_dropout > 0)
                        weights = weights * Mask(s, h, weights.shape);
                    var context = weights.matmul(v);
                    heads.Add(t.Length > 3 ? context * t[3].narrow(0, h, 1) : context);
                }
                sequences.Add(torch.cat(heads.ToArray(), 1));
            }
            return torch.cat(sequences.ToArray(), 0);
        }

        private Tensor Part(Tensor x, int[] offsets, int s, int h) =>
            x.narrow(0, offsets[s], offsets[s + 1] - offsets[s]).narrow(1, (long)h * _headSize, _headSize);

        /// <summary>Row i of the mask is keyed by (site, example, query token, head).</summary>
        private Tensor Mask(int s, int h, long[] shape)
        {
            var mask = torch.empty(shape);
            var example = Key.Derive(_layout.ExampleIds[s]);
            KeyedTensors.Dropout(
                mask,
                [.. Enumerable.Range(0, (int)shape[0]).Select(i => example.Derive(i).Derive(h))],
                _dropout
            );
            return mask;
        }
    }
}
