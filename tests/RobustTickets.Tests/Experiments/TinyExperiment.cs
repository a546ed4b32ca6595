// An experiment that runs in seconds: two rows and a control, two seeds, one attack with a table of
// substitutes of its own.
using System.Text.Json.Nodes;
using RobustTickets.Cli;
using RobustTickets.Cli.Terminal;
using RobustTickets.Recipes.Json;
using RobustTickets.Tests.Resume;

namespace RobustTickets.Tests.Experiments;

internal sealed class TinyExperiment : IDisposable
{
    public TinyExperiment()
    {
        File.WriteAllText(
            Task.Below("ticket.json"),
            RecipeJson.Write(TinyTask.SearchRecipe with { Evaluate = new EvaluateStage(EqualEpochControl: true) })
        );
        File.WriteAllText(Task.Below("plain.json"), RecipeJson.Write(TinyTask.FineTuneRecipe));
        File.WriteAllText(FilePath, Json().ToJsonString());
        var table = new JsonObject();
        for (var i = 0; i < TinyTask.Good.Length; i++)
        {
            table[TinyTask.Good[i]] = new JsonArray(TinyTask.Bad[i], TinyTask.Good[(i + 1) % TinyTask.Good.Length]);
            table[TinyTask.Bad[i]] = new JsonArray(TinyTask.Good[i]);
        }
        File.WriteAllText(Neighbours, table.ToJsonString());
    }

    public TinyTask Task { get; } = new();

    public string FilePath => Task.Below("tiny.json");

    public string Neighbours => Task.Below("neighbours.json");

    public static JsonObject Json() =>
        new()
        {
            ["name"] = "tiny",
            ["title"] = "A tiny table",
            ["source"] = "a test",
            ["rows"] = new JsonArray(
                new JsonObject { ["name"] = "plain", ["recipe"] = "plain.json" },
                new JsonObject
                {
                    ["name"] = "ticket",
                    ["recipe"] = "ticket.json",
                    ["set"] = new JsonArray("search.horizon-epochs=1", "search.allow-short=true"),
                },
                new JsonObject { ["name"] = "control", ["control-of"] = "ticket" }
            ),
            ["data"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = "toy",
                    ["task"] = "sst2",
                    ["set"] = new JsonArray("split.evaluation-examples=30"),
                }
            ),
            ["seeds"] = new JsonArray(1, 2),
            ["attacks"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = "swap",
                    ["recipe"] = "textfooler",
                    ["examples"] = 10,
                    ["resources"] = new JsonArray("neighbours"),
                    ["options"] = new JsonArray("no-similarity", "no-part-of-speech"),
                }
            ),
            ["baseline"] = "plain",
            ["set"] = new JsonArray("retrain.epochs=1"),
            ["figures"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = "epochs",
                    ["title"] = "Accuracy",
                    ["kind"] = "epochs",
                },
                new JsonObject
                {
                    ["name"] = "kept",
                    ["title"] = "Kept",
                    ["kind"] = "layers",
                    ["rows"] = new JsonArray("ticket"),
                },
                new JsonObject
                {
                    ["name"] = "pattern",
                    ["title"] = "Pattern",
                    ["kind"] = "pattern",
                },
                new JsonObject
                {
                    ["name"] = "distances",
                    ["title"] = "Distances",
                    ["kind"] = "distances",
                },
                new JsonObject
                {
                    ["name"] = "over-seed",
                    ["title"] = "Over length",
                    ["kind"] = "sweep",
                    ["field"] = "retrain.epochs",
                }
            ),
        };

    public string[] Arguments(string output, params string[] more) =>
        [
            "experiment",
            FilePath,
            "--model",
            Task.Model,
            "--data",
            $"toy={Task.Data}",
            "--resource",
            $"neighbours={Neighbours}",
            "--out",
            output,
            "--threads",
            "1",
            "--checkpoint-every",
            "3",
            .. more,
        ];

    /// <summary>
    /// Runs in this process; asks it to stop when a line on stderr holds <paramref name="stopAt"/>.
    /// </summary>
    public (int Code, string Out, string Error) Run(string output, string? stopAt = null, params string[] more) =>
        RunOf(Arguments(output, more), stopAt);

    /// <inheritdoc cref="Run"/>
    public static (int Code, string Out, string Error) RunOf(string[] arguments, string? stopAt = null)
    {
        using var stop = StopSignal.Detached();
        using var error = new Watched(stopAt, stop);
        using var result = new StringWriter { NewLine = "\n" };
        var code = CliApp.Run(arguments, new CliContext(result, error, TextReader.Null, stop, TerminalInfo.None));
        return (code, result.ToString(), error.ToString());
    }

    /// <summary>A file of the table.</summary>
    public static string Table(string output, params string[] parts) => Path.Combine([output, "tiny", .. parts]);

    /// <summary>Run folder of a cell, as the index of the table says.</summary>
    public static string Cell(string output, string cell, string table = "tiny") =>
        Path.Combine(output, "cells", (string)Place(output, cell, table)["run"]!);

    /// <summary>Folder of the attack on a cell.</summary>
    public static string Attack(string output, string cell, string attack = "swap", string table = "tiny") =>
        Path.Combine(Cell(output, cell, table), "attacks", (string)Place(output, cell, table)["attacks"]![attack]!);

    private static JsonNode Place(string output, string cell, string table) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(output, table, "cells.json")))!["cells"]![cell]!;

    /// <summary>The CSV table without the columns of time.</summary>
    public static string Timeless(string csv)
    {
        var lines = Lines(csv);
        var kept = Enumerable
            .Range(0, lines[0].Length)
            .Where(i => lines[0][i] is not ("seconds" or "seconds_sd" or "tokens_per_second" or "speedup"))
            .ToArray();
        return string.Join('\n', lines.Select(l => string.Join(',', kept.Select(i => l[i]))));
    }

    /// <summary>The fields of a CSV text without quotes inside of quotes.</summary>
    public static string[][] Lines(string csv) =>
        [
            .. csv.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => System.Text.RegularExpressions.Regex.Split(l, ",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)")),
        ];

    public void Dispose() => Task.Dispose();

    private sealed class Watched(string? text, StopSignal stop) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (text is not null && value?.Contains(text, StringComparison.Ordinal) == true)
                stop.Raise(System.Runtime.InteropServices.PosixSignal.SIGINT);
        }
    }
}
