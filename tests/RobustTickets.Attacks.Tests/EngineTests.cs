using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Searches;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// The engine: outcomes that depend on nothing but the example, budgets, errors, cancellation.
/// </summary>
public partial class EngineTests
{
    [Fact]
    public void Outcomes_do_not_depend_on_batches_concurrency_threads_or_order()
    {
        var inputs = MadeUp.Inputs(80);
        var attack = MadeUp.Attack();
        var reference = Lines(attack, inputs, new AttackEngineOptions(1, 1, 1, 1));
        Assert.Equal(inputs.Select(i => i.Id), reference.Select(r => r.Id));
        RequireSame(reference, attack, inputs);
        // The set must be worth comparing: all three results occur, and some attack changes several
        // words.
        var outcomes = Run(attack, inputs);
        Assert.Equal(3, outcomes.Select(o => o.Result).Distinct().Count());
        Assert.Contains(outcomes, o => o is { Result: AttackResult.Success, WordsChanged: > 1 });
        Assert.Contains(outcomes, o => o.Constraints.Any(c => c.Name == "sentence-similarity" && c.Rejected > 0));
    }

    [Theory]
    [InlineData(TextAttackVersion.V030)]
    [InlineData(TextAttackVersion.V034)]
    [InlineData(TextAttackVersion.Head)]
    public void Skipping_idle_queries_changes_only_what_is_forwarded(TextAttackVersion version)
    {
        var inputs = MadeUp.Inputs(120, seed: 9);
        var lean = Run(MadeUp.Attack(similarity: false, version: version), inputs);
        var full = Run(MadeUp.Attack(similarity: false, version: version, skipIdle: false), inputs);
        string Bare(AttackOutcome o) => AttackJson.Line(o with { UniqueForwards = 0, Constraints = [] });
        Assert.Equal(full.Select(Bare), lean.Select(Bare));
        Assert.True(lean.Sum(o => o.UniqueForwards) < full.Sum(o => o.UniqueForwards));
        Assert.All(lean.Concat(full), o => Assert.True(o.UniqueForwards <= o.Queries));
        // Failed examples visit every word either way, so their tallies agree (today's main branch
        // sorts out frozen positions before it visits any).
        if (version == TextAttackVersion.Head)
            return;
        foreach (var (a, b) in lean.Zip(full).Where(p => p.First.Result == AttackResult.Failed))
            Assert.Equal(b.Constraints, a.Constraints);
    }

    [Fact]
    public void Batches_are_full_and_hold_no_text_twice()
    {
        var victim = new HashVictim();
        var engine = new AttackEngine(MadeUp.Attack(), victim, new AttackEngineOptions(BatchSize: 32));
        var outcomes = engine.RunAsync(MadeUp.Inputs(150)).ToBlockingEnumerable().ToList();
        Assert.Equal(32, victim.LargestBatch);
        Assert.True(victim.Rows > 20 * victim.Batches, $"{victim.Rows} rows in {victim.Batches} batches");
        var statistics = engine.Statistics;
        Assert.Equal(
            (victim.Batches, victim.Rows, 150),
            (statistics.VictimBatches, statistics.VictimRows, statistics.ExamplesFinished)
        );
        Assert.Equal(outcomes.Sum(o => (long)o.Queries), statistics.Queries);
        Assert.True(statistics.VictimRows <= outcomes.Sum(o => (long)o.UniqueForwards));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(17)]
    [InlineData(100)]
    public void The_query_budget_is_never_exceeded(int budget)
    {
        var inputs = MadeUp.Inputs(60);
        var free = Run(MadeUp.Attack(), inputs);
        var bound = Run(MadeUp.Attack(budget), inputs);
        Assert.All(bound, o => Assert.InRange(o.Queries, 1, budget));
        Assert.Equal(free.Count(o => o.Queries >= budget), bound.Count(o => o.Queries == budget));
        foreach (var (f, b) in free.Zip(bound))
        {
            // An attack that needed less than the budget is untouched by it.
            if (f.Queries < budget)
                Assert.Equal(AttackJson.Line(f), AttackJson.Line(b));
            else
                Assert.Equal(budget, b.Queries);
        }
        foreach (var width in new[] { 1, 3 })
        {
            var beam = Run(
                MadeUp.Attack(budget, similarity: false) with
                {
                    Search = new BeamSearch(width),
                },
                inputs[..10]
            );
            Assert.All(beam, o => Assert.InRange(o.Queries, 1, budget));
        }
    }

