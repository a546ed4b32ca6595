// experiment: a table of recipes x data x seeds x attacks from one file. What is done is skipped,
// what was killed goes on, and cells may run in any order.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Cli.Commands;
using RobustTickets.Cli.Terminal;
using RobustTickets.Experiments;

namespace RobustTickets.Cli.Experiments;

internal static class ExperimentCommand
{
    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("file")
        {
            Description = "experiment file, e.g. one of recipes/experiments/",
            HelpName = "FILE.json",
        };
        var model = new Option<string?>("--model")
        {
            Description = "pre-trained Hugging Face BERT folder",
            HelpName = "DIR",
        };
        var data = Many("--data", "path of a data set of the experiment", "NAME=PATH");
        var resource = Many(
            "--resource",
            "file or folder of an attack's resource option, e.g. neighbours=table.json",
            "NAME=PATH"
        );
        var output = new Option<string?>("--out")
        {
            Description = "folder of the experiment; default: experiments/NAME",
            HelpName = "DIR",
        };
        var seeds = CommonOptions.Seeds("seeds instead of the file's");
        var only = Many(
            "--only",
            "run only these cells: a row, a data set, or a cell such as 'pgd.sst2.seed-1'; * stands for anything",
            "CELL"
        );
        var list = new Option<bool>("--list") { Description = "print the cells and how far each is, and do nothing" };
        var dry = new Option<bool>("--dry-run")
        {
            Description = "check recipes, model, data, attacks and their files, print the cells, and do nothing",
        };
        var every = CommonOptions.Count("--checkpoint-every", 0, "steps between checkpoints of a run; default 500");
        var json = CommonOptions.Json();
        var command = new Command(
            "experiment",
            "run a table of recipes, data sets, seeds and attacks; skips what is done and resumes what was stopped"
        )
        {
            file,
            model,
            data,
            resource,
            output,
            seeds,
            only,
            list,
            dry,
            every,
            json,
        };
        var execution = new ExecutionOptionSet(command);
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(file);
            var plan = ExperimentPlan.Of(
                Read(path, CommonOptions.ReadSeeds(parsed.GetValue(seeds))),
                path,
                Path.GetDirectoryName(Path.GetFullPath(path))!
            );
            var request = new ExperimentRequest(
                plan,
                parsed.GetValue(model) ?? "",
                Pairs("--data", parsed.GetValue(data) ?? []),
                parsed.GetValue(output) ?? Path.Combine("experiments", plan.Experiment.Name),
                Pairs("--resource", parsed.GetValue(resource) ?? []),
                parsed.GetValue(only),
                execution.Read(parsed),
                parsed.GetValue(every) ?? 500
            );
            var folder = new ExperimentFolder(request.Output);
            if (parsed.GetValue(list))
                return Cells(context, folder, request.Cells, null, parsed.GetValue(json));
            if (request.Model.Length == 0)
                throw new UsageException("--model is missing: the pre-trained checkpoint that every run starts from");

            using var run = new ExperimentRun(
                request,
                new ExperimentProgressView(context),
                e => ExitCodes.Of(e, context.Stop.ExitCode),
                context.Stop.Token
            );
            run.Check();
            foreach (var note in run.Notes())
                context.Error.WriteLine(note);
            if (parsed.GetValue(dry))
                return Cells(context, folder, request.Cells, run, parsed.GetValue(json));

            var codes = run.Run().Select(f => ExitCodes.Of(f.Cause, context.Stop.ExitCode)).Distinct().ToArray();
            context.Out.Write(File.ReadAllText(folder.Results(parsed.GetValue(json) ? "json" : "md")));
            context.Error.WriteLine($"results in {folder.Results("csv")}, .md and .json");
            return codes.Length switch
            {
                0 => ExitCodes.Ok,
                1 => codes[0],
                _ => ExitCodes.Failure,
            };
        });
        return command;
    }

    private static int Cells(
        CliContext context,
        ExperimentFolder folder,
        IReadOnlyList<ExperimentCell> cells,
        ExperimentRun? checkedRun,
        bool json
    )
    {
        if (json)
        {
            JsonOutput.Write(
                context.Out,
                new JsonArray([
                    .. cells.Select(c => new JsonObject
                    {
                        ["cell"] = c.Id,
                        ["state"] = folder.State(c).ToString().ToLowerInvariant(),
                        ["attacks"] = JsonOutput.Array(c.Attacks.Select(a => a.Name)),
                        ["train_examples"] = checkedRun?.Examples(c).Train,
                        ["evaluation_examples"] = checkedRun?.Examples(c).Evaluation,
                    }),
                ])
            );
            return ExitCodes.Ok;
        }
        var width = cells.Max(c => c.Id.Length);
        foreach (var cell in cells)
        {
            var size = checkedRun?.Examples(cell) is { } n
                ? Figures.Text($"  {n.Train:N0} training, {n.Evaluation:N0} reported examples")
                : "";
            var attacks =
                cell.Attacks.Count == 0
                    ? ""
                    : "  "
                        + string.Join(
                            ", ",
                            cell.Attacks.Select(a => $"{a.Name}{(folder.IsAttacked(cell, a) ? " (done)" : "")}")
                        );
            context.Out.WriteLine(
                $"{cell.Id.PadRight(width)}  {folder.State(cell).ToString().ToLowerInvariant(), -7}{size}{attacks}"
            );
        }
        if (checkedRun is not null)
            context.Out.WriteLine("nothing was run (--dry-run)");
        return ExitCodes.Ok;
    }

    private static Experiment Read(string path, IReadOnlyList<int>? seeds)
    {
        var experiment = ExperimentJson.ReadFile(path);
        return seeds is null ? experiment : experiment with { Seeds = seeds };
    }

    /// <summary>Reads <c>NAME=PATH</c> options.</summary>
    /// <exception cref="UsageException">One is no such pair, or a name occurs twice.</exception>
    public static IReadOnlyDictionary<string, string> Pairs(string option, IReadOnlyList<string> values)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var value in values)
        {
            var cut = value.IndexOf('=', StringComparison.Ordinal);
            if (cut <= 0 || cut == value.Length - 1)
                throw new UsageException($"{option} {value}: expected NAME=PATH");
            if (!pairs.TryAdd(value[..cut], value[(cut + 1)..]))
                throw new UsageException($"{option} {value[..cut]}: is given twice");
        }
        return pairs;
    }

    private static Option<string[]> Many(string name, string description, string help) =>
        new(name)
        {
            Description = description + "; may be repeated",
            HelpName = help,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = name == "--only",
        };
}
