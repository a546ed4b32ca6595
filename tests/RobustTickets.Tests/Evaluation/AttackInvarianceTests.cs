// Attacks on a real (tiny) network and sentence encoder: outcomes are the same, to the last digit
// of every score, whatever the batches, concurrency, order and threads. Kernels that round by batch
// fail here, and could not with the engine's own toy models.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Models;
using RobustTickets.Tests.Resume;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

[Collection(TorchCollection.Name)]
public sealed class AttackInvarianceTests(TrainedTask trained) : IClassFixture<TrainedTask>, IDisposable
{
    public void Dispose() => torch.set_num_threads(1);

    [Fact]
    public void Outcomes_do_not_depend_on_batches_concurrency_order_or_threads()
    {
        using var classifier = Classifier.Load(trained.Model);
        using var encoder = BertSentenceEncoder.Load(trained.Model);
        var attack = Attack(encoder);
        var inputs = Inputs(16);
        IVictim victim = classifier;
        var outcomes = Run(new AttackEngineOptions(1, 1, 1, 1), inputs);
        var reference = Lines(outcomes);
        foreach (var batch in new[] { 1, 7, 64 })
        {
            foreach (var concurrency in new[] { 1, 4, 64 })
            {
                torch.set_num_threads(concurrency == 4 ? 2 : 1);
                var options = new AttackEngineOptions(batch, batch, concurrency, 2);
                Assert.Equal(reference, Lines(Run(options, inputs)));
                if (concurrency == 64)
                    Assert.Equal(
                        reference.AsEnumerable().Reverse(),
                        Lines(Run(options, [.. inputs.AsEnumerable().Reverse()]))
                    );
            }
        }

        // The set must be worth comparing.
        Assert.Equal(3, outcomes.Select(o => o.Result).Distinct().Count());
        Assert.Contains(outcomes, o => o is { Result: AttackResult.Success, WordsChanged: > 1 });
        Assert.Contains(outcomes, o => o.Constraints.Any(c => c.Name == "sentence-similarity" && c.Rejected > 0));
        Assert.True(outcomes.Select(o => o.PerturbedScore).Distinct().Count() > inputs.Count / 2);

        List<AttackOutcome> Run(AttackEngineOptions options, IReadOnlyList<Example> examples) =>
            [.. new AttackEngine(attack, victim, options).RunAsync(examples).ToBlockingEnumerable()];
    }

    [Fact]
    public void The_comparison_notices_another_encoder()
    {
        using var classifier = Classifier.Load(trained.Model);
        using var own = BertSentenceEncoder.Load(trained.Model);
        using var other = BertSentenceEncoder.Load(trained.Task.Model);
        var inputs = Inputs(16);
        var lines = new[] { own, other }
            .Select(e => Lines(new AttackEngine(Attack(e), classifier).RunAsync(inputs).ToBlockingEnumerable()))
            .ToArray();
        Assert.NotEqual(lines[0], lines[1]);
    }

    [Fact]
    public void A_sentence_vector_is_the_mean_of_its_last_hidden_states_and_depends_on_its_text_alone()
    {
        using var encoder = BertSentenceEncoder.Load(trained.Model);
        var random = new Random(3);
        var texts = Enumerable.Range(0, 40).Select(i => TinyTask.Sentence(random, i % 2)).Append("").ToArray();
        var together = encoder.Encode(texts);
        Assert.Equal(texts.Select(t => encoder.Encode([t])[0]), together);
        Assert.Equal(TinyTask.Hidden, encoder.Dimension);
        Assert.All(together, v => Assert.Equal(encoder.Dimension, v.Length));
        Assert.Contains(Path.GetFileName(trained.Model), encoder.Name, StringComparison.Ordinal);

        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        using var model = BertFiles.LoadMaskedLM(trained.Model, default, Execution.Reference);
        var pieces = TinyTask.Tokenizer.Encode(texts[0], null, TinyTask.Positions);
        var batch = PackedBatch.From([new EncodedExample(0, pieces.Ids, pieces.Segments, -1)]);
        var hidden = model
            .Encoder.EncodeAll(model.Prepare(batch, training: false), PassOptions.Evaluation)
            .contiguous()
            .to_array();
        for (var j = 0; j < TinyTask.Hidden; j++)
            Assert.Equal(
                Enumerable.Range(0, batch.Tokens).Average(t => hidden[(t * TinyTask.Hidden) + j]),
                together[0][j],
                1e-5
            );
    }

    private static Attack Attack(ISentenceEncoder encoder)
    {
        // Neighbours of a telling word are telling words of both kinds, of any other word its next
        // ones in the list.
        var words = TinyTask.Words.Skip(5).Where(w => char.IsAsciiLetter(w[0])).ToArray();
        var telling = TinyTask.Good.Concat(TinyTask.Bad).ToArray();
        var neighbours = words.ToDictionary(
            w => w,
            w =>
            {
                var list = telling.Contains(w) ? telling : words;
                var at = Array.IndexOf(list, w);
                return Enumerable
                    .Range(1, 6)
                    .Select(k => list[(at + (k * 3)) % list.Length])
                    .Where(n => n != w)
                    .Distinct()
                    .ToArray();
            }
        );
        return new Attack(
            "tiny",
            TextAttackVersion.V034,
            new UntargetedGoal(ScorePrecision.Double),
            new GreedyWordRanking(WordRanking.Delete),
            new EmbeddingSwap(new NeighbourTable(neighbours), 5),
            [new NoRepeat(), new NoStopWords(new StopWords("a few", ["a", "the", "and", "is"]))],
            [new SentenceSimilarity(encoder, 0.7, SimilarityMetric.Angular, 9, false, true)],
            null,
            [],
            []
        );
    }

    private static List<Example> Inputs(int count)
    {
        var random = new Random(11);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i =>
                {
                    var label = random.Next(2);
                    var text = TinyTask.Sentence(random, label);
                    var given = i % 8 == 7 ? 1 - label : label;
                    return i % 5 == 4
                        ? new Example(
                            $"e{i}",
                            [new("text", text), new("more", TinyTask.Sentence(random, label))],
                            given
                        )
                        : new Example($"e{i}", text, given);
                }),
        ];
    }

    private static (string, string)[] Lines(IEnumerable<AttackOutcome> outcomes) =>
        [.. outcomes.Select(o => (o.Id, AttackJson.Line(o)))];
}
