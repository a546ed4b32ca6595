// experiment: tables of recipes x data x seeds x attacks from files. Completed cells are skipped,
// interrupted ones resumed, in any order.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Terminal;
using RobustTickets.Experiments;

namespace RobustTickets.Cli.Experiments;

internal static class ExperimentCommand
{
    public static Command Create(CliContext context)
    {
        var files = new Argument<string[]>("file")
        {
            Description = "experiment files, e.g. from recipes/experiments/, or folders of them",
            HelpName = "FILE|FOLDER",
            Arity = ArgumentArity.OneOrMore,
        };
        var model = new Option<string?>("--model")
        {
            Description = "pre-trained Hugging Face BERT folder, or a name from 'models list'",
            HelpName = "DIR",
        };
        var data = CommonOptions.Repeated("--data", "path of a data set of the experiment", "NAME=PATH");
        var resource = CommonOptions.Resources();
        var output = new Option<string?>("--out")
        {
            Description = "folder of the experiments; default: experiments",
            HelpName = "DIR",
        };
        var seeds = CommonOptions.Seeds("seeds instead of the file's");
        var only = CommonOptions.Repeated(
            "--only",
            "run only these cells: an experiment, a row, a data set, or a cell such as 'pgd.sst2.seed-1'; * matches "
                + "anything",
            "CELL"
        );
        only.AllowMultipleArgumentsPerToken = true;
        var list = new Option<bool>("--list") { Description = "print the cells and their state; run nothing" };
        var dry = new Option<bool>("--dry-run")
        {
            Description = "check recipes, model, data, attacks and their files, and print the cells; run nothing",
        };
        var every = CommonOptions.Count("--checkpoint-every", 0, "steps between checkpoints of a run; default 500");
        var speed = CommonOptions.Count(
            "--tokens-per-second",
            1,
            "speed of clean training here, in word pieces per second; --dry-run then also estimates hours"
        );
        var noWait = new Option<bool>("--no-wait")
        {
            Description =
                "exit when other processes hold all remaining cells; by default, wait for these processes and "
                + "continue their cells if they end",
        };
        var lease = new Option<int?>("--lease-timeout")
        {
            Description =
                "seconds without a heartbeat after which the cell of another process is taken over; default 120",
            HelpName = "SECONDS",
        };
        var metrics = CommonOptions.ReportTo();
        var json = CommonOptions.Json();
        var command = new Command(
            "experiment",
            "run tables of recipes, data sets, seeds and attacks; skips finished cells and resumes interrupted ones"
        )
        {
            files,
            model,
            data,
            resource,
            output,
            seeds,
            only,
            list,
            dry,
            every,
            noWait,
            lease,
            speed,
            metrics,
            json,
        };
        var execution = new ExecutionOptionSet(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(speed) is not null && (parsed.GetValue(list) || !parsed.GetValue(dry)))
                throw new UsageException("--tokens-per-second: only --dry-run estimates hours; add it, without --list");
            // --list may run on another machine than the one that computes.
            var (planned, notChecked) =
                parsed.GetValue(list) ? (execution.Named(parsed), null)
                : parsed.GetValue(dry) ? execution.Plan(parsed)
                : (execution.Read(parsed), null);
            var request = new ExperimentRequest(
                ExperimentFiles.Plan(parsed.GetRequiredValue(files), CommonOptions.ReadSeeds(parsed.GetValue(seeds))),
                parsed.GetValue(model) ?? "",
                CommonOptions.ReadPairs("--data", parsed.GetValue(data) ?? []),
                parsed.GetValue(output) ?? "experiments",
                CommonOptions.ReadResourcePlaces(parsed.GetValue(resource)),
                parsed.GetValue(only),
                planned,
                parsed.GetValue(every) ?? 500,
                EvidenceSources.Beside(parsed.GetRequiredValue(files)),
                Wait: !parsed.GetValue(noWait),
                parsed.GetValue(lease) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                CommonOptions.MetricFilesOf(parsed.GetValue(metrics)!)
            )
            {
                NoteOf = e => new FailureNote(ExitCodes.Of(e, context.Stop.ExitCode), FieldOptions.Message(e)),
            };
            var asJson = parsed.GetValue(json);
            if (parsed.GetValue(list))
            {
                foreach (var note in ExperimentSet.UnknownData(request))
                    context.Error.WriteLine(note);
                var there = request.Cells.Select(t => (new ExperimentFolder(request.Output, t.Plan), t.Cells));
                return ExperimentCells.Write(context, [.. there], null, null, asJson);
            }
            if (request.Model.Length == 0)
                throw new UsageException("--model is missing: the pre-trained checkpoint that every run starts from");

            TrainableModel.Require(request.Model);
            using var run = new ExperimentRun(request, new ExperimentProgressView(context), context.Stop.Token);
            run.Check();
            foreach (var note in run.Notes())
                context.Error.WriteLine(note);
            if (notChecked is not null)
                context.Error.WriteLine($"note: {notChecked}");
            if (parsed.GetValue(dry))
                return ExperimentCells.Write(
                    context,
                    [.. run.Folders.Zip(request.Cells, (folder, table) => (folder, table.Cells))],
                    run,
                    parsed.GetValue(speed),
                    asJson
                );

            using var kept = context.Stop.Keeping(StopSignal.Checkpoint);
            var codes = run.Run().Select(f => ExitCodes.Of(f.Cause, context.Stop.ExitCode)).Distinct().ToArray();
            WriteResults(context, run.Folders, asJson);
            return codes.Length switch
            {
                0 => ExitCodes.Ok,
                1 => codes[0],
                _ => ExitCodes.Failure,
            };
        });
        return command;
    }

    // A single table as in its file, several as an array.
    private static void WriteResults(CliContext context, IReadOnlyList<ExperimentFolder> folders, bool json)
    {
        var texts = folders.Select(f => File.ReadAllText(f.Results(json ? "json" : "md"))).ToArray();
        if (json && texts.Length > 1)
            JsonOutput.Write(context.Out, new JsonArray([.. texts.Select(t => JsonNode.Parse(t))]));
        else
            context.Out.Write(string.Join('\n', texts));
        foreach (var folder in folders)
            context.Error.WriteLine(
                $"results in {folder.Results("csv")}, .md and .json, report in {folder.ReportFile}"
            );
        var evidence = Path.Combine(folders[0].Path, "evidence.html");
        if (File.Exists(evidence))
            context.Error.WriteLine($"evidence in {evidence} and .md");
    }
}
