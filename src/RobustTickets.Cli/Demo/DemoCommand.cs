// demo: the whole pipeline on generated data, without downloads.
using System.CommandLine;
using System.Diagnostics;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Terminal;
using RobustTickets.Reports;

namespace RobustTickets.Cli.Demo;

internal static class DemoCommand
{
    public static Command Create(CliContext context)
    {
        var output = new Option<string>("--out")
        {
            Description = "folder of the demo; a stopped demo resumes from it",
            HelpName = "DIR",
            DefaultValueFactory = _ => "robust-tickets-demo",
        };
        var seed = CommonOptions.Count("--seed", 0, "seed of everything; default 1");
        var seeds = CommonOptions.Count("--seeds", 1, "training runs per recipe; default 2");
        var model = new Option<string?>("--model")
        {
            Description = "pre-trained BERT to start from, such as minilm-l6; default: one pre-trained by the demo",
            HelpName = "DIR",
        };
        var count = CommonOptions.Count("--num-examples", 1, "test reviews to attack; default: all 400");
        var threads = ExecutionOptionSet.Threads();
        var json = CommonOptions.Json();
        var command = new Command(
            "demo",
            "the whole pipeline on embedded data: pre-train, train baselines and tickets, attack all, report"
        )
        {
            output,
            seed,
            seeds,
            model,
            count,
            threads,
            json,
        };
        command.SetAction(parsed =>
        {
            var defaults = parsed.GetValue(model) is { } name ? DemoPlan.Of(name) : new DemoPlan();
            var plan = defaults with
            {
                Seed = parsed.GetValue(seed) ?? defaults.Seed,
                Seeds = parsed.GetValue(seeds) ?? defaults.Seeds,
                AttackExamples = parsed.GetValue(count) ?? defaults.AttackExamples,
            };
            var folder = new DemoFolder(parsed.GetRequiredValue(output));
            var watch = Stopwatch.StartNew();
            var runs = new DemoRun(context, plan, folder, parsed.GetValue(threads)).Run();
            var table = DemoTable.Of(runs);
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
        foreach (var line in DemoTable.Legend(runs))
            output.WriteLine(line);
        output.WriteLine();
        foreach (var sentence in DemoTable.Sentences(runs).Concat(DemoTable.OneSided(runs)))
            output.WriteLine(sentence);
        output.WriteLine();
        foreach (var line in NextSteps(runs, folder))
            output.WriteLine(line);
        output.WriteLine();
        output.WriteLine($"done in {ProgressPrinter.Duration(time)}; data, runs and models are in {folder.Path}");
    }

    // Commands to try next, with the paths of this demo.
    private static IEnumerable<string> NextSteps(IReadOnlyList<RunRecord> runs, DemoFolder folder)
    {
        var warnings = Findings.Of(runs).Count(f => f.Level == FindingLevel.Warning);
        yield return "next steps";
        yield return $"  intervals, attacked texts, tickets, {warnings} warnings:";
        yield return $"    {folder.ReportFile}";
        yield return "  two of these models side by side in the browser, attacked live:";
        var models = $"--model {runs[0].Folder} --model {runs.Last(r => r.Result.Seed == runs[0].Result.Seed).Folder}";
        yield return $"    {ProgramName.Value} serve {models} --runs {folder.Runs} --open";
        yield return "  compare defences for your own classifier on your own data:";
        const string harden = "harden --model DIR --data reviews.csv --task csv --out hardened --budget 30m";
        yield return $"    {ProgramName.Value} {harden}";
    }
}