    [Fact]
    public void Several_classes_and_single_precision_run()
    {
        var inputs = MadeUp.Inputs(40, classes: 4);
        var attack = MadeUp.Attack() with
        {
            Goal = new RobustTickets.Attacks.Goals.UntargetedGoal(RobustTickets.Attacks.Goals.ScorePrecision.Single),
        };
        var outcomes = GoldenAttacks.Run(attack, new HashVictim(4), inputs);
        Assert.All(outcomes, o => Assert.Equal((double)(float)o.PerturbedScore, o.PerturbedScore));
        Assert.All(
            outcomes.Where(o => o.Result == AttackResult.Success),
            o => Assert.NotEqual(o.Label, o.PerturbedOutput)
        );
        Assert.All(
            outcomes.Where(o => o.Result == AttackResult.Failed),
            o => Assert.True(o.PerturbedScore >= o.OriginalScore)
        );
    }

    public static TheoryData<string, string> Faults() =>
        new()
        {
            { "throws", "boom" },
            { "nan", "NaN" },
            { "short", "a row of 1 numbers" },
            { "missing", "rows for" },
            { "logits", "sums to 2" },
            { "negative", "a probability of 3" },
            { "null", "no rows" },
        };

    [Fact]
    public async Task Outcomes_out_of_order_are_the_same_outcomes()
    {
        var inputs = MadeUp.Inputs(60);
        var early = await GatherAsync(
            new AttackEngine(
                MadeUp.Attack(),
                new HashVictim(),
                new AttackEngineOptions(Concurrency: 16, InOrder: false)
            ).RunAsync(inputs)
        );
        Assert.NotEqual(inputs.Select(i => i.Id), early.Select(o => o.Id));
        Assert.Equal(
            Run(MadeUp.Attack(), inputs).Select(AttackJson.Line).Order(StringComparer.Ordinal),
            early.Select(AttackJson.Line).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task An_answer_that_crosses_the_time_limit_is_judged()
    {
        var inputs = MadeUp.Inputs(20);
        var free = Run(MadeUp.Attack(), inputs);
        var at = free.FindIndex(o => o.Result == AttackResult.Success);
        // Only the answer with the flip takes longer than the limit.
        double[][] Answer(IReadOnlyList<TextPair> texts)
        {
            double[][] rows = [.. texts.Select(t => HashVictim.Row(t, 2))];
            if (rows.Any(r => Array.IndexOf(r, r.Max()) != inputs[at].Label))
                Thread.Sleep(2100);
            return rows;
        }
        var attack = MadeUp.Attack() with { TimeLimit = TimeSpan.FromSeconds(2) };
        var outcome = Assert.Single(
            await GatherAsync(
                new AttackEngine(
                    attack,
                    new FunctionVictim(2, Answer),
                    new AttackEngineOptions(Concurrency: 1)
                ).RunAsync([inputs[at]])
            )
        );
        Assert.Equal(AttackJson.Line(free[at]), AttackJson.Line(outcome));
    }

    [Fact]
    public async Task A_time_limit_ends_an_example_with_its_best_text()
    {
        // A victim that takes long on one example: its share of the batches counts as that
        // example's work.
        var inputs = MadeUp.Inputs(20);
        var free = Run(MadeUp.Attack(), inputs);
        var slow = free.Select((o, i) => (o, i))
            .First(p =>
                p.o is { Result: AttackResult.Failed, WordsChanged: > 0, Queries: > 30 } || p.o.WordsChanged > 1
            )
            .i;
        var marker = inputs[slow].Columns[0].Value[..12];
        double[][] Answer(IReadOnlyList<TextPair> texts)
        {
            foreach (var _ in texts.Where(t => t.First.StartsWith(marker, StringComparison.Ordinal)))
                Thread.Sleep(2);
            return [.. texts.Select(t => HashVictim.Row(t, 2))];
        }
        // Alone in its batches, the example pays for its own waiting only.
        var attack = MadeUp.Attack() with
        {
            TimeLimit = TimeSpan.FromMilliseconds(1),
        };
        var outcomes = await GatherAsync(
            new AttackEngine(attack, new FunctionVictim(2, Answer), new AttackEngineOptions(Concurrency: 1)).RunAsync([
                inputs[slow],
            ])
        );
        var stopped = Assert.Single(outcomes);
        Assert.True(stopped.StoppedByTime);
        Assert.InRange(stopped.Queries, 1, free[slow].Queries - 1);
        Assert.True(stopped.PerturbedScore >= stopped.OriginalScore);
        // A limit that is never reached changes nothing.
        var wide = await GatherAsync(
            new AttackEngine(attack with { TimeLimit = TimeSpan.FromHours(1) }, new HashVictim()).RunAsync(inputs)
        );
        Assert.Equal(free.Select(AttackJson.Line), wide.Select(AttackJson.Line));
    }

    [Fact]
    public async Task A_victim_that_fails_on_large_batches_only_is_asked_again_text_by_text()
    {
        double[][] Answer(IReadOnlyList<TextPair> texts) =>
            texts.Count > 4
                ? throw new InvalidOperationException("too many")
                : [.. texts.Select(t => HashVictim.Row(t, 2))];
        var inputs = MadeUp.Inputs(12);
        var outcomes = await GatherAsync(
            new AttackEngine(MadeUp.Attack(), new FunctionVictim(2, Answer)).RunAsync(inputs)
        );
        Assert.Equal(
            Lines(MadeUp.Attack(), inputs, new AttackEngineOptions()),
            outcomes.Select(o => (o.Id, AttackJson.Line(o)))
        );
    }

    [Fact]
    public async Task Cancelling_stops_and_leaving_early_does_not_hang()
    {
        // The engine runs ahead of its consumer; the victim holds it at one example so that there
        // is something left to cancel, however slow the consumer is.
        var inputs = MadeUp.Inputs(200);
        var marker = inputs[100].Columns[0].Value[..12];
        using var stop = new CancellationTokenSource();
        double[][] Answer(IReadOnlyList<TextPair> texts)
        {
            if (texts.Any(t => t.First.StartsWith(marker, StringComparison.Ordinal)))
                stop.Token.WaitHandle.WaitOne();
            return [.. texts.Select(t => HashVictim.Row(t, 2))];
        }
        var engine = new AttackEngine(
            MadeUp.Attack(),
            new FunctionVictim(2, Answer),
            new AttackEngineOptions(Concurrency: 2)
        );
        var seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in engine.RunAsync(inputs, stop.Token))
            {
                if (++seen == 3)
                    await stop.CancelAsync();
            }
        });
        Assert.InRange(seen, 3, 199);
        await foreach (var _ in engine.RunAsync(inputs))
            break;
        Assert.Empty(await GatherAsync(engine.RunAsync([])));
    }

    [Fact]
    public async Task Impossible_inputs_are_refused_by_name()
    {
        var engine = new AttackEngine(MadeUp.Attack(), new HashVictim());
        async Task<string> Refuse(params Example[] inputs) =>
            (await Assert.ThrowsAsync<DataException>(() => GatherAsync(engine.RunAsync(inputs)))).Message;
        Assert.Contains("'a': label 2", await Refuse(new Example("a", "x", 2)), StringComparison.Ordinal);
        Assert.Contains(
            "'b': the id occurs twice",
            await Refuse(new Example("b", "x", 0), new Example("b", "y", 0)),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "'c': 3 columns",
            await Refuse(new Example("c", [new("p", ""), new("q", ""), new("r", "")], 0)),
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => new AttackEngine(MadeUp.Attack(0), new HashVictim()));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new AttackEngine(MadeUp.Attack(), new HashVictim(), new AttackEngineOptions(BatchSize: 0))
        );
    }

    private static List<AttackOutcome> Run(Attack attack, IReadOnlyList<Example> inputs) =>
        GoldenAttacks.Run(attack, new HashVictim(), inputs);

    // Whatever the batches, the concurrency, the threads and the order of examples.
    private static void RequireSame(
        List<(string Id, string Line)> reference,
        Attack attack,
        IReadOnlyList<Example> inputs
    )
    {
        foreach (var batch in new[] { 1, 7, 64 })
        {
            foreach (var concurrency in new[] { 1, 4, 64 })
            {
                var options = new AttackEngineOptions(batch, batch, concurrency, concurrency == 4 ? 1 : 2);
                Assert.Equal(reference, Lines(attack, inputs, options));
                Assert.Equal(
                    reference.AsEnumerable().Reverse(),
                    Lines(attack, [.. inputs.AsEnumerable().Reverse()], options)
                );
            }
        }
    }

    private static List<(string Id, string Line)> Lines(
        Attack attack,
        IReadOnlyList<Example> inputs,
        AttackEngineOptions options
    ) => [.. GoldenAttacks.Run(attack, new HashVictim(), inputs, options).Select(o => (o.Id, AttackJson.Line(o)))];

    private static async Task<List<AttackOutcome>> GatherAsync(IAsyncEnumerable<AttackOutcome> outcomes)
    {
        var all = new List<AttackOutcome>();
        await foreach (var o in outcomes)
            all.Add(o);
        return all;
    }

    private sealed record ThrowsOn(string First) : RobustTickets.Attacks.Constraints.PositionConstraint
    {
        public override string Name => "throws";

        public override bool Allows(AttackedText current, int position) =>
            current.Words[0] == First ? throw new InvalidOperationException("no rule") : true;
    }

    private sealed class FunctionVictim(int classes, Func<IReadOnlyList<TextPair>, double[][]> answer) : IVictim
    {
        public int ClassCount => classes;

        public double[][] Predict(IReadOnlyList<TextPair> inputs) => answer(inputs);
    }
}
