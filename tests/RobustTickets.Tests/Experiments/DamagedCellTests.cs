// Finished cells whose files are damaged afterwards: refused by name, with what to remove, and made
// again when that is done.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Experiments;

[Collection(TorchCollection.Name)]
public sealed class DamagedCellTests : IDisposable
{
    private const string Cell = "plain.toy.seed-1";
    private readonly TinyExperiment _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void An_attack_that_judged_no_example_has_no_figure_in_the_table()
    {
        var output = _tiny.Task.Below("unjudged");
        string[] Row()
        {
            var run = _tiny.Run(output, null, "--only", "plain");
            var lines = TinyExperiment.Lines(File.ReadAllText(TinyExperiment.Table(output, "results.csv")));
            string[] columns = ["runs", "n", "aua", "aua_low", "suc", "queries"];
            return [.. columns.Select(c => lines[1][Array.IndexOf(lines[0], c)])];
        }
        Row();
        Unjudge("plain.toy.seed-1");
        // The second seed alone: its mean, not the mean of it and zero.
        var alone = AttackLog.Read(Path.Combine(TinyExperiment.Attack(output, "plain.toy.seed-2"), "examples.jsonl"));
        var aua = 100.0 * alone.Count(o => o.Result == AttackResult.Failed) / 10;
        var half = Row();
        Assert.Equal(("2", "10"), (half[0], half[1]));
        Assert.Equal(aua, double.Parse(half[2], System.Globalization.CultureInfo.InvariantCulture), 9);
        Unjudge("plain.toy.seed-2");
        Assert.Equal(["2", "0", "", "", "", ""], Row());
        Assert.Matches(@"\| swap +\| +0 \| +– \|", File.ReadAllText(TinyExperiment.Table(output, "results.md")));

        void Unjudge(string cell)
        {
            var lines = Path.Combine(TinyExperiment.Attack(output, cell), "examples.jsonl");
            var outcomes = AttackLog.Read(lines).ToArray();
            File.WriteAllText(
                lines,
                string.Concat(
                    outcomes.Select(o =>
                        AttackJson.Line(
                            o with
                            {
                                Result = AttackResult.Error,
                                Error = new AttackError(AttackErrorKind.ModelThrew, "out of order"),
                            }
                        ) + "\n"
                    )
                )
            );
        }
    }

    [Fact]
    public void Finished_cells_of_other_seeds_stay_in_the_tables()
    {
        var output = _tiny.Task.Below("seeds");
        string[] Seeds(string seeds, params string[] more)
        {
            string[] all = ["--seeds", seeds, "--only", "plain", "--only", "ticket", .. more];
            Assert.Equal(ExitCodes.Ok, _tiny.Run(output, null, all).Code);
            var table = JsonNode.Parse(File.ReadAllText(TinyExperiment.Table(output, "results.json")))!;
            Assert.All(table["cells"]!.AsArray(), c => Assert.NotNull(c!["state"]));
            return
            [
                .. table["cells"]!
                    .AsArray()
                    .Where(c => (string)c!["state"]! == "done")
                    .Select(c => (string)c!["cell"]!),
            ];
        }
        string[] first = ["plain.toy.seed-3", "ticket.toy.seed-3"];
        Assert.Equal(first, Seeds("3"));
        string[] both = ["plain.toy.seed-4", "plain.toy.seed-3", "ticket.toy.seed-4", "ticket.toy.seed-3"];
        Assert.Equal(both, Seeds("4"));
        Assert.Equal(both, Seeds("4"));
        Assert.Equal(["plain.toy.seed-3", "plain.toy.seed-4", .. both[2..].Reverse()], Seeds("3"));
        var lines = TinyExperiment.Lines(File.ReadAllText(TinyExperiment.Table(output, "results.csv")));
        Assert.Equal(["2", "2"], lines[1..3].Select(l => l[Array.IndexOf(lines[0], "runs")]));
        // A cell whose definition is another now is not taken over.
        var json = TinyExperiment.Json();
        json["rows"]![0]!["set"] = new JsonArray("retrain.epochs=2");
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());
        Assert.Equal(["plain.toy.seed-4", "ticket.toy.seed-4", "ticket.toy.seed-3"], Seeds("4"));
    }

    [Fact]
    public void A_damaged_cell_is_refused_with_what_to_remove_and_made_again()
    {
        var output = _tiny.Task.Below("out");
        (int Code, string Out, string Error) Make() => _tiny.Run(output, null, "--only", $"tiny/{Cell}");
        Assert.Equal(ExitCodes.Ok, Make().Code);
        var (run, attack) = (TinyExperiment.Cell(output, Cell), TinyExperiment.Attack(output, Cell));

        var predictions = Path.Combine(run, "predictions.jsonl");
        var whole = File.ReadAllText(predictions);
        File.WriteAllText(predictions, whole + whole);
        Assert.Contains($"occurs twice; delete {run} and run the same command again", Make().Error);
        File.WriteAllText(predictions, whole + "{}\n");
        Assert.Contains("not the prediction for a row", Make().Error);
        File.WriteAllText(predictions, whole);

        File.WriteAllText(Path.Combine(attack, "summary.json"), "");
        Assert.Contains($"the input is empty; delete {attack} and run the same command again", Make().Error);
        Directory.Delete(attack, recursive: true);
        File.Move(Path.Combine(run, "model", "model.safetensors"), Path.Combine(run, "lost"));
        var lost = Make();
        Assert.Equal(ExitCodes.Data, lost.Code);
        Assert.Contains("model.safetensors: is missing", lost.Error);
        Assert.Contains($"; delete {run} and run the same command again", lost.Error);
        File.WriteAllText(Path.Combine(run, "result.json"), "{");
        Assert.Contains($"unexpected end of input; delete {run} and run the same command", Make().Error);
        Directory.Delete(run, recursive: true);
        Assert.Equal(ExitCodes.Ok, Make().Code);
        Assert.True(File.Exists(Path.Combine(attack, "summary.json")));
    }
}
