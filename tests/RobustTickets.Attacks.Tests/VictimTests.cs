using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>Functions as victims, and how a call that has begun is stopped.</summary>
public sealed class VictimTests
{
    private static readonly Example[] One = [new("a", "a good film", 1)];

    [Fact]
    public async Task A_cancelled_attack_cancels_the_call_at_work()
    {
        using var stop = new CancellationTokenSource();
        var given = CancellationToken.None;
        var victim = new FunctionVictim(
            2,
            async (texts, token) =>
            {
                given = token;
                await stop.CancelAsync();
                await Task.Delay(Timeout.Infinite, token);
                return [.. texts.Select(_ => new[] { 0.5, 0.5 })];
            }
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(victim, stop.Token));
        Assert.True(given.IsCancellationRequested);
    }

    [Fact]
    public async Task A_cancelled_attack_does_not_wait_for_a_call_that_goes_on()
    {
        using var stop = new CancellationTokenSource();
        var never = new TaskCompletionSource<double[][]>();
        var victim = new FunctionVictim(
            2,
            (_, _) =>
            {
                stop.Cancel();
                return never.Task;
            }
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(victim, stop.Token));
    }

    [Fact]
    public async Task A_time_out_of_the_function_s_own_costs_the_example()
    {
        var victim = new FunctionVictim(2, (_, _) => Task.FromException<double[][]>(new TimeoutException("late")));
        var outcome = Assert.Single(await RunAsync(victim, CancellationToken.None));
        Assert.Equal((AttackResult.Error, AttackErrorKind.ModelThrew), (outcome.Result, outcome.Error!.Kind));
        Assert.Contains("TimeoutException: late", outcome.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_temperature_hands_the_token_on()
    {
        var given = CancellationToken.None;
        var victim = new FunctionVictim(
            2,
            (texts, token) =>
            {
                given = token;
                return Task.FromResult(texts.Select(_ => new[] { 0.25, 0.75 }).ToArray());
            }
        );
        using var stop = new CancellationTokenSource();
        new TemperatureVictim(victim, 2).Predict(["x"], stop.Token);
        Assert.Equal(stop.Token, given);
        stop.Cancel();
        IVictim plain = new HashVictim();
        Assert.Throws<OperationCanceledException>(() => plain.Predict(["x"], stop.Token));
    }

    [Fact]
    public void Pairs_and_double_precision_reach_the_function_and_the_caller_as_they_are()
    {
        TextPair[] seen = [];
        var victim = FunctionVictim.FromPairs(
            2,
            texts =>
            {
                seen = [.. texts];
                return [.. texts.Select(_ => new[] { 1.0 / 3, 2.0 / 3 })];
            }
        );
        TextPair[] asked = [new("a", "b"), new("c")];
        Assert.Equal([1.0 / 3, 2.0 / 3], victim.Predict(asked)[1]);
        Assert.Equal(asked, seen);
        var logits = FunctionVictim.FromPairs(
            2,
            _ =>
                [
                    [0.0, Math.Log(3)],
                ],
            ClassScores.Logits
        );
        Assert.Equal(0.75, logits.Predict(["x"])[0][1], 15);
    }

    [Fact]
    public void Logits_of_texts_are_made_probabilities()
    {
        var victim = new FunctionVictim(
            2,
            texts => [.. texts.Select(t => new[] { 0.0, t.Length })],
            ClassScores.Logits
        );
        Assert.Equal(
            [1 / (1 + Math.Exp(3)), 1 / (1 + Math.Exp(-3))],
            victim.Predict(["abc"])[0],
            (a, b) => Math.Abs(a - b) < 1e-15
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_pair_is_refused_by_a_function_of_texts_and_costs_its_example_alone(int way)
    {
        static double[][] Answer(IReadOnlyList<string> texts) => [.. texts.Select(_ => new[] { 0.25, 0.75 })];
        var victim =
            way == 0
                ? new FunctionVictim(2, Answer)
                : new FunctionVictim(2, (texts, _) => Task.FromResult(Answer(texts)));
        var error = Assert.Throws<ArgumentException>(() => victim.Predict(["x", new TextPair("a", "b")]));
        Assert.StartsWith(
            "text 2 of 2 is a pair, but the function takes single texts; for a function of pairs, "
                + "use FunctionVictim.FromPairs",
            error.Message,
            StringComparison.Ordinal
        );
        var outcomes = await RunAsync(victim, CancellationToken.None, [.. One, new("b", new TextPair("a", "b"), 1)]);
        Assert.Equal(new AttackErrorKind?[] { null, AttackErrorKind.ModelThrew }, outcomes.Select(o => o.Error?.Kind));
        Assert.Contains("FunctionVictim.FromPairs", outcomes[1].Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ClassScores.Probabilities)]
    [InlineData(ClassScores.Logits)]
    public async Task What_a_function_answers_wrongly_is_told_by_the_engine(ClassScores scores)
    {
        (FunctionVictim Victim, string Said)[] wrong =
        [
            (new FunctionVictim(2, (IReadOnlyList<string> _) => null!, scores), "no rows for 1 texts"),
            (new FunctionVictim(2, (IReadOnlyList<string> _) => [], scores), "0 rows for 1 texts"),
            (FunctionVictim.FromPairs(2, _ => [null!], scores), "no row"),
            (
                FunctionVictim.FromPairs(
                    3,
                    _ =>
                        [
                            [0.5, 0.5],
                        ],
                    scores
                ),
                "a row of 2 numbers but has 3 classes"
            ),
        ];
        foreach (var (victim, said) in wrong)
        {
            var outcome = Assert.Single(await RunAsync(victim, CancellationToken.None));
            Assert.Equal(AttackErrorKind.WrongAnswer, outcome.Error?.Kind);
            Assert.Contains(said, outcome.Error!.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Nothing_given_is_refused_where_it_is_given()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new FunctionVictim(1, (IReadOnlyList<string> _) => []));
        Assert.Throws<ArgumentNullException>(() =>
            new FunctionVictim(2, (Func<IReadOnlyList<string>, double[][]>)null!)
        );
        Assert.Throws<ArgumentNullException>(() =>
            new FunctionVictim(2, (Func<IReadOnlyList<string>, CancellationToken, Task<double[][]>>)null!)
        );
        Assert.Throws<ArgumentNullException>(() =>
            FunctionVictim.FromPairs(2, (Func<IReadOnlyList<TextPair>, CancellationToken, Task<double[][]>>)null!)
        );
        Assert.Throws<ArgumentNullException>(() =>
            FunctionVictim.FromPairs(2, (Func<IReadOnlyList<TextPair>, double[][]>)null!)
        );
        Assert.Throws<ArgumentNullException>(() => new Example(null!, "x", 0));
        Assert.Throws<ArgumentNullException>(() =>
            new Example("x", (IReadOnlyList<KeyValuePair<string, string>>)null!, 0)
        );
        Assert.Contains(
            "column 'text'",
            Assert.Throws<ArgumentException>(() => new Example("x", default(TextPair), 0)).Message,
            StringComparison.Ordinal
        );
    }

    private static async Task<List<AttackOutcome>> RunAsync(
        IVictim victim,
        CancellationToken stop,
        Example[]? examples = null
    )
    {
        var attack = AttackRecipe.DeepWordBug(new AttackParts(new NeighbourTable([]), StopWords.English)).Build();
        var outcomes = new List<AttackOutcome>();
        await foreach (var outcome in new AttackEngine(attack, victim).RunAsync(examples ?? One, stop))
            outcomes.Add(outcome);
        return outcomes;
    }
}
