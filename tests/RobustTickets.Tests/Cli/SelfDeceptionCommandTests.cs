using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Cli;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>
/// <c>attack</c> at other temperatures, with restarts and with held-out words, on a run whose
/// development rows are known.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class SelfDeceptionCommandTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly string _neighbours;

    public SelfDeceptionCommandTests()
    {
        _neighbours = _tiny.Below("table.json");
        File.WriteAllText(
            _neighbours,
            """{"good":["moving","very"],"moving":["good","bad"],"dull":["bad"],"bad":["dull","not"],"film":["story"]"""
                + ""","story":["film"],"very":["not"],"not":["very"]}"""
        );
        File.WriteAllText(_tiny.TrainFile, Rows(300, seed: 1));
        File.WriteAllText(_tiny.DevFile, Rows(60, seed: 2));
        var train = CliRun.Of(
            "train",
            "--recipe",
            "fine-tune",
            "--model",
            _tiny.Model,
            "--data",
            _tiny.Data,
            "--task",
            "sst2",
            "--out",
            _tiny.Below("run"),
            "--set",
            "retrain.epochs=2",
            "--set",
            "retrain.optimizer.learning-rate=0.01"
        );
        Assert.True(train.Code == 0, train.Error);
        Assert.EndsWith($"report: robust-tickets report {_tiny.Below("run")}\n", train.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void The_temperature_is_fitted_on_the_runs_development_rows_none_of_them_attacked()
    {
        var run = Attack("--temperature", "fit", "--num-examples", "12");
        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("fitted on 30 rows of the run's dev", run.Error, StringComparison.Ordinal);
        var folder = _tiny.Below("run", "attacks", "textfooler-temperature-fit");
        var line = Line(folder);
        Assert.StartsWith("fitted on 30 rows", (string)line["source"]!, StringComparison.Ordinal);
        var value = double.Parse((string)line["value"]!, CultureInfo.InvariantCulture);
        Assert.InRange(value, TemperatureFit.Least, TemperatureFit.Greatest);
        Assert.Null(JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "summary.json")))!["temperatures"]);
        // The same number by hand is the same attack.
        var given = Attack(
            "--temperature",
            (string)line["value"]!,
            "--num-examples",
            "12",
            "--out",
            _tiny.Below("by-hand")
        );
        Assert.True(given.Code == 0, given.Error);
        Assert.Equal(
            File.ReadAllText(Path.Combine(folder, "examples.jsonl")),
            File.ReadAllText(_tiny.Below("by-hand", "examples.jsonl"))
        );
    }

    [Fact]
    public void Other_data_are_calibrated_on_the_rows_beside_the_sample()
    {
        File.AppendAllText(_tiny.TrainFile, "a good good good film\t1\n");
        var beside = Attack("--temperature", "fit", "--num-examples", "12");
        Assert.True(beside.Code == 0, beside.Error);
        Assert.Contains("48 rows of dev beside those attacked", beside.Error, StringComparison.Ordinal);
        var none = Attack("--temperature", "fit", "--num-examples", "50", "--out", _tiny.Below("none"));
        Assert.Equal(ExitCodes.Usage, none.Code);
        Assert.Contains("--temperature fit: needs at least 20 held-out rows", none.Error, StringComparison.Ordinal);
        Assert.Contains("found 10", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_grid_every_temperature_is_told_and_the_lowest_counts()
    {
        string[] options = ["--temperature", "fit,grid", "--num-examples", "20", "--out", _tiny.Below("grid")];
        var run = Attack(options);
        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("lowest of the temperatures fit ", run.Out, StringComparison.Ordinal);
        var summary = JsonNode.Parse(File.ReadAllText(_tiny.Below("grid", "summary.json")))!;
        var each = summary["temperatures"]!.AsArray();
        Assert.Equal(5, each.Count);
        Assert.Equal([true, false, false, false, false], each.Select(t => (bool)t!["fitted"]!));
        Assert.Equal([0.25, 1, 4, 16], each.Skip(1).Select(t => (double)t!["temperature"]!));
        Assert.Equal(each.Min(t => (double)t!["aua"]!), (double)summary["aua"]!);
        foreach (var t in each)
        {
            var name = (bool)t!["fitted"]! ? "fit" : ((double)t["temperature"]!).ToString(CultureInfo.InvariantCulture);
            var own = JsonNode.Parse(File.ReadAllText(_tiny.Below("grid", $"temperature-{name}", "summary.json")))!;
            Assert.Equal((double)own["aua"]!, (double)t["aua"]!);
        }
        // At temperature 1 the attack is the plain one.
        Assert.Equal(0, Attack("--num-examples", "20", "--out", _tiny.Below("plain")).Code);
        Assert.Equal(
            File.ReadAllText(_tiny.Below("plain", "examples.jsonl")),
            File.ReadAllText(_tiny.Below("grid", "temperature-1", "examples.jsonl"))
        );
        // Again: nothing is attacked twice, and the files stay.
        var before = File.ReadAllText(_tiny.Below("grid", "summary.json"));
        Assert.Equal(0, Attack(options).Code);
        Assert.Equal(before, File.ReadAllText(_tiny.Below("grid", "summary.json")));
        // A folder of one attack does not become one of several.
        var other = Attack("--temperature", "grid", "--num-examples", "20", "--out", _tiny.Below("plain"));
        Assert.Equal(ExitCodes.Usage, other.Code);
        Assert.Contains("use another folder", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Restarts_and_held_out_words_have_folders_and_lines_of_their_own()
    {
        var run = Attack("--restarts", "2", "--held-out-words", "--num-examples", "8");
        Assert.True(run.Code == 0, run.Error);
        var settings = JsonNode.Parse(
            File.ReadAllText(_tiny.Below("run", "attacks", "textfooler-restarts-2-held-out-words", "settings.json"))
        )!;
        var items = settings["composition"]!.AsArray().Select(l => (string)l!["item"]!).ToList();
        Assert.Equal(["dictionary", "restarts"], items[^2..]);
        Assert.Equal(0, Attack("--num-examples", "8").Code);
        var plain = File.ReadAllText(_tiny.Below("run", "attacks", "textfooler", "settings.json"));
        Assert.DoesNotContain("restarts", plain, StringComparison.Ordinal);
        Assert.DoesNotContain("held-out substitutions", plain, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--temperature 0", "--temperature 0: expected a number above 0, fit, grid")]
    [InlineData("--temperature warm", "--temperature warm: expected a number above 0, fit, grid")]
    [InlineData("--restarts 0", "--restarts must be at least 1, found 0")]
    [InlineData(
        "--held-out-words --recipe deepwordbug",
        "--held-out-words: deepwordbug has no dictionary of substitutes"
    )]
    public void What_cannot_be_is_refused_in_the_words_of_the_command(string options, string message)
    {
        var run = CliRun.Of([
            "attack",
            "--model",
            _tiny.Below("run"),
            "--data",
            _tiny.Data,
            "--task",
            "sst2",
            "--out",
            _tiny.Below("refused"),
            .. options.Split(' '),
        ]);
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_tiny.Below("refused")));
    }

    private CliRun Attack(params string[] more) =>
        CliRun.Of([
            "attack",
            "--recipe",
            "textfooler",
            "--model",
            _tiny.Below("run"),
            "--data",
            _tiny.Data,
            "--task",
            "sst2",
            "--neighbours",
            _neighbours,
            "--no-similarity",
            "--no-part-of-speech",
            .. more,
        ]);

    private static JsonNode Line(string folder) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "settings.json")))!["run"]!
            .AsArray()
            .Single(l => (string)l!["item"]! == "temperature")!;

    // Texts of random words, no two alike; the words tell the label.
    private static string Rows(int count, int seed)
    {
        string[] words = ["good", "moving", "bad", "dull", "film", "story", "very", "not", "and", "the"];
        var random = new Random(seed);
        var seen = new HashSet<string>();
        var text = new System.Text.StringBuilder("sentence\tlabel\n");
        while (seen.Count < count)
        {
            var picked = Enumerable.Range(0, random.Next(5, 10)).Select(_ => random.Next(words.Length)).ToArray();
            var score = picked.Count(w => w < 2) - picked.Count(w => w is 2 or 3);
            var sentence = $"{(seed == 1 ? "a" : "the")} {string.Join(' ', picked.Select(w => words[w]))}";
            if (score != 0 && seen.Add(sentence))
                text.Append(CultureInfo.InvariantCulture, $"{sentence}\t{(score > 0 ? 1 : 0)}\n");
        }
        return text.ToString();
    }
}
