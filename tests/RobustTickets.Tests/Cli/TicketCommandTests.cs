// ticket show and ticket diff on tickets of both kinds, made by runs of a tiny task.
using System.Text.Json.Nodes;
using RobustTickets.Cli;
using RobustTickets.Pipeline;
using RobustTickets.Reports;
using RobustTickets.Runs;
using RobustTickets.Tests.Resume;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection(TorchCollection.Name)]
public sealed class TicketCommandTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Fact]
    public void Tickets_are_shown_and_compared()
    {
        var (weights, sparser, heads) = (Run(OneShot(0.3)), Run(OneShot(0.6)), Run(TinyTask.SearchRecipe));
        var shown = Json("ticket", "show", weights, "--json");
        var parts = shown["parts"]!.AsArray();
        Assert.Equal((6 * TinyTask.Layers) + 1, parts.Count);
        Assert.Equal(
            ("pooler", (long)TinyTask.Hidden * TinyTask.Hidden),
            ((string)parts[^1]!["kind"]!, (long)parts[^1]!["count"]!)
        );
        var all = shown["totals"]!.AsArray()[^1]!;
        Assert.Equal((long)all["kept"]!, parts.Sum(p => (long)p!["kept"]!));
        Assert.Equal(0.3, (double)all["sparsity"]!, 3);
        Assert.Equal("one-shot", (string)shown["provenance"]!["rule"]!);
        Assert.Equal(64, ((string)shown["provenance"]!["masks_sha256"]!).Length);
        Assert.Contains(
            "layer 1 attention-output",
            CliRun.Of("ticket", "show", Path.Combine(weights, "ticket")).Out,
            StringComparison.Ordinal
        );

        // What is left at 60 % is left at 30 % too: nothing of the sparser ticket lies outside the
        // other.
        var total = Json("ticket", "diff", weights, sparser, "--json")["totals"]!.AsArray()[^1]!;
        Assert.Equal((long)total["kept_second"]!, (long)total["shared"]!);
        Assert.Equal(0.3, (double)total["distance"]!, 3);
        Assert.Equal(0.4 / 0.7, (double)total["overlap"]!, 2);
        var same = Json("ticket", "diff", weights, weights, "--json")["totals"]!.AsArray()[^1]!;
        Assert.Equal((0.0, 1.0), ((double)same["distance"]!, (double)same["overlap"]!));

        var structured = Json("ticket", "show", heads, "--json");
        Assert.Equal(
            ["heads", "neurons", "heads", "neurons"],
            structured["parts"]!.AsArray().Select(p => (string)p!["kind"]!)
        );
        Assert.Contains("neurons", CliRun.Of("ticket", "diff", heads, heads).Out, StringComparison.Ordinal);

        Refused("of the same kind", "ticket", "diff", weights, heads);
        Refused("nowhere: no such folder", "ticket", "show", _task.Below("nowhere"));
        Refused("holds no ticket", "ticket", "show", Directory.CreateDirectory(_task.Below("none")).FullName);
        using var other = new TinyTask();
        TinyTask.WriteModel(other.Model, TinyTask.Config with { IntermediateSize = TinyTask.Neurons / 2 });
        var narrow = other.NewRun();
        RecipeRunner.Run(other.Request(OneShot(0.3), narrow), null, CancellationToken.None);
        Refused("of the same shape", "ticket", "diff", weights, narrow);
    }

    [Fact]
    public void Layers_are_counted_from_0_in_ticket_summary_and_report()
    {
        var run = Run(OneShot(0.5));
        var parts = Json("ticket", "show", run, "--json")["parts"]!.AsArray().Select(p => (int?)p!["layer"]);
        Assert.Equal([0, 1], parts.OfType<int>().Distinct());
        using var summary = new StringWriter();
        RunSummary.Print(summary, RunResult.Load(Path.Combine(run, "result.json")), run);
        Assert.Matches(@"% pruned by layer: 0 [\d.]+, 1 [\d.]+, pooler [\d.]+\n", summary.ToString());
        var report = HtmlReport.Render(RunRecord.LoadAll([run]));
        Assert.Matches(@"title=""Layer, from 0""", report);
        Assert.DoesNotMatch(@"<t[hd][^>]*>2</t[hd]>\s*<t[hd][^>]*>(query|key|value)<", report);
    }

    private static Recipe OneShot(double sparsity) =>
        TinyTask.FineTuneRecipe with
        {
            Search = new OneShotSearchOptions(),
            Draw = new WeightDrawOptions(sparsity),
        };

    private string Run(Recipe recipe)
    {
        var run = _task.NewRun();
        RecipeRunner.Run(_task.Request(recipe, run), null, CancellationToken.None);
        return run;
    }

    private static JsonNode Json(params string[] arguments)
    {
        var run = CliRun.Of(arguments);
        Assert.True(run.Code == ExitCodes.Ok, run.ToString());
        return JsonNode.Parse(run.Out)!;
    }

    private static void Refused(string named, params string[] arguments)
    {
        var run = CliRun.Of(arguments);
        Assert.True(run.Code == ExitCodes.Data, run.ToString());
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
    }
}
