// `train`: runs a recipe on a pre-trained checkpoint and data, into a run folder; always resumable.
using System.CommandLine;
using RobustTickets.Attacks;
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Ranks;
using RobustTickets.Cli.Terminal;
using RobustTickets.Experiments;
using RobustTickets.Pipeline;
using RobustTickets.Runs;
using RobustTickets.Training;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Commands;

internal static class TrainCommand
{
    public static Command Create(CliContext context)
    {
        var recipe = new Option<string>("--recipe")
        {
            Description = "a preset's name (see recipes list) or a recipe file",
            HelpName = "NAME|FILE",
            Required = true,
        };
        var model = CommonOptions.Model("pre-trained Hugging Face BERT folder");
        var output = new Option<string>("--out")
        {
            Description = "run folder",
            HelpName = "RUN",
            Required = true,
        };
        var set = CommonOptions.Set();
        var seed = CommonOptions.Count("--seed", 0, "seed instead of the recipe's");
        var seeds = CommonOptions.Seeds("one run per seed, in RUN/seed-N, with a table over all of them");
        var control = new Option<bool>("--epochs-equal-control")
        {
            Description = "also train the dense network for as many epochs, as a fair control, in RUN/control",
        };
        var attack = new Option<string?>("--epoch-attack")
        {
            Description =
                "attack development examples with this recipe after each epoch of the final training; "
                + "evaluate.epoch-attack sets how many and how (--set)",
            HelpName = "NAME",
        };
        attack.AcceptOnlyFromAmong([.. AttackRecipe.All.Select(r => r.Name)]);
        var resource = CommonOptions.Resources(" for --epoch-attack and for augment");
        var resume = new Option<bool>("--resume")
        {
            Description = "continue the run in --out from its newest checkpoint, bit for bit",
        };
        var dry = new Option<bool>("--dry-run")
        {
            Description = "print the recipe, the data and the steps without training",
        };
        var every = CommonOptions.Count(
            "--checkpoint-every",
            0,
            "steps between checkpoints; 0: only when stopped and between stages; default 500"
        );
        var keep = new Option<bool>("--keep-checkpoints")
        {
            Description = "keep the newest checkpoints when the run finishes; by default they are deleted",
        };
        var metrics = CommonOptions.ReportTo();
        var json = CommonOptions.Json();
        var command = new Command("train", "run a recipe: search a ticket, draw it, fine-tune it, evaluate it")
        {
            recipe,
            model,
        };
        var data = new DataOptionSet(command);
        foreach (
            var option in new Option[]
            {
                output,
                set,
                seed,
                seeds,
                control,
                attack,
                resource,
                resume,
                dry,
                every,
                keep,
                metrics,
                json,
            }
        )
            command.Add(option);
        var execution = new ExecutionOptionSet(command);
        var ranks = RankArguments.Option();
        command.Add(ranks);
        command.SetAction(parsed =>
        {
            var source = data.Read(parsed);
            var several = CommonOptions.ReadSeeds(parsed.GetValue(seeds));
            if (several is not null && parsed.GetValue(seed) is not null)
                throw new UsageException("--seed and --seeds cannot be combined");
            var asJson = parsed.GetValue(json);
            var here = RankArguments.Here();
            var processes = RankArguments.ToStart(parsed.GetValue(ranks), here);
            if (several is not null && (here is not null || processes > 1))
                throw new UsageException("--seeds: ranks train one run together; use one seed at a time (--seed)");
            string[] settings =
            [
                .. parsed.GetValue(attack) is { } name
                    ? [$"evaluate.epoch-attack={{\"recipe\":\"{name}\"}}"]
                    : Array.Empty<string>(),
                .. parsed.GetValue(set) ?? [],
                .. parsed.GetValue(control) ? ["evaluate.equal-epoch-control=true"] : Array.Empty<string>(),
            ];
            var resolved = RecipeSource.Resolve(
                parsed.GetRequiredValue(recipe),
                source.Task,
                settings,
                several?[0] ?? parsed.GetValue(seed)
            );
            TrainableModel.Require(parsed.GetRequiredValue(model));
            var (planned, notChecked) = parsed.GetValue(dry) ? execution.Plan(parsed) : (execution.Read(parsed), null);
            var places = CommonOptions.ReadResourcePlaces(parsed.GetValue(resource));
            var request = new TrainRequest(
                resolved,
                parsed.GetRequiredValue(model),
                source.Path,
                parsed.GetRequiredValue(output),
                source.Options,
                parsed.GetValue(resume),
                planned,
                parsed.GetValue(every) ?? 500,
                KeepCheckpoints: parsed.GetValue(keep),
                Resources: AugmentTables.Named(resolved, places),
                Ranks: here,
                Metrics: CommonOptions.MetricFilesOf(parsed.GetValue(metrics)!)
            ).Located();
            if (processes > 1)
                RankShare.Require(processes, resolved.BatchSize);
            if (processes > 1 && !parsed.GetValue(dry))
                return RankProcesses.Run(context, processes);
            RankProcesses.Obey(context);
            using var attacker = EpochAttackArguments.Source(resolved, places, request.Model);
            attacker?.Check();
            if (parsed.GetValue(dry))
                return here is { Rank: > 0 }
                    ? ExitCodes.Ok
                    : TrainPlan.Print(context, request, several, notChecked, asJson);
            request = request with { EpochAttack = attacker?.Build() };
            if (several is not null)
            {
                var runs = Shown(context, p => SeedRuns.Train(request, several, p, context.Stop.Token));
                PrintSeeds(context, runs, asJson);
                return ExitCodes.Ok;
            }

            var result = Shown(context, p => RecipeRunner.Run(request, p, context.Stop.Token));
            if (here is { Rank: > 0 })
                return ExitCodes.Ok;
            var folder = RunFolder.Open(request.Output);
            if (asJson)
                context.Out.Write(File.ReadAllText(folder.ResultFile));
            else
                RunSummary.Print(context.Out, result, request.Output);
            if (!File.Exists(folder.ReportFile))
                context.Error.WriteLine($"report: {ProgramName.Value} report {ShellArgument.Quoted(request.Output)}");
            return ExitCodes.Ok;
        });
        return command;
    }

