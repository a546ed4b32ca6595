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

    [Theory]
    [InlineData("no rows for 1 texts")]
    [InlineData("no scores for 2 classes")]
    public void What_a_function_leaves_out_is_said(string said)
    {
        var nothing = said[3] == 'r';
        foreach (
            var victim in new[]
            {
                FunctionVictim.FromPairs(2, _ => nothing ? null! : [null!]),
                new FunctionVictim(2, texts => texts.Count == 0 || nothing ? null! : new float[][] { null! }),
            }
        )
            Assert.Contains(
                said,
                Assert.Throws<InvalidOperationException>(() => victim.Predict(["x"])).Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void Nothing_given_is_refused_where_it_is_given()
    {
        Assert.Throws<ArgumentNullException>(() =>
            new FunctionVictim(2, (Func<IReadOnlyList<string>, float[][]>)null!)
        );
        Assert.Throws<ArgumentNullException>(() =>
            new FunctionVictim(2, (Func<IReadOnlyList<TextPair>, CancellationToken, Task<double[][]>>)null!)
        );
        Assert.Throws<ArgumentNullException>(() => FunctionVictim.FromPairs(2, null!));
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

    private static async Task<List<AttackOutcome>> RunAsync(IVictim victim, CancellationToken stop)
    {
        var attack = AttackRecipe.DeepWordBug(new AttackParts(new NeighbourTable([]), StopWords.English)).Build();
        var outcomes = new List<AttackOutcome>();
        await foreach (var outcome in new AttackEngine(attack, victim).RunAsync(One, stop))
            outcomes.Add(outcome);
        return outcomes;
    }
}
