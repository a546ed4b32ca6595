// metrics: metrics of runs for other programs, from their logs, also while they are running. Needs
// no native library.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Cli.Options;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Commands;

internal static class MetricsCommand
{
    public static Command Create(CliContext context)
    {
        var runs = new Argument<string[]>("run")
        {
            Description = "run folders, finished or running",
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string?>("--out")
        {
            Description = "output folder, with one folder per run; if omitted, the table of one run is printed as CSV",
            HelpName = "DIR",
        };
        var files = CommonOptions.ReportToFiles();
        var json = CommonOptions.Json();
        var command = new Command("metrics", "export the logged metrics of runs as CSV and for TensorBoard")
        {
            runs,
            output,
            files,
            json,
        };
        command.SetAction(parsed =>
        {
            var folders = parsed.GetRequiredValue(runs);
            if (parsed.GetValue(output) is not { } target)
            {
                if (folders.Length > 1)
                    throw new UsageException($"--out is missing: metrics of {folders.Length} runs need a folder");
                if (parsed.GetValue(json))
                    throw new UsageException("--json needs --out: the table itself is CSV");
                if (parsed.GetResult(files) is { Implicit: false })
                    throw new UsageException($"{files.Name} needs --out: without it the table is printed as CSV");
                context.Out.Write(Read(() => RunMetrics.Table(folders[0])));
                return ExitCodes.Ok;
            }
            var wanted = CommonOptions.MetricFilesOf(parsed.GetValue(files)!);
            var places = folders.Zip(Names(folders), (run, name) => (run, Path.Combine(target, name))).ToArray();
            foreach (var (run, place) in places)
            {
                Read(() =>
                {
                    RunMetrics.Write(run, place, wanted);
                    return true;
                });
                if (!parsed.GetValue(json))
                    context.Out.WriteLine(place);
            }
            if (parsed.GetValue(json))
                JsonOutput.Write(
                    context.Out,
                    new JsonArray([
                        .. places.Select(p => new JsonObject
                        {
                            ["run"] = p.run,
                            ["folder"] = p.Item2,
                            ["files"] = JsonOutput.Array(Directory.GetFiles(p.Item2).Select(f => Path.GetFileName(f)!)),
                        }),
                    ])
                );
            return ExitCodes.Ok;
        });
        return command;
    }

    // An input folder without a run is missing data, not an invalid output folder.
    private static T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (RunFolderException e)
        {
            throw new DataException(e.Message, e);
        }
    }

    /// <summary>
    /// Folder names of the runs; with their parents' names where two are equal or differ only in
    /// case, which are one folder on some disks.
    /// </summary>
    internal static string[] Names(string[] folders)
    {
        string[] full = [.. folders.Select(f => Path.TrimEndingDirectorySeparator(Path.GetFullPath(f)))];
        string[] names = [.. full.Select(f => Path.GetFileName(f))];
        if (names.Distinct(StringComparer.OrdinalIgnoreCase).Count() == names.Length)
            return names;
        string[] longer =
        [
            .. full.Select(f => $"{Path.GetFileName(Path.GetDirectoryName(f) ?? "")}.{Path.GetFileName(f)}"),
        ];
        return longer.Distinct(StringComparer.OrdinalIgnoreCase).Count() == longer.Length
            ? longer
            : throw new UsageException(
                "two runs have the same folder and parent names (in any case); export them one at a time"
            );
    }
}
