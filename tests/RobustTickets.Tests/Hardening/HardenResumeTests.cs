// What an interrupted comparison keeps: the time of its attacks, its dictionaries and its rule.
using RobustTickets.Attacks;
using RobustTickets.Hardening;
using RobustTickets.Pipeline;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Hardening;

[Collection(TorchCollection.Name)]
public sealed class HardenResumeTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly HandClock _time = new();
    private readonly string _csv;
    private readonly string _table;

    public HardenResumeTests()
    {
        _csv = _tiny.Below("rows.csv");
        File.WriteAllText(_csv, HardenRunTests.Rows(330, seed: 1, "text,label"));
        _table = _tiny.Below("neighbours.json");
        File.WriteAllText(_table, """{"good":["moving"],"bad":["dull"]}""");
    }

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void The_time_of_an_interrupted_attack_is_spent()
    {
        StopInTheFirstAttack(Request("late"), seconds: 60);
        var folder = new HardenFolder(_tiny.Below("late"));
        Assert.InRange(folder.Clock().Seconds, 60, 61);
        _time.Seconds = 1000;
        using var stop = new CancellationTokenSource();
        var progress = new SyncProgress<HardenProgress>(p =>
        {
            if (p is HardenNote { Text: "training fine-tune" })
                stop.Cancel();
        });
        var resumed = Request("late") with { Resume = true };
        Assert.ThrowsAny<OperationCanceledException>(() => resumed.Run(progress, stop.Token));
        // What the attacks on a row take is measured over both calls.
        var clock = folder.Clock();
        Assert.InRange(clock.Seconds, 60, 61);
        Assert.Equal(60.0 / folder.Plan()!.DevelopmentExamples, clock.AttackSeconds!.Value, 0.01);
        Assert.Contains(
            "its own",
            File.ReadAllText(Path.Combine(folder.Attack("given", "development", "deepwordbug"), "settings.json")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Other_dictionaries_are_refused()
    {
        StopInTheFirstAttack(Request("tables"), seconds: 0);
        var resumed = Request("tables") with { Resume = true };
        File.WriteAllText(_table, """{"good":["dull"],"bad":["moving"]}""");
        var changed = Assert.Throws<DataException>(() => resumed.Run());
        Assert.Contains("the dictionaries that defences train on", changed.Message, StringComparison.Ordinal);
        var missing = Assert.Throws<DataException>(() => (resumed with { Resources = new ResourceFiles() }).Run());
        Assert.Contains("have changed since it was started", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_rule_is_refused()
    {
        StopInTheFirstAttack(Request("rule"), seconds: 0);
        var folder = new HardenFolder(_tiny.Below("rule"));
        folder.Save(folder.Plan()! with { Rule = "the first one" });
        var error = Assert.Throws<DataException>(() => (Request("rule") with { Resume = true }).Run());
        Assert.Contains("fixed another rule there", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.90, 0.90, "given")]
    [InlineData(0.51, 0.90, "fine-tune")]
    [InlineData(0.51, 0.52, "given")]
    public void A_given_model_that_has_not_learned_is_no_baseline(double given, double plain, string baseline)
    {
        var rows = Enumerable
            .Range(0, 200)
            .Select(i => new Example($"{i}", new TextPair($"text {i}"), i % 2))
            .ToArray();
        DevelopmentRow Row(string name, double clean) => new(name, clean, [0.1], null, 0);
        Assert.Equal(
            baseline,
            HardenDevelopment.Baseline([Row("given", given), Row("fine-tune", plain), Row("hardened", 0.9)], rows)
        );
        Assert.Equal("given", HardenDevelopment.Baseline([Row("given", given), Row("hardened", 0.9)], rows));
    }

    [Fact]
    public void Texts_that_are_cut_are_told_of()
    {
        var lines = HardenRunTests.Rows(330, seed: 1, "text,label").Split('\n');
        var longer = string.Join(' ', Enumerable.Repeat("story", 300));
        File.WriteAllLines(_csv, lines.Select((l, i) => i > 0 && i % 5 == 0 ? $"{longer} {l}" : l));
        var inputs = HardenInputs.Open(Request("cut"), default);
        Assert.Contains(
            inputs.Notes,
            n => n.Contains($"are longer than {inputs.MaxLength} word pieces", StringComparison.Ordinal)
        );
        Assert.Null(inputs.OwnLength);
        Assert.DoesNotContain(inputs.Notes, IsOfUnknown);
        var words = HardenRunTests.Rows(330, seed: 1, "text,label").Replace("film", "фильм", StringComparison.Ordinal);
        File.WriteAllText(_csv, words.Replace("story", "сюжет", StringComparison.Ordinal));
        Assert.Contains(HardenInputs.Open(Request("other"), default).Notes, IsOfUnknown);

        static bool IsOfUnknown(string note) =>
            note.Contains("% of the word pieces of the training rows are unknown", StringComparison.Ordinal);
    }

    // Cancelled at its first outcome, after some seconds.
    private void StopInTheFirstAttack(HardenRequest request, double seconds)
    {
        using var stop = new CancellationTokenSource();
        var progress = new SyncProgress<HardenProgress>(p =>
        {
            if (p is not HardenAttacking || stop.IsCancellationRequested)
                return;
            _time.Seconds += seconds;
            stop.Cancel();
        });
        Assert.ThrowsAny<OperationCanceledException>(() => request.Run(progress, stop.Token));
    }

    private HardenRequest Request(string name) =>
        HardenRunTests.Request(_tiny, _csv, name) with
        {
            Resources = new ResourceFiles(Neighbours: _table),
            Clock = _time,
        };
}
