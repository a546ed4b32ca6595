// report: an HTML file and a table from run folders. Needs no native library.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Cli.Options;
using RobustTickets.Reports;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Commands;

internal static class ReportCommand
{
    public static Command Create(CliContext context)
    {
        var runs = new Argument<string[]>("run")
        {
            Description = "run folders, in the order shown; the first without a ticket is the baseline",
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string?>("--out")
        {
            Description = "HTML file to write; default: report.html in the run, when there is one run",
            HelpName = "FILE",
        };
        var title = new Option<string?>("--title") { Description = "title of the report", HelpName = "TEXT" };
        var csv = new Option<bool>("--csv") { Description = "print the table as CSV" };
        var json = CommonOptions.Json();
        var command = new Command("report", "table, figures and findings of runs in one self-contained HTML file")
        {
            runs,
            output,
            title,
            csv,
            json,
        };
        command.SetAction(parsed =>
        {
            var folders = parsed.GetRequiredValue(runs);
            var file =
                parsed.GetValue(output)
                ?? (
                    folders.Length == 1
                        ? Path.Combine(folders[0], "report.html")
                        : throw new UsageException(
                            $"--out is missing: a report of {folders.Length} runs needs an output file"
                        )
                );
            if (parsed.GetValue(csv) && parsed.GetValue(json))
                throw new UsageException("--csv and --json cannot be combined");
            if (folders.GroupBy(Place).FirstOrDefault(g => g.Count() > 1) is { } twice)
                throw new UsageException($"{twice.First()}: given twice; name each run once");
            if (!HtmlReport.MayReplace(file))
                throw new UsageException($"--out {file}: exists and is not a report; choose another file");
            var records = Load(folders);
            HtmlReport.Write(records, file, parsed.GetValue(title));
            var table = SummaryTable.Main(records);
            var findings = Findings.Of(records);
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonObject
                    {
                        ["report"] = file,
                        ["table"] = table.ToJson(),
                        ["findings"] = new JsonArray([
                            .. findings.Select(f => new JsonObject
                            {
                                ["level"] = f.Level.ToString().ToLowerInvariant(),
                                ["subject"] = f.Subject,
                                ["text"] = f.Text,
                            }),
                        ]),
                    }
                );
                return ExitCodes.Ok;
            }
            context.Out.Write(parsed.GetValue(csv) ? table.ToCsv() : table.ToMarkdown());
            foreach (var finding in findings)
                context.Error.WriteLine(
                    $"{finding.Level.ToString().ToLowerInvariant()}: {finding.Subject}: {finding.Text}"
                );
            context.Error.WriteLine($"report written to {file}");
            return ExitCodes.Ok;
        });
        return command;
    }

    // The real path, so that links to the same folder are equal.
    private static string Place(string folder)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var target = Directory.Exists(full) ? Directory.ResolveLinkTarget(full, returnFinalTarget: true) : null;
        return target?.FullName ?? full;
    }

    /// <summary>
    /// Loads runs; an input folder without a run is missing data, not an invalid output folder.
    /// </summary>
    private static IReadOnlyList<RunRecord> Load(string[] folders)
    {
        try
        {
            return RunRecord.LoadAll(folders);
        }
        catch (RunFolderException e)
        {
            throw new DataException(e.Message, e);
        }
    }
}
