using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Pipeline.Data;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Objectives;

[Collection(TorchCollection.Name)]
public sealed class HullTests
{
    // Embeddings of four word pieces in two dimensions.
    private static readonly float[][] Rows =
    [
        [0, 0],
        [1, 0],
        [0, 2],
        [-1, -1],
    ];

    private static HullMixture Mixture(IReadOnlyList<HullWord> words, long[] ids, params double[][] weights)
    {
        var next = 0;
        return new HullMixture(words, ids, id => Rows[id], 2, _ => weights[next++]);
    }

    [Fact]
    public void A_words_embedding_is_moved_to_the_mixture_by_its_weights()
    {
        // Word 1 with neighbours 2 and 3: 0.5 (1, 0) + 0.25 (0, 2) + 0.25 (-1, -1) = (0.25, 0.25).
        var mixture = Mixture(
            [
                new HullWord(
                    1,
                    0,
                    1,
                    [
                        [2],
                        [3],
                    ]
                ),
            ],
            [0, 1, 0],
            [0.5, 0.25, 0.25]
        );
        Assert.Equal([0.5, 0.25, 0.25], mixture.Weights(0).Select(w => Math.Round(w, 12)));
        Close([0, 0, -0.75, 0.25, 0, 0], mixture.Delta());
    }

    [Fact]
    public void A_word_of_several_pieces_is_mixed_piece_by_piece_with_the_same_weights()
    {
        var mixture = Mixture(
            [
                new HullWord(
                    0,
                    0,
                    0,
                    [
                        [3, 1],
                    ]
                ),
            ],
            [1, 2],
            [0.75, 0.25]
        );
        // 0.25 ((-1, -1) - (1, 0)) and 0.25 ((1, 0) - (0, 2)).
        Close([-0.5, -0.25, 0.25, -0.5], mixture.Delta());
    }

    [Fact]
    public void An_ascent_step_has_the_softmaxs_gradient_and_the_length_asked_for()
    {
        double[] weights = [0.5, 0.3, 0.2];
        var mixture = Mixture(
            [
                new HullWord(
                    0,
                    0,
                    0,
                    [
                        [2],
                        [3],
                    ]
                ),
            ],
            [1],
            weights
        );
        float[] gradient = [0.4f, -0.1f];
        // g (e2 - e1) = 0.4 (-1) - 0.1 (2) = -0.6; g (e3 - e1) = 0.4 (-2) - 0.1 (-1) = -0.7.
        double[] pull = [0, -0.6, -0.7];
        var mean = (0.3 * -0.6) + (0.2 * -0.7);
        var slope = weights.Zip(pull).Select(x => x.First * (x.Second - mean)).ToArray();
        var norm = Math.Sqrt(slope.Sum(s => s * s));
        var expected = weights.Zip(slope).Select(x => x.First * Math.Exp(2 * x.Second / norm)).ToArray();
        mixture.Ascend(gradient, step: 2, sparsity: 0);
        var found = mixture.Weights(0);
        for (var j = 0; j < 3; j++)
            Assert.Equal(expected[j] / expected.Sum(), found[j], 1e-6);
        // Mutants: descent, and pull without the softmax's mean.
        Assert.True(found[0] > weights[0]);
        var plain = weights.Zip(pull).Select(x => x.First * Math.Exp(2 * x.Second / norm)).ToArray();
        Assert.True(Math.Abs((plain[0] / plain.Sum()) - found[0]) > 1e-3);
    }

    [Fact]
    public void Sparsity_climbs_down_the_entropy_and_examples_are_scaled_apart()
    {
        HullWord[] words =
        [
            new(
                0,
                0,
                0,
                [
                    [2],
                    [3],
                ]
            ),
            new(
                1,
                1,
                0,
                [
                    [2],
                ]
            ),
        ];
        var mixture = Mixture(words, [1, 1], [0.5, 0.3, 0.2], [0.6, 0.4]);
        mixture.Ascend(new float[4], step: 0.5, sparsity: 1);
        Assert.True(Entropy(mixture.Weights(0)) < Entropy([0.5, 0.3, 0.2]));
        // Two weights: the logits move by 0.5 / sqrt(2) each, whatever the other example does.
        var ratio = Math.Log(mixture.Weights(1)[0] / mixture.Weights(1)[1]) - Math.Log(0.6 / 0.4);
        Assert.Equal(0.5 * Math.Sqrt(2), ratio, 1e-6);

        static double Entropy(double[] w) => -w.Sum(x => x * Math.Log(x));
    }

    [Fact]
    public void Draws_of_shapes_near_0_are_corners()
    {
        var largest = new int[3];
        for (var i = 0; i < 300; i++)
        {
            var w = HullMixture.Dirichlet(RandomKey.FromSeed(1).Derive(i), 1e-4, 1e-4, 2);
            Assert.Equal(1, w.Sum(), 1e-9);
            largest[Array.IndexOf(w, w.Max())]++;
        }
        Assert.All(largest, n => Assert.InRange(n, 70, 130));
    }

