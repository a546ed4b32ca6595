using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli;
using RobustTickets.Experiments;
using RobustTickets.Reports.Figures;
using RobustTickets.Runs;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Experiments;

[Collection(TorchCollection.Name)]
public sealed class ExperimentRunTests : IDisposable
{
    private readonly TinyExperiment _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_table_is_the_same_undisturbed_stopped_again_and_again_and_in_another_order()
    {
        var whole = _tiny.Task.Below("whole");
        var run = _tiny.Run(whole);
        Assert.True(run.Code == ExitCodes.Ok, run.Error);
        var table = File.ReadAllText(TinyExperiment.Table(whole, "results.csv"));
        Assert.Equal(File.ReadAllText(TinyExperiment.Table(whole, "results.md")), run.Out);
        AssertTable(table, whole);
        AssertFigures(TinyExperiment.Table(whole, "figures"), whole);

        // Stopped in a search, in an attack, in a control; then finished.
        var stopped = _tiny.Task.Below("stopped");
        foreach (var at in (string[])["mini-epoch 10", "attacking 10", "control 1/"])
        {
            var cut = _tiny.Run(stopped, at);
            Assert.True(cut.Code == ExitCodes.Interrupted, $"{at}: {cut.Code} {cut.Error}");
        }
        Assert.Equal(ExitCodes.Ok, _tiny.Run(stopped).Code);
        Assert.Equal(
            TinyExperiment.Timeless(table),
            TinyExperiment.Timeless(File.ReadAllText(TinyExperiment.Table(stopped, "results.csv")))
        );

        var backwards = _tiny.Task.Below("backwards");
        foreach (var cell in (string[])["control.toy.seed-2", "ticket", "*.seed-2", "plain"])
            Assert.Equal(ExitCodes.Ok, _tiny.Run(backwards, null, "--only", cell).Code);
        Assert.NotEqual(
            TinyExperiment.Timeless(table),
            TinyExperiment.Timeless(File.ReadAllText(TinyExperiment.Table(backwards, "results.csv")))
        ); // the control of seed 1 is not attacked yet
        Assert.Equal(ExitCodes.Ok, _tiny.Run(backwards).Code);
        Assert.Equal(
            TinyExperiment.Timeless(table),
            TinyExperiment.Timeless(File.ReadAllText(TinyExperiment.Table(backwards, "results.csv")))
        );

        // Everything is done: nothing is touched, not even with other recipes' names on the list.
        var before = Directory
            .GetFiles(Path.Combine(whole, "cells"), "*", SearchOption.AllDirectories)
            .ToDictionary(f => f, File.GetLastWriteTimeUtc);
        var again = _tiny.Run(whole);
        Assert.Equal(ExitCodes.Ok, again.Code);
        Assert.DoesNotContain("cell 1 of", again.Error, StringComparison.Ordinal);
        Assert.Equal(table, File.ReadAllText(TinyExperiment.Table(whole, "results.csv")));
        Assert.Equal(
            before,
            Directory
                .GetFiles(Path.Combine(whole, "cells"), "*", SearchOption.AllDirectories)
                .ToDictionary(f => f, File.GetLastWriteTimeUtc)
        );

        // A recipe that changed since is another run, and no cell passes for one of the old recipe.
        var json = TinyExperiment.Json();
        json["set"] = new JsonArray("retrain.epochs=2");
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());
        Assert.All(
            _tiny.Run(whole, null, "--list").Out.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.Contains(" open ", line, StringComparison.Ordinal)
        );
        var runs = Directory.GetDirectories(Path.Combine(whole, "cells")).Length;
        var changed = _tiny.Run(whole, null, "--only", "plain.toy.seed-1");
        Assert.True(changed.Code == ExitCodes.Ok, changed.Error);
        Assert.Equal(runs + 1, Directory.GetDirectories(Path.Combine(whole, "cells")).Length);
        Assert.Equal(
            ["1", "0", "0"],
            TinyExperiment.Lines(File.ReadAllText(TinyExperiment.Table(whole, "results.csv")))[1..].Select(l => l[2])
        );
    }

    [Fact]
    public void A_cell_that_fails_is_written_down_and_the_others_go_on()
    {
        var json = TinyExperiment.Json();
        json["rows"] = new JsonArray(
            new JsonObject
            {
                ["name"] = "wild",
                ["recipe"] = "plain.json",
                ["set"] = new JsonArray("retrain.optimizer.learning-rate=1e30", "retrain.optimizer.clip=none"),
            },
            new JsonObject { ["name"] = "plain", ["recipe"] = "plain.json" }
        );
        json["seeds"] = new JsonArray(1);
        var again = json["attacks"]![0]!.DeepClone();
        again["name"] = "again";
        json["attacks"]!.AsArray().Add(again);
        json.Remove("figures");
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());
        File.WriteAllText(_tiny.Task.Below("published.json"), """{ "note": "as printed", "tables": [], "rows": [] }""");
        var output = _tiny.Task.Below("wild");
        var run = _tiny.Run(output, null, "--json");
        Assert.Equal(ExitCodes.Numeric, run.Code);
        var result = JsonNode.Parse(run.Out)!;
        Assert.Equal(["failed", "done"], result["cells"]!.AsArray().Select(c => (string)c!["state"]!));
        Assert.Contains("step", (string)result["cells"]![0]!["failure"]!, StringComparison.Ordinal);
        // What has not run takes one row, whatever the number of its attacks.
        Assert.Equal([1, 0, 0], result["rows"]!.AsArray().Select(r => (int)r!["failed"]!));
        Assert.Equal([null, "swap", "again"], result["rows"]!.AsArray().Select(r => (string?)r!["attack"]));
        // Every page names it and says why.
        string[] pages =
        [
            TinyExperiment.Table(output, "results.md"),
            TinyExperiment.Table(output, "report.html"),
            Path.Combine(output, "evidence.md"),
            Path.Combine(output, "evidence.html"),
        ];
        foreach (var page in pages)
            Assert.Matches("failed: wild.toy.seed-1: .*step", File.ReadAllText(page));
        Assert.Contains("wild.toy.seed-1   failed", _tiny.Run(output, null, "--list").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Examples_that_could_not_be_attacked_are_attacked_again()
    {
        const string Plain = "plain.toy.seed-1";
        var output = _tiny.Task.Below("errors");
        Assert.Equal(ExitCodes.Ok, _tiny.Run(output, null, "--only", Plain).Code);
        // As the first attempt leaves it: a finished attack, an example that is in no figure, and
        // what was written down of it.
        var lines = Path.Combine(TinyExperiment.Attack(output, Plain), "examples.jsonl");
        var whole = File.ReadAllText(lines);
        var outcomes = AttackLog.Read(lines).ToArray();
        outcomes[0] = outcomes[0] with
        {
            Result = AttackResult.Error,
            Error = new AttackError(AttackErrorKind.ModelThrew, "out of order"),
        };
        File.WriteAllText(lines, string.Concat(outcomes.Select(o => AttackJson.Line(o) + "\n")));
        var failures = Directory.CreateDirectory(Path.Combine(output, "failures")).FullName;
        var name = Path.GetFileName(TinyExperiment.Cell(output, Plain));
        File.WriteAllText(Path.Combine(failures, $"{name}.json"), """{"message":"of the first attempt"}""");
        Assert.Contains($"{Plain}  failed", _tiny.Run(output, null, "--only", Plain, "--list").Out);
        var again = _tiny.Run(output, null, "--only", Plain);
        Assert.True(again.Code == ExitCodes.Ok, again.Error);
        Assert.Equal(whole, File.ReadAllText(lines));
        Assert.Contains($"{Plain}  done", _tiny.Run(output, null, "--only", Plain, "--list").Out);
    }

    [Fact]
    public void The_library_runs_the_table_of_the_command()
    {
        string[] only = ["plain.toy.seed-1", "ticket.toy.seed-2"];
        var command = _tiny.Task.Below("command");
        Assert.Equal(ExitCodes.Ok, _tiny.Run(command, null, "--only", only[0], "--only", only[1]).Code);
        var request = new ExperimentRequest(
            ExperimentFiles.Plan([_tiny.FilePath]),
            _tiny.Task.Model,
            new Dictionary<string, string> { ["toy"] = _tiny.Task.Data },
            _tiny.Task.Below("library"),
            new Dictionary<string, string> { ["neighbours"] = _tiny.Neighbours },
            only
        );
        Assert.Empty(request.Run());
        Assert.Equal(
            TinyExperiment.Timeless(File.ReadAllText(TinyExperiment.Table(command, "results.csv"))),
            TinyExperiment.Timeless(File.ReadAllText(TinyExperiment.Table(request.Output, "results.csv")))
        );
        foreach (var file in new[] { "settings.json", "examples.jsonl", "summary.json" })
        {
            Assert.Equal(
                File.ReadAllText(Path.Combine(TinyExperiment.Attack(command, only[0]), file)),
                File.ReadAllText(Path.Combine(TinyExperiment.Attack(request.Output, only[0]), file))
            );
        }
        var unknown = request with { Only = ["nothing"] };
        Assert.Equal("Only", Assert.Throws<RequestException>(() => unknown.Run()).Field);
    }

    [Fact]
    public void Wrong_attacks_are_told_with_everything_else_that_is_wrong()
    {
        var json = TinyExperiment.Json();
        json["attacks"]![0]!["recipe"] = "nope";
        json["attacks"]![0]!["options"]!.AsArray().Add("foo");
        json["data"]![0]!["options"] = new JsonArray("bar=1");
        json["seeds"] = new JsonArray(1, 1);
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());
        var run = _tiny.Run(_tiny.Task.Below("wrong"));
        Assert.Equal(ExitCodes.Usage, run.Code);
        foreach (
            var told in new[]
            {
                _tiny.FilePath,
                "attacks[0].recipe: unknown \"nope\"",
                "attacks[0].options: the option \"foo\" is unknown",
                "data[0].options: the option \"bar\" is unknown here; possible: escape",
                "seeds: a seed occurs twice",
            }
        )
            Assert.Contains(told, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("recipe=pwws", "the option \"recipe=pwws\" is set by the experiment")]
    [InlineData(
        "nonsense=1",
        "attacks[0].options: the option \"nonsense\" is unknown here; possible: augment, batch-size"
    )]
    [InlineData("nonsense", "is unknown or has no value")]
    [InlineData("no-similarity", "occurs twice")]
    [InlineData("full-split-accuracy=1", "takes no value")]
    [InlineData("query-budget=0", "must be 1 or more")]
    [InlineData("temperature=cold", "temperature=cold")]
    [InlineData("restarts=0", "must be 1 or more")]
    [InlineData("held-out-words=2", "must lie in [0, 1)")]
    [InlineData("sample=random", "possible: stratified, first-n")]
    [InlineData("compat=1.0", "possible: 0.3.0, 0.3.4, head")]
    [InlineData("similarity-threshold=much", "similarity-threshold=much")]
    [InlineData("similarity-threshold=0.5", "attacks[0]: Similarity: cannot be combined")]
    [InlineData("masked-lm=x", "attacks[0]: MaskedLM: textfooler does not use it")]
    [InlineData("labels=a,a", "a label occurs twice")]
    public void An_impossible_option_of_an_attack_is_refused_before_any_compute(string option, string told)
    {
        var json = TinyExperiment.Json();
        json["attacks"]![0]!["options"]!.AsArray().Add(option);
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());
        var run = _tiny.Run(_tiny.Task.Below("refused"));
        Assert.True(run.Code == ExitCodes.Usage, $"{run.Code}: {run.Error}");
        Assert.Contains(told, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_tiny.Task.Below("refused")));
    }

    private static void AssertFigures(string figures, string whole)
    {
        string[][] Csv(string name) => TinyExperiment.Lines(File.ReadAllText(Path.Combine(figures, name)));
        var run = RunResult.Load(Path.Combine(TinyExperiment.Cell(whole, "ticket.toy.seed-1"), "result.json"));
        var other = RunResult.Load(Path.Combine(TinyExperiment.Cell(whole, "ticket.toy.seed-2"), "result.json"));
        var neurons = Csv("kept.toy.csv")
            .Where(l => l[0] == "ticket neurons")
            .Select(l => double.Parse(l[2], System.Globalization.CultureInfo.InvariantCulture))
            .ToArray();
        Assert.Equal(
            run.Ticket!.NeuronsPerLayer.Zip(other.Ticket!.NeuronsPerLayer, (a, b) => 50.0 * (a + b) / TinyTask.Neurons),
            neurons
        );
        var pattern = Csv("pattern.toy.ticket.csv");
        Assert.Equal(["layer", "head 0", "head 1", "head 2", "head 3", "neurons"], pattern[0]);
        Assert.Equal(
            neurons,
            pattern
                .Skip(1)
                .Select(l => 100 * double.Parse(l[^1], System.Globalization.CultureInfo.InvariantCulture))
                .ToArray()
        );
        Assert.Equal(
            (run.Ticket.HeadsKept + other.Ticket.HeadsKept) / 2.0,
            pattern
                .Skip(1)
                .Sum(l => l[1..^1].Sum(v => double.Parse(v, System.Globalization.CultureInfo.InvariantCulture))),
            9
        );
        Assert.False(File.Exists(Path.Combine(figures, "pattern.toy.plain.csv")));
        Assert.Equal(
            ["control", "plain", "ticket"],
            Csv("epochs.toy.csv").Skip(1).Select(l => l[0]).Distinct().Order()
        );
        // Rows of one recipe are a curve; the control, which has no such field, is a level line.
        Assert.Equal(
            ["plain clean", "ticket clean", "control clean", "plain swap", "ticket swap", "control swap"],
            Csv("over-seed.toy.csv").Skip(1).Select(l => l[0]).Distinct()
        );
        foreach (var quantity in new[] { "clean", "swap" })
            Assert.Contains(">control<", File.ReadAllText(Path.Combine(figures, $"over-seed.toy.{quantity}.svg")));
        Assert.False(File.Exists(Path.Combine(figures, "over-seed.toy.svg")));
        var distances = Csv("distances.toy.ticket.neurons.csv");
        // One scale for both kinds: its end stands at both.
        var most = new[] { "heads", "neurons" }
            .SelectMany(kind => Csv($"distances.toy.ticket.{kind}.csv").Skip(1).SelectMany(l => l.Skip(1)))
            .Where(v => v.Length > 0)
            .Max(v => double.Parse(v, System.Globalization.CultureInfo.InvariantCulture));
        foreach (var kind in new[] { "heads", "neurons" })
            Assert.Contains(
                $">{PlotAxis.Name(Math.Round(Math.Max(0.02, most), 3))}</text>",
                File.ReadAllText(Path.Combine(figures, $"distances.toy.ticket.{kind}.svg"))
            );
        Assert.Equal(distances.Length, distances[0].Length);
        Assert.StartsWith("<svg", File.ReadAllText(Path.Combine(figures, "kept.toy.svg")), StringComparison.Ordinal);
    }

    [Fact]
    public void Seeds_share_their_data_and_the_best_is_chosen_on_development_data()
    {
        var run = _tiny.Task.NewRun();
        var recipe = RobustTickets.Tests.Resume.TinyTask.SearchRecipe with { Split = new() };
        string[] arguments =
        [
            .. _tiny.Task.Arguments(
                recipe,
                run,
                0,
                "--seeds",
                "3,1",
                "--epochs-equal-control",
                "--set",
                "retrain.epochs=1",
                "--json"
            ),
        ];
        var done = Cli.CliRun.Of(arguments);
        Assert.True(done.Code == ExitCodes.Ok, done.Error);
        var summary = JsonNode.Parse(done.Out)!;
        var results = new[] { 3, 1 }
            .Select(seed => RunResult.Load(Path.Combine(run, $"seed-{seed}", "result.json")))
            .ToArray();
        Assert.Equal([3, 1], results.Select(r => r.Seed));
        Assert.Equal(["3", "1", "mean", "sd"], summary["rows"]!.AsArray().Select(r => (string)r!["seed"]!));
        Assert.Equal(
            results.Average(r => 100 * r.Development!.Accuracy),
            (double)summary["rows"]![2]!["development"]!,
            9
        );
        Assert.Equal(results.MaxBy(r => r.Development!.Accuracy)!.Seed, (int)summary["best_on_development"]!);
        Assert.All(results, r => Assert.NotNull(r.Control));
        var splits = new[] { 3, 1 }
            .Select(seed => RunSplits.Load(Path.Combine(run, $"seed-{seed}", "splits.json")))
            .ToArray();
        Assert.Equal(TinyTask.TrainExamples / 10, splits[0].Development.Ids!.Count);
        Assert.Equal(splits[0].Development.Ids!, splits[1].Development.Ids!);
        Assert.Equal(TinyTask.TrainExamples * 9 / 10, splits[0].Train.Examples);
        Assert.Equal("dev", results[0].EvaluatedSplit);

        // A second start is refused before any compute; a resumed one finds everything done.
        Assert.Equal(ExitCodes.Usage, Cli.CliRun.Of(arguments).Code);
        Assert.Equal(done.Out, Cli.CliRun.Of([.. arguments, "--resume"]).Out);
        Assert.Equal(ExitCodes.Usage, Cli.CliRun.Of([.. arguments, "--seed", "4"]).Code);
    }

    /// <summary>The table against the run folders it came from.</summary>
    private void AssertTable(string csv, string folder)
    {
        var lines = TinyExperiment.Lines(csv);
        Assert.Equal(["plain", "ticket", "control"], lines[1..].Select(l => l[Array.IndexOf(lines[0], "method")]));
        double Of(int row, string column) =>
            double.Parse(
                lines[row][Array.IndexOf(lines[0], column)],
                System.Globalization.CultureInfo.InvariantCulture
            );

        var runs = new[] { 1, 2 }
            .Select(seed =>
                RunResult.Load(Path.Combine(TinyExperiment.Cell(folder, $"ticket.toy.seed-{seed}"), "result.json"))
            )
            .ToArray();
        Assert.Equal(50 * runs.Sum(r => r.CleanDev!.Value), Of(2, "clean"), 9);
        Assert.Equal(50 * runs.Sum(r => r.Control!.Accuracy), Of(3, "clean"), 9);
        Assert.Equal(
            runs.Average(r => r.Stages.Where(s => s.Stage != "control").Sum(s => s.Flops)) / 1e9,
            Of(2, "gflop"),
            9
        );
        Assert.Equal(
            runs.Average(r => r.Stages.Single(s => s.Stage == "control").ForwardPasses),
            Of(3, "forward_passes"),
            9
        );
        Assert.True(Of(2, "parameters") < Of(3, "parameters"));
        Assert.Equal(Of(1, "parameters"), Of(3, "parameters"));
        Assert.Equal([20.0, 20, 20], Enumerable.Range(1, 3).Select(r => Of(r, "n")));
        Assert.Equal(1, Of(1, "speedup"), 9);
        Assert.Equal(Of(1, "seconds") / Of(2, "seconds"), Of(2, "speedup"), 9);
        Assert.InRange(Of(2, "aua"), Of(2, "aua_low"), Of(2, "aua_high"));

        // Sample standard deviation of two values: their distance over the root of two.
        Assert.Equal(
            100 * Math.Abs(runs[0].CleanDev!.Value - runs[1].CleanDev!.Value) / Math.Sqrt(2),
            Of(2, "clean_sd"),
            9
        );
        var splits = RunSplits.Load(Path.Combine(TinyExperiment.Cell(folder, "ticket.toy.seed-1"), "splits.json"));
        Assert.Equal(30, splits.Evaluation.Ids!.Count);
        Assert.Equal(30, runs[0].EvaluatedExamples);
        Assert.Equal(TinyTask.TrainExamples, splits.Train.Examples);
    }
}
