using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Searches;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>How a run ends early, what it hands out then, and what it holds until then.</summary>
public partial class EngineTests
{
    private const int Others = 30;

    [Theory]
    [InlineData("victim")]
    [InlineData("encoder")]
    public async Task A_time_out_of_a_model_costs_its_example_and_is_no_cancellation(string model)
    {
        var inputs = MadeUp.Inputs(30);
        inputs[17] = new Example("culprit", "xyzzy " + inputs[16].Columns[0].Value, 0);
        if (HashVictim.Row(new TextPair(inputs[17].Columns[0].Value), 2) is [var no, var yes] && yes > no)
            inputs[17] = inputs[17] with { Label = 1 };
        IVictim victim =
            model == "victim"
                ? new FunctionVictim(2, texts => [.. texts.Select(t => HashVictim.Row(InTime(t), 2))])
                : new HashVictim();
        var attack = MadeUp.Attack() with
        {
            Constraints =
            [
                new Constraints.SentenceSimilarity(
                    new SlowEncoder(),
                    0.8,
                    Constraints.SimilarityMetric.Angular,
                    9,
                    false,
                    true
                ),
            ],
        };
        var outcomes = await GatherAsync(
            new AttackEngine(model == "victim" ? MadeUp.Attack() : attack, victim).RunAsync(inputs)
        );
        Assert.Equal(inputs.Select(i => i.Id), outcomes.Select(o => o.Id));
        var culprit = Assert.Single(outcomes, o => o.Result == AttackResult.Error);
        Assert.Equal(("culprit", AttackErrorKind.ModelThrew), (culprit.Id, culprit.Error!.Kind));
        Assert.Contains("TaskCanceledException: 100 seconds", culprit.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_run_that_ends_early_hands_out_what_is_finished_in_order(bool cancelled)
    {
        using var stop = new CancellationTokenSource();
        var victim = new RoundVictim(
            60,
            () =>
            {
                if (!cancelled)
                    throw new NotSupportedException("gone");
                stop.Cancel();
            }
        );
        var seen = new List<string>();
        var error = await Record.ExceptionAsync(async () =>
        {
            var engine = new AttackEngine(Rounds([]), victim, new AttackEngineOptions(Concurrency: 2));
            await foreach (var outcome in engine.RunAsync(SlowFirst(), stop.Token))
                seen.Add(outcome.Id);
        });
        Assert.Equal(cancelled, error is OperationCanceledException);
        Assert.Equal(cancelled, error is not NotSupportedException);
        Assert.Equal(Enumerable.Range(1, Others - 5).Select(i => $"e{i}"), seen.Take(Others - 5));
    }

    [Fact]
    public async Task What_waits_for_its_turn_holds_its_outcome_alone()
    {
        var contexts = new List<WeakReference>();
        var alive = -1;
        var victim = new RoundVictim(
            90,
            () =>
            {
                GC.Collect();
                alive = contexts.Count(c => c.IsAlive);
            }
        );
        var engine = new AttackEngine(Rounds(contexts), victim, new AttackEngineOptions(Concurrency: 2, Threads: 1));
        Assert.Equal(Others + 1, (await GatherAsync(engine.RunAsync(SlowFirst()))).Count);
        Assert.Equal(Others + 1, contexts.Count);
        // The slow example, and what the last rounds still name.
        Assert.InRange(alive, 1, 4);
    }

    [Fact]
    public async Task A_cancelled_run_asks_no_further_text_of_a_batch_that_failed()
    {
        using var stop = new CancellationTokenSource();
        var single = 0;
        double[][] Answer(IReadOnlyList<TextPair> texts)
        {
            if (texts.Count == 1 && ++single == 3)
                stop.Cancel();
            throw new InvalidOperationException("the service is down");
        }
        var engine = new AttackEngine(MadeUp.Attack(), new FunctionVictim(2, Answer));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            GatherAsync(engine.RunAsync(MadeUp.Inputs(30), stop.Token))
        );
        Assert.Equal(3, single);
    }

    private static T InTime<T>(T text) =>
        text!.ToString()!.Contains("xyzzy", StringComparison.Ordinal)
            ? throw new TaskCanceledException("100 seconds are over", new TimeoutException())
            : text;

    // One example of 100 rounds before others of one.
    private static List<Example> SlowFirst() =>
        [
            new Example("e0", "slow word", 0),
            .. Enumerable.Range(1, Others).Select(i => new Example($"e{i}", $"quick word{i}", 0)),
        ];

    private static Attack Rounds(List<WeakReference> contexts) =>
        MadeUp.Attack() with
        {
            Search = new RoundSearch(contexts),
        };

    private sealed record RoundSearch(List<WeakReference> Contexts) : ISearch
    {
        public string Name => "rounds";

        public IEnumerable<SearchRequest> Run(SearchContext context)
        {
            lock (Contexts)
                Contexts.Add(new WeakReference(context));
            var rounds = context.Original.Text.Words[0] == "slow" ? 100 : 1;
            for (var i = 0; i < rounds; i++)
                yield return new ScoreRequest([context.Original.Text.Replace(1, $"round{i}")]);
        }
    }

    // Does something when the slow example comes to a round. That its class count is asked for
    // outside of every guard is used to end the run by an error.
    private sealed class RoundVictim(int round, Action act) : IVictim
    {
        private bool _reached;

        public int ClassCount
        {
            get
            {
                if (_reached)
                    act();
                _reached = false;
                return 2;
            }
        }

        public double[][] Predict(IReadOnlyList<TextPair> inputs)
        {
            _reached |= inputs.Any(i => i.First == $"slow round{round}");
            return [.. inputs.Select(_ => new[] { 0.9, 0.1 })];
        }
    }

    private sealed class SlowEncoder : ISentenceEncoder
    {
        private readonly HashEncoder _encoder = new();

        public string Name => "slow encoder";

        public int Dimension => _encoder.Dimension;

        public double[][] Encode(IReadOnlyList<string> texts) => _encoder.Encode([.. texts.Select(InTime)]);
    }
}
