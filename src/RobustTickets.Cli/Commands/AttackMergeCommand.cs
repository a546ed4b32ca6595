// attack merge: combines the parts made by attack --shard. Needs no native library.
using System.CommandLine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Options;

namespace RobustTickets.Cli.Commands;

internal static class AttackMergeCommand
{
    public static Command Create(CliContext context)
    {
        var folder = new Argument<string>("folder") { Description = "folder that holds shard-1-of-N ... shard-N-of-N" };
        var output = new Option<string?>("--out")
        {
            Description = "output folder; default: the input folder",
            HelpName = "DIR",
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "merge",
            "merge the shards of an attack (--shard); the files are byte-identical to those of a single run"
        )
        {
            folder,
            output,
            json,
        };
        command.SetAction(parsed =>
        {
            var report = AttackMerge.Run(parsed.GetRequiredValue(folder), parsed.GetValue(output));
            if (parsed.GetValue(json))
                context.Out.Write(AttackJson.Write(report.Summary));
            else
                AttackPrinter.Print(context.Out, report.Summary, report.Folder!);
            report.ThrowIfErrors();
            return ExitCodes.Ok;
        });
        return command;
    }
}