    // Runs training with progress on stderr; Ctrl-C stops it with a checkpoint.
    private static T Shown<T>(CliContext context, Func<IProgress<RunEvent>, T> train)
    {
        var progress = new TrainProgressView(context);
        using var kept = context.Stop.Keeping(StopSignal.Checkpoint);
        try
        {
            return train(progress);
        }
        finally
        {
            progress.Finish();
        }
    }

    private static void PrintSeeds(CliContext context, SeedRuns runs, bool json)
    {
        if (json)
        {
            JsonOutput.Write(context.Out, runs.ToJson());
            return;
        }
        context.Out.Write(runs.Table.ToMarkdown());
        if (runs.BestOnDevelopment is { } best)
            context.Out.WriteLine($"best on development data: seed {best}");
        if (runs.BestUnderAttack is { } robust)
            context.Out.WriteLine($"best under attack on development data: seed {robust}");
    }
}

/// <summary>Prints training progress to stderr.</summary>
internal sealed class TrainProgressView(CliContext context) : IProgress<RunEvent>
{
    private readonly ProgressPrinter _printer = new(context.Error, context.Terminal);

    public void Report(RunEvent value)
    {
        switch (value)
        {
            case StepDone step:
                _printer.Report(
                    new ProgressState(
                        step.Stage,
                        step.Step,
                        step.TotalSteps,
                        Text(
                            $"epoch {step.Epoch:0.00}  loss {step.Loss:0.0000}  lr {step.LearningRate:0.00e+0}  ",
                            $"{step.TokensPerSecond:N0} tokens/s"
                        ),
                        step.Remaining
                    )
                );
                break;
            case AttackedSoFar attack:
                _printer.Report(new ProgressState(attack.Stage, attack.Step, attack.Total, attack.Figures, null));
                break;
            case { Message: { } sentence }:
                _printer.Note(sentence);
                break;
        }
    }

    public void Finish() => _printer.Finish();
}
