// harden: finds the best defence for a classifier and its data within a time budget.
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Terminal;
using RobustTickets.Hardening;
using RobustTickets.OnnxRuntime;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Commands;

internal static class HardenCommand
{
    private const double MostLost = 100 * HardenSelection.MostLost;
    private static readonly Dictionary<string, HardenGoal> Goals = new()
    {
        ["robust"] = HardenGoal.Robust,
        ["small"] = HardenGoal.Small,
    };

    public static Command Create(CliContext context)
    {
        var model = CommonOptions.Model(
            "a trained classifier to compare with (a run, a Hugging Face BERT folder, or an ONNX file with --base), "
                + "or a pre-trained Hugging Face BERT folder"
        );
        var start = new Option<string?>("--base")
        {
            Description = "pre-trained Hugging Face BERT folder that defences are trained from; default: --model",
            HelpName = "DIR",
        };
        var output = new Option<string>("--out")
        {
            Description = "output folder for the result, the report and all runs",
            HelpName = "DIR",
            Required = true,
        };
        var budget = new Option<string>("--budget")
        {
            Description = "total time limit, such as 90s, 30m or 2h; work that does not fit is skipped and listed",
            HelpName = "TIME",
            DefaultValueFactory = _ => "30m",
        };
        var seeds = CommonOptions.Count(
            "--seeds",
            1,
            "number of seeds for the recommended defence and for fine-tuning; default 1"
        );
        var attacks = new Option<string?>("--attacks")
        {
            Description =
                "comma-separated attack recipes; the first one decides, and no defence trains on the dictionary of the "
                + "last one; default: chosen by the available resources",
            HelpName = "LIST",
        };
        var goal = CommonOptions.OneOf(
            "--goal",
            "recommend the most robust defence, or the smallest within two points of it",
            "robust",
            [.. Goals.Keys]
        );
        var loss = CommonOptions.Number(
            "--clean-loss",
            "POINTS",
            Text($"points of clean accuracy a defence may lose, on development and reported rows; default {MostLost}"),
            x => x is >= 0 and <= 100,
            "must be between 0 and 100"
        );
        var resource = CommonOptions.Resources();
        var resume = new Option<bool>("--resume") { Description = "resume the comparison in --out" };
        var dry = new Option<bool>("--dry-run") { Description = "measure a few steps and print the plan, then stop" };
        var json = CommonOptions.Json();
        var command = new Command("harden", "compare defences on your own rows within a time budget and recommend one")
        {
            model,
        };
        var data = new DataOptionSet(command);
        foreach (
            var option in new Option[]
            {
                start,
                output,
                budget,
                seeds,
                attacks,
                goal,
                loss,
                resource,
                resume,
                dry,
                json,
            }
        )
            command.Add(option);
        var execution = new ExecutionOptionSet(command, ExecutionOptionSet.Auto);
        command.SetAction(parsed =>
        {
            var source = data.Read(parsed);
            if (parsed.GetValue(start) is { } given)
                TrainableModel.Require(given, "--base");
            var request = new HardenRequest(
                parsed.GetRequiredValue(model),
                source.Path,
                source.Task,
                parsed.GetRequiredValue(output),
                source.Options,
                Time(parsed.GetValue(budget)!),
                parsed.GetValue(seeds) ?? 1,
                parsed.GetValue(attacks) is { } names ? Names(names) : null,
                Goals[parsed.GetValue(goal)!],
                parsed.GetValue(resume),
                CommonOptions.ReadResources(parsed.GetValue(resource)),
                execution.Read(parsed),
                Base: parsed.GetValue(start),
                Loader: new OnnxModels(new OnnxOptions(DefaultLabels: source.Options.Labels?.Names)),
                CleanLoss: (parsed.GetValue(loss) ?? MostLost) / 100
            )
            {
                CommandOf = folder =>
                    $"{ProgramName.Value} predict --model {ShellArgument.Quoted(folder)} "
                    + "--input texts.txt --format text",
            };
            var view = new HardenProgressView(context);
            if (parsed.GetValue(dry))
            {
                var preview = request.Preview(view, context.Stop.Token);
                if (parsed.GetValue(json))
                    JsonOutput.Write(context.Out, new JsonObject { ["plan"] = JsonOutput.Array(preview) });
                else
                    foreach (var line in preview)
                        context.Out.WriteLine(line);
                return ExitCodes.Ok;
            }
            HardenResult result;
            using var kept = context.Stop.Keeping(StopSignal.Checkpoint);
            try
            {
                result = request.Run(view, context.Stop.Token);
            }
            finally
            {
                view.Report(new HardenStageEnded());
            }
            if (parsed.GetValue(json))
                context.Out.Write(File.ReadAllText(Path.Combine(request.Output, "harden.json")));
            else
                Print(context, result, request.Output);
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>A duration such as 90s, 30m, 2h.</summary>
    /// <exception cref="UsageException">The text is not a duration.</exception>
    internal static TimeSpan Time(string text)
    {
        var unit = text.Length > 0 ? text[^1] : ' ';
        var seconds = unit switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => 0,
        };
        return
            seconds > 0
            && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value > 0
            && value * seconds < TimeSpan.FromDays(365).TotalSeconds
            ? TimeSpan.FromSeconds(value * seconds)
            : throw new UsageException($"--budget {text}: expected a time above 0 such as 90s, 30m or 2h");
    }

    private static string[] Names(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static void Print(CliContext context, HardenResult result, string folder)
    {
        var output = context.Out;
        output.WriteLine(result.Recommendation);
        if (result.Dearer is { } dearer)
            output.WriteLine(dearer);
        foreach (var row in result.Reported)
        {
            var figures = row.Figures.Select(f =>
                Text($"{f.Attack} {100 * f.Aua:0.0} % ({100 * f.Low:0.0} to {100 * f.High:0.0})")
            );
            output.WriteLine(Text($"  {row.Name, -24} clean {100 * row.Clean:0.0} %  ") + string.Join("  ", figures));
        }
        output.WriteLine($"report: {Path.Combine(folder, "report.html")}");
        if (HardenReport.Next(result) is { } next)
            output.WriteLine($"next:   {next}");
    }
}

/// <summary>Shows a comparison's progress on stderr.</summary>
internal sealed class HardenProgressView(CliContext context) : IProgress<HardenProgress>
{
    private TrainProgressView? _training;
    private AttackProgressView? _attack;

    public void Report(HardenProgress value)
    {
        switch (value)
        {
            case HardenNote note:
                Finish();
                context.Error.WriteLine(note.Text);
                break;
            case HardenTraining training:
                (_training ??= new TrainProgressView(context)).Report(training.Progress);
                break;
            case HardenAttacking attack:
                (_attack ??= new AttackProgressView(context)).Report(attack.Progress);
                break;
            case HardenStageEnded:
                Finish();
                break;
        }
    }

    private void Finish()
    {
        _training?.Finish();
        _attack?.Finish();
        (_training, _attack) = (null, null);
    }
}
