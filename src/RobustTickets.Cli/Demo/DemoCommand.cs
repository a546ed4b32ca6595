// demo: the whole story on data of its own making, nothing downloaded.
using System.CommandLine;
using System.Diagnostics;
using RobustTickets.Cli.Commands;
using RobustTickets.Cli.Terminal;
using RobustTickets.Reports;

namespace RobustTickets.Cli.Demo;

internal static class DemoCommand
{
    public static Command Create(CliContext context)
    {
        var output = new Option<string>("--out")
        {
            Description = "folder of the demo; a demo that was stopped goes on there",
            HelpName = "DIR",
            DefaultValueFactory = _ => "robust-tickets-demo",
        };
        var seed = CommonOptions.Count("--seed", 0, "seed of everything; default 1");
        var count = CommonOptions.Count("--num-examples", 1, "test reviews to attack; default: all 400");
        var json = CommonOptions.Json();
        var command = new Command(
            "demo",
            "the whole story on embedded data: pre-train, train a baseline and a robust ticket, attack both, report"
        )
        {
            output,
            seed,
            count,
            json,
        };
        command.SetAction(parsed =>
        {
            var defaults = new DemoPlan();
            var plan = defaults with
            {
                Seed = parsed.GetValue(seed) ?? defaults.Seed,
                AttackExamples = parsed.GetValue(count) ?? defaults.AttackExamples,
            };
            var folder = new DemoFolder(parsed.GetRequiredValue(output));
            var watch = Stopwatch.StartNew();
            var runs = new DemoRun(context, plan, folder).Run();
            var table = SummaryTable.Main(runs);
            if (parsed.GetValue(json))
                JsonOutput.Write(context.Out, table.ToJson());
            else
                Print(context.Out, runs, table, folder, watch.Elapsed);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Print(
        TextWriter output,
        IReadOnlyList<RunRecord> runs,
        ReportTable table,
        DemoFolder folder,
        TimeSpan time
    )
    {
        output.Write(table.ToMarkdown());
        output.WriteLine();
        foreach (var finding in Findings.Of(runs))
            output.WriteLine(
                $"{(finding.Level == FindingLevel.Warning ? "warning" : "note")}: {finding.Subject}: {finding.Text}"
            );
        output.WriteLine();
        output.WriteLine($"report   {folder.ReportFile}");
        output.WriteLine($"runs     {string.Join("  ", runs.Select(r => r.Folder))}");
        output.WriteLine($"data     {folder.Data}");
        output.WriteLine($"done in {ProgressPrinter.Duration(time)}");
    }
}
