// Several tables in one folder: what is the same is made once, whatever the tables call it, and a
// table shows what it shows alone.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli;
using RobustTickets.Tests.Cli;
using Xunit;

namespace RobustTickets.Tests.Experiments;

[Collection(TorchCollection.Name)]
public sealed class SharedCellTests : IDisposable
{
    private readonly TinyExperiment _tiny = new();
    private readonly string _folder;

    public SharedCellTests()
    {
        _folder = Directory.CreateDirectory(_tiny.Task.Below("tables")).FullName;
        foreach (var recipe in new[] { "plain.json", "ticket.json" })
            File.Copy(
                _tiny.Task.Below(recipe),
                Path.Combine(Directory.CreateDirectory(_tiny.Task.Below("r")).FullName, recipe)
            );
        var first = TinyExperiment.Json();
        first["name"] = "first";
        first.Remove("figures");
        first["seeds"] = new JsonArray(1);
        foreach (var row in first["rows"]!.AsArray().Where(r => r!["recipe"] is not null))
            row!["recipe"] = "../r/" + (string)row["recipe"]!;
        var second = (JsonObject)first.DeepClone();
        second["name"] = "second";
        second["seeds"] = new JsonArray(1, 2);
        second["rows"]!.AsArray().RemoveAt(2);
        second["rows"]!.AsArray().RemoveAt(1);
        second["rows"]![0]!["name"] = "baseline";
        second["rows"]!
            .AsArray()
            .Add(
                new JsonObject
                {
                    ["name"] = "longer",
                    ["recipe"] = "../r/plain.json",
                    ["set"] = new JsonArray("retrain.epochs=2"),
                }
            );
        second["baseline"] = "baseline";
        second["attacks"]![0]!["name"] = "words";
        // Speed is no part of what an attack is.
        second["attacks"]![0]!["options"]!.AsArray().Add("batch-size=3");
        second["attacks"]!
            .AsArray()
            .Add(
                new JsonObject
                {
                    ["name"] = "fewer",
                    ["recipe"] = "textfooler",
                    ["examples"] = 5,
                    ["resources"] = new JsonArray("neighbours"),
                    ["options"] = new JsonArray("no-part-of-speech", "no-similarity"),
                }
            );
        File.WriteAllText(Path.Combine(_folder, "b-second.json"), second.ToJsonString());
        File.WriteAllText(Path.Combine(_folder, "a-first.json"), first.ToJsonString());
    }

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Equal_cells_of_several_tables_are_made_once_and_each_table_is_what_it_is_alone()
    {
        var output = _tiny.Task.Below("shared");
        var dry = Run(output, "--dry-run");
        Assert.True(dry.Code == ExitCodes.Ok, dry.Error);
        Assert.Contains("7 cells: 6 models of 5 runs (1 shared); 11 attacks: 10 distinct (1 shared)", dry.Out);
        Assert.False(Directory.Exists(output));

        var run = Run(output);
        Assert.True(run.Code == ExitCodes.Ok, run.Error);
        Assert.Equal(5, Directory.GetDirectories(Path.Combine(output, "cells")).Length);
        var cell = TinyExperiment.Cell(output, "plain.toy.seed-1", "first");
        Assert.Equal(cell, TinyExperiment.Cell(output, "baseline.toy.seed-1", "second"));
        Assert.Equal(
            TinyExperiment.Attack(output, "plain.toy.seed-1", "swap", "first"),
            TinyExperiment.Attack(output, "baseline.toy.seed-1", "words", "second")
        );
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(cell, "attacks")).Length);
        Assert.DoesNotContain("cell 4 of 7: second/baseline.toy.seed-1:", run.Error, StringComparison.Ordinal);

        foreach (var (file, name) in new[] { ("a-first.json", "first"), ("b-second.json", "second") })
        {
            var alone = _tiny.Task.Below("alone-" + name);
            var single = CliRun.Of(Arguments(alone, Path.Combine(_folder, file)));
            Assert.True(single.Code == ExitCodes.Ok, single.Error);
            string Table(string folder) =>
                TinyExperiment.Timeless(File.ReadAllText(Path.Combine(folder, name, "results.csv")));
            Assert.Equal(Table(alone), Table(output));
            // Of the other table nothing is known here, though it shares a cell.
            Assert.Contains("cells are open according to their own tables", Run(alone, "--list").Error);
        }
        Assert.DoesNotContain("note:", Run(output, "--list").Error);

        // Everything is done, by whatever name.
        var again = Run(output);
        Assert.DoesNotContain("cell ", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_one_table_began_goes_on_in_another()
    {
        var output = _tiny.Task.Below("continued");
        var cut = TinyExperiment.RunOf(
            Arguments(output, Path.Combine(_folder, "b-second.json"), "--only", "baseline.toy.seed-1"),
            "retrain 1/7"
        );
        Assert.True(cut.Code == ExitCodes.Interrupted, cut.Error);
        var run = CliRun.Of(Arguments(output, Path.Combine(_folder, "a-first.json"), "--only", "plain"));
        Assert.True(run.Code == ExitCodes.Ok, run.Error);
        Assert.Equal(
            TinyExperiment.Cell(output, "plain.toy.seed-1", "first"),
            TinyExperiment.Cell(output, "baseline.toy.seed-1", "second")
        );
    }

    [Fact]
    public void An_attack_that_fails_in_one_table_is_no_failure_of_another_that_shares_its_run()
    {
        var output = _tiny.Task.Below("one-fails");
        string[] only = ["--only", "plain.toy.seed-1", "--only", "baseline.toy.seed-1"];
        Assert.Equal(ExitCodes.Ok, Run(output, only).Code);
        var attack = TinyExperiment.Attack(output, "baseline.toy.seed-1", "fewer", "second");
        var lines = Path.Combine(attack, "examples.jsonl");
        File.WriteAllLines(lines, File.ReadLines(lines).Select((line, i) => i == 0 ? "out of order" : line).ToArray());
        File.Delete(Path.Combine(attack, "summary.json"));
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var run = Run(output, only);
            Assert.NotEqual(ExitCodes.Ok, run.Code);
            Assert.Contains("corrupt line in the attack log", run.Error);
            var list = Run(output, [.. only, "--list"]).Out;
            Assert.Matches(@"(?m)^plain\.toy\.seed-1 +done", list);
            Assert.Matches(@"(?m)^baseline\.toy\.seed-1 +failed", list);
        }
        var shared = Path.GetFileName(TinyExperiment.Cell(output, "plain.toy.seed-1", "first"));
        Assert.Equal(
            [$"{shared}.{Path.GetFileName(attack)}.json"],
            Directory.GetFiles(Path.Combine(output, "failures")).Select(Path.GetFileName)
        );
    }

    [Fact]
    public void Precision_belongs_to_what_a_cell_is_and_a_table_holds_one()
    {
        var output = _tiny.Task.Below("precise");
        string[] only = ["--only", "first"];
        Assert.Equal(ExitCodes.Ok, Run(output, [.. only]).Code);
        var runs = Directory.GetDirectories(Path.Combine(output, "cells"));
        var dry = Run(output, [.. only, "--precision", "bf16", "--dry-run", "--json"]);
        Assert.True(dry.Code == ExitCodes.Ok, dry.Error);
        foreach (var cell in JsonNode.Parse(dry.Out)!.AsArray())
        {
            Assert.Equal("open", (string)cell!["state"]!);
            Assert.DoesNotContain((string)cell["run"]!, runs.Select(Path.GetFileName));
        }
    }

    [Fact]
    public void Places_that_nothing_uses_are_noted_with_what_was_probably_meant()
    {
        var run = Run(
            _tiny.Task.Below("noted"),
            "--dry-run",
            "--data",
            "toys=/nowhere",
            "--resource",
            "wordnet=/nowhere"
        );
        Assert.True(run.Code == ExitCodes.Ok, run.Error);
        Assert.Contains("note: no experiment here has data \"toys\"; did you mean toy?", run.Error);
        Assert.Contains("note: no attack and no recipe here uses wordnet; used: neighbours", run.Error);
        var list = Run(_tiny.Task.Below("noted"), "--list", "--data", "toys=/nowhere");
        Assert.Contains("note: no experiment here has data \"toys\"; did you mean toy?", list.Error);
    }

    [Fact]
    public void A_table_s_own_folder_and_two_tables_of_one_name_are_refused()
    {
        var table = Directory.CreateDirectory(_tiny.Task.Below("table")).FullName;
        File.WriteAllText(Path.Combine(table, "experiment.json"), "{}");
        var run = Run(table);
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains("is the folder of a single table; use its parent folder, which contains all tables", run.Error);

        File.Copy(Path.Combine(_folder, "a-first.json"), Path.Combine(_folder, "c.json"));
        run = Run(_tiny.Task.Below("twice"));
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains("first: is the name of two experiments", run.Error);
    }

    private string[] Arguments(string output, string file, params string[] more) =>
        ["experiment", file, .. _tiny.Arguments(output, more)[2..]];

    private (int Code, string Out, string Error) Run(string output, params string[] more)
    {
        var run = CliRun.Of(Arguments(output, _folder, more));
        return (run.Code, run.Out, run.Error);
    }
}
