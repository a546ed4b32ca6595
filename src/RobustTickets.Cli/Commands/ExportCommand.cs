// export: a trained model for other programs; written, loaded again and compared before the command
// says ok.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Cli.Terminal;
using RobustTickets.Export;

namespace RobustTickets.Cli.Commands;

internal static class ExportCommand
{
    private static readonly string[] Formats = ["hf-dense", "hf-compact"];

    public static Command Create(CliContext context)
    {
        var model = CommonOptions.Model("classifier: a run's model/ folder or any Hugging Face BERT classifier");
        var format = new Option<string>("--format")
        {
            Description =
                "hf-dense: original shapes with zeros, loads in any program; hf-compact: true shapes, "
                + "with a loader for Python beside it",
            HelpName = string.Join('|', Formats),
            Required = true,
        };
        var output = new Option<string>("--out")
        {
            Description = "folder to write; must not hold anything",
            HelpName = "DIR",
            Required = true,
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "export",
            "write a model for other programs; loaded again and its logits compared (exit code 5 when they differ)"
        )
        {
            model,
            format,
            output,
            json,
        };
        command.SetAction(parsed =>
        {
            var source = ModelStore.OfUser().Resolve(parsed.GetRequiredValue(model));
            var target = parsed.GetRequiredValue(output);
            var layout = parsed.GetRequiredValue(format) switch
            {
                "hf-dense" => HuggingFaceLayout.Dense,
                "hf-compact" => HuggingFaceLayout.Compact,
                var other => throw new UsageException(
                    $"--format {other}: this version does not write it; possible: {string.Join(", ", Formats)}"
                ),
            };
            int labels;
            using (var folder = BertFiles.OpenClassifier(source))
            {
                foreach (var note in folder.Notes)
                    context.Error.WriteLine($"note: {note}");
                labels = folder.Config.NumLabels;
            }
            HuggingFaceExport.Write(source, target, layout);
            var difference = ExportCheck.Verify(source, target, labels);
            var bytes = new DirectoryInfo(target).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonObject
                    {
                        ["model"] = source,
                        ["format"] = parsed.GetRequiredValue(format),
                        ["out"] = target,
                        ["bytes"] = bytes,
                        ["largest_logit_difference"] = difference,
                    }
                );
            }
            else
                context.Out.WriteLine(
                    Figures.Text(
                        $"{target}: {parsed.GetRequiredValue(format)}, {bytes / 1048576.0:0.0} MiB, logits ",
                        $"equal to the source's within {difference:0.0e+0}"
                    )
                );
            return ExitCodes.Ok;
        });
        return command;
    }
}
