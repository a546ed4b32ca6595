// Rows that take their ticket from another row's run: what they give must be, byte for byte, what a
// search of their own gives, and their cost must count that search.
using System.Text.Json.Nodes;
using RobustTickets.Cli;
using RobustTickets.Recipes.Json;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Experiments;

[Collection(TorchCollection.Name)]
public sealed class SharedTicketTests : IDisposable
{
    private readonly TinyExperiment _tiny = new();

    public SharedTicketTests()
    {
        File.WriteAllText(_tiny.Task.Below("masks.json"), RecipeJson.Write(MaskRecipesTests.Tiny("robust-ticket")));
        File.WriteAllText(_tiny.Task.Below("random.json"), RecipeJson.Write(MaskRecipesTests.Tiny("random-weights")));
        File.WriteAllText(_tiny.Task.Below("lth.json"), RecipeJson.Write(MaskRecipesTests.Tiny("lth")));
        var json = TinyExperiment.Json();
        json["rows"] = new JsonArray(
            Row("random", "random.json", "masks"), // before the row that it follows: cells run in the order they need
            Row("masks", "masks.json", null),
            Row("sparser", "masks.json", "masks", "draw.sparsity=0.6"),
            Row("sparser-alone", "masks.json", null, "draw.sparsity=0.6"),
            Row("one-round", "lth.json", "three-rounds", "search.rounds=1", "draw.sparsity=0.1"),
            Row("three-rounds", "lth.json", null),
            Row("one-round-alone", "lth.json", null, "search.rounds=1", "draw.sparsity=0.1"),
            Row("slim", "ticket.json", null),
            Row("redrawn", "ticket.json", "slim", "retrain.weights=redrawn-matrices"),
            Row("redrawn-alone", "ticket.json", null, "retrain.weights=redrawn-matrices")
        );
        json["seeds"] = new JsonArray(1);
        json["attacks"] = new JsonArray();
        json.Remove("baseline");
        json["figures"] = new JsonArray(
            new JsonObject
            {
                ["name"] = "sparsity",
                ["title"] = "Over sparsity",
                ["kind"] = "sweep",
                ["field"] = "draw.sparsity",
                ["rows"] = new JsonArray("masks", "sparser"),
            }
        );
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());
    }

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void One_search_serves_several_rows_and_costs_each_what_its_own_would()
    {
        var output = _tiny.Task.Below("shared");
        var alone = Run(output, "--only", "sparser");
        Assert.Equal(ExitCodes.Usage, alone.Code);
        Assert.Contains(
            "--only: sparser.toy.seed-1 needs the ticket of masks.toy.seed-1, which is not finished",
            alone.Error,
            StringComparison.Ordinal
        );
        // The slimming search of the row that names no other is like that of "slim".
        Assert.Contains("1 of 2 searches repeat earlier ones", Run(output, "--dry-run").Out);
        var run = Run(output);
        Assert.True(run.Code == ExitCodes.Ok, run.Error);

        foreach (
            var (shared, own) in new[]
            {
                ("sparser", "sparser-alone"),
                ("redrawn", "redrawn-alone"),
                ("one-round", "one-round-alone"),
            }
        )
        {
            Assert.Equal(
                File.ReadAllBytes(Of(output, own, "model", "model.safetensors")),
                File.ReadAllBytes(Of(output, shared, "model", "model.safetensors"))
            );
            Assert.Equal(
                ["retrain"],
                RunFiles
                    .Events(Of(output, shared))
                    .Select(l => (string)JsonNode.Parse(l)!["stage"]!)
                    .Where(stage => stage != "control")
                    .Distinct()
            );
            foreach (
                var column in new[]
                {
                    "clean",
                    "parameters",
                    "forward_passes",
                    "backward_passes",
                    "weight_gradient_passes",
                    "gflop",
                }
            )
                Assert.Equal(Cell(output, own, column), Cell(output, shared, column));
        }
        // A slimming search that another cell made is taken from there without being asked for.
        Assert.Equal(
            Path.GetFileName(Of(output, "slim")),
            (string?)
                JsonNode.Parse(File.ReadAllText(Of(output, "redrawn-alone", "environment.json")))!["extra"]![
                    "search_of"
                ]
        );
        Assert.NotEqual(Cell(output, "random", "forward_passes"), Cell(output, "masks", "forward_passes"));
        Assert.Equal(Kept(output, "masks"), Kept(output, "random"));
        Assert.NotEqual(
            File.ReadAllBytes(Of(output, "masks", "ticket", "masks.safetensors")),
            File.ReadAllBytes(Of(output, "random", "ticket", "masks.safetensors"))
        );
        Assert.Equal(
            ["0.3", "0.6"],
            TinyExperiment
                .Lines(File.ReadAllText(TinyExperiment.Table(output, "figures", "sparsity.toy.csv")))
                .Skip(1)
                .Select(l => l[1])
        );

        // The folder may be moved: runs name each other from beside themselves.
        var moved = _tiny.Task.Below("moved");
        Directory.Move(output, moved);
        Directory.Delete(Of(moved, "sparser"), recursive: true);
        Assert.Equal(ExitCodes.Ok, Run(moved, "--only", "sparser").Code);
        Assert.Equal(
            File.ReadAllBytes(Of(moved, "sparser-alone", "model", "model.safetensors")),
            File.ReadAllBytes(Of(moved, "sparser", "model", "model.safetensors"))
        );
    }

    private (int Code, string Out, string Error) Run(string output, params string[] more)
    {
        // The table of substitutes is no resource of an experiment without attacks.
        string[] arguments =
        [
            "experiment",
            _tiny.FilePath,
            "--model",
            _tiny.Task.Model,
            "--data",
            $"toy={_tiny.Task.Data}",
            "--out",
            output,
            "--threads",
            "1",
            .. more,
        ];
        var run = Cli.CliRun.Of(arguments);
        return (run.Code, run.Out, run.Error);
    }

    private static JsonObject Row(string name, string recipe, string? ticketOf, params string[] set)
    {
        var row = new JsonObject
        {
            ["name"] = name,
            ["recipe"] = recipe,
            ["set"] = new JsonArray([.. set.Select(s => (JsonNode)s)]),
        };
        if (ticketOf is not null)
            row["ticket-of"] = ticketOf;
        return row;
    }

    private static string Of(string output, string row, params string[] parts) =>
        Path.Combine([TinyExperiment.Cell(output, $"{row}.toy.seed-1"), .. parts]);

    private static string Cell(string output, string row, string column)
    {
        var lines = TinyExperiment.Lines(File.ReadAllText(TinyExperiment.Table(output, "results.csv")));
        return lines.Single(l => l[Array.IndexOf(lines[0], "method")] == row)[Array.IndexOf(lines[0], column)];
    }

    private static long[] Kept(string output, string row) =>
        [
            .. JsonNode.Parse(File.ReadAllText(Of(output, row, "ticket", "ticket.json")))!["matrices"]!
                .AsArray()
                .Select(m => (long)m!["kept"]!),
        ];
}