    [Theory]
    [InlineData(1.0, 1.0)]
    [InlineData(0.3, 2.5)]
    public void Draws_are_of_a_Dirichlet_distribution(double others, double own)
    {
        const int draws = 20000;
        var total = own + (2 * others);
        double sum = 0,
            square = 0;
        for (var i = 0; i < draws; i++)
        {
            var w = HullMixture.Dirichlet(RandomKey.FromSeed(1).Derive(i), own, others, 2);
            Assert.Equal(1, w.Sum(), 1e-9);
            Assert.All(w, x => Assert.InRange(x, 0, 1));
            sum += w[0];
            square += w[0] * w[0];
        }
        var mean = own / total;
        var variance = mean * (1 - mean) / (total + 1);
        Assert.Equal(mean, sum / draws, 5 * Math.Sqrt(variance / draws));
        Assert.Equal(variance, (square / draws) - Math.Pow(sum / draws, 2), 0.06 * variance);
    }

    [Fact]
    public void Words_are_found_whole_and_only_neighbours_of_as_many_pieces_are_taken()
    {
        bool[] continues = [false, false, false, false, true, true];
        var hulls = new WordHulls(
            [
                (
                    [1],
                    [
                        [2],
                        [2, 4],
                        [1],
                    ]
                ),
                (
                    [1, 4],
                    [
                        [3, 5],
                        [2],
                    ]
                ),
                (
                    [3],
                    [
                        [1, 4],
                    ]
                ),
            ],
            continues
        );
        Assert.Equal(2, hulls.Count);
        var batch = PackedBatch.From([
            new EncodedExample(7, [1, 1, 4, 3], [0, 0, 0, 0], 0),
            new EncodedExample(8, [2, 1, 5, 1], [0, 0, 0, 0], 1),
        ]);
        var found = hulls.In(batch);
        Assert.Equal([(0, 0, 0), (1, 0, 1), (7, 1, 3)], found.Select(w => (w.Row, w.Example, w.Place)));
        Assert.Equal(
            [
                [2],
            ],
            found[0].Neighbours
        );
        Assert.Equal(
            [
                [3, 5],
            ],
            found[1].Neighbours
        );
    }

    [Fact]
    public void Words_that_the_vocabulary_cannot_spell_neither_have_a_hull_nor_are_in_one()
    {
        var tokenizer = TinyTask.Tokenizer;
        var hulls = HullTables.Build(
            new HullOptions(Neighbours: 8),
            [new Example("0", new TextPair("good xyzzy"), 0)],
            new Table(("good", ["warm", "plugh"]), ("xyzzy", ["cold"])),
            StopWords.English,
            tokenizer
        );
        Assert.Equal(1, hulls.Count);
        var pieces = tokenizer.Encode(new TextPair("good xyzzy"), 8);
        var word = Assert.Single(hulls.In(PackedBatch.From([new EncodedExample(0, pieces.Ids, pieces.Segments, 0)])));
        Assert.Equal([tokenizer.TokenIds("warm")], word.Neighbours);
    }

    private sealed class Table(params (string Word, string[] Neighbours)[] rows) : INeighbourSource
    {
        public string Description => "made up";

        public IReadOnlyList<string> Nearest(string word, int count) =>
            rows.SingleOrDefault(r => r.Word == word).Neighbours ?? [];

        public void Prepare(IReadOnlyCollection<string> words, int count, CancellationToken stop) { }
    }

    [Fact]
    public void The_step_is_that_of_the_mixture_as_perturbation_and_without_hulls_that_of_plain_training()
    {
        var none = TinyRuns.Accumulate(new Hull(new HullOptions(), new WordHulls([], new bool[40])));
        var clean = TinyRuns.Accumulate(new CleanObjective());
        Assert.Equal(clean.Result.Loss, none.Result.Loss, 1e-6);
        foreach (var (name, gradient) in clean.Gradients)
            Assert.All(gradient.Zip(none.Gradients[name]), g => Assert.Equal(g.First, g.Second, 1e-5));
        // Every word piece a word, with three neighbours.
        var all = new WordHulls(
            Enumerable
                .Range(0, 40)
                .Select(i => (new[] { i }, Enumerable.Range(1, 3).Select(k => new[] { (i + k) % 40 }).ToArray())),
            new bool[40]
        );
        var drawn = TinyRuns.Accumulate(new Hull(new HullOptions(), all));
        Assert.True(Math.Abs(drawn.Result.Loss - clean.Result.Loss) > 1e-4);
        Assert.Equal(new PassCounts(1, 1, 1), drawn.Result.Passes);
        var climbed = TinyRuns.Accumulate(new Hull(new HullOptions(Steps: 3, StepSize: 3), all));
        Assert.Equal(new PassCounts(4, 4, 1), climbed.Result.Passes);
        var losses = climbed.Result.PassLosses;
        Assert.True(losses[^1] > losses[0], string.Join(' ', losses));
        Assert.Equal(drawn.Result.PassLosses[0], losses[0], 1e-6);
        // Loss and entropy of an example are weighed alike in a batch of any size.
        var sparse = new HullOptions(Steps: 3, StepSize: 3, Sparsity: 0.05);
        var once = TinyRuns.Accumulate(new Hull(sparse, all));
        var twice = TinyRuns.Accumulate(new Hull(sparse, all), times: 2);
        Assert.All(
            once.Result.PassLosses.Zip(twice.Result.PassLosses),
            pass => Assert.Equal(pass.First, pass.Second, 1e-5)
        );
        Assert.NotEqual(losses[^1], once.Result.PassLosses[^1], 1e-4);
    }

    private static void Close(double[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), p => Assert.Equal(p.First, p.Second, 1e-6));
    }
}
