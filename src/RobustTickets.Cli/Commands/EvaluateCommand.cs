// evaluate: accuracy of a classifier on a labelled split; for a run's own data, on rows it was not
// trained on.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Terminal;
using RobustTickets.OnnxRuntime;
using RobustTickets.Pipeline.Models;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Commands;

internal static class EvaluateCommand
{
    public static Command Create(CliContext context)
    {
        var model = CommonOptions.Model(
            "classifier: a run, its model/ folder, any Hugging Face BERT classifier, or an ONNX file "
                + "(FILE.onnx, or a folder "
                + "with model.onnx)"
        );
        var split = CommonOptions.Split();
        var length = CommonOptions.Count(
            "--max-length",
            3,
            "maximum number of word pieces, including special tokens; default: that of the tokenizer"
        );
        var json = CommonOptions.Json();
        var command = new Command("evaluate", "accuracy and loss on a labelled split") { model };
        var data = new DataOptionSet(command, "evaluate only the first N examples");
        foreach (var option in new Option[] { split, length, json })
            command.Add(option);
        var execution = new ExecutionOptionSet(command);
        command.SetAction(parsed =>
        {
            var arguments = data.Read(parsed);
            var named = new NamedModel(parsed.GetRequiredValue(model));
            using var classifier = ClassifierSource.Load(
                named.Path,
                execution.Read(parsed),
                parsed.GetValue(length),
                new OnnxModels(new OnnxOptions(DefaultLabels: arguments.Options.Labels?.Names))
            );
            foreach (var note in ClassifierSource.Notes(classifier, parsed.GetValue(length)))
                context.Error.WriteLine($"note: {note}");
            var rows = MeasuredRows.Load(
                named,
                arguments.Path,
                arguments.Task,
                arguments.Options,
                parsed.GetValue(split),
                classifier.Labels,
                context.Stop.Token
            );
            var examples = rows.Split;
            context.Error.WriteLine(examples.Summary());
            foreach (var note in examples.Notes)
                context.Error.WriteLine($"note: {note}");
            var unknown = UnknownPieces.Of(classifier, examples.Examples.Select(e => e.Text));
            if (unknown.Note(classifier.Name) is { } other)
                context.Error.WriteLine($"note: {other}");
            context.Error.WriteLine(rows);
            var result = ClassifierSource.Evaluate(classifier, examples.Examples, context.Stop.Token);
            var correct = (int)Math.Round(result.Accuracy * result.Examples);
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonObject
                    {
                        ["model"] = named.Path,
                        ["task"] = arguments.Task,
                        ["split"] = examples.Name,
                        ["source"] = examples.Source,
                        ["sha256"] = examples.Sha256,
                        ["rows"] = new JsonObject
                        {
                            ["kind"] = MeasuredRows.NameOf(rows.Kind),
                            ["part"] = rows.Name,
                            ["of"] = rows.OfRows,
                            ["repeated"] = rows.Repeated,
                            ["description"] = rows.Description,
                        },
                        ["labels"] = JsonOutput.Array(classifier.Labels),
                        ["examples"] = result.Examples,
                        ["correct"] = correct,
                        ["accuracy"] = JsonOutput.Number(result.Accuracy),
                        ["loss"] = JsonOutput.Number(result.Loss),
                        ["truncated"] = examples.Examples.Count(e => classifier.Length(e.Text) > classifier.MaxLength),
                        ["max_length"] = classifier.MaxLength,
                    }
                );
            }
            else
            {
                context.Out.WriteLine(
                    Text(
                        $"accuracy {Figures.Percent(result.Accuracy)} ({correct:N0} of {result.Examples:N0} ",
                        $"examples, {arguments.Task} {rows.Name}), loss {result.Loss:0.0000}"
                    )
                );
            }
            return ExitCodes.Ok;
        });
        return command;
    }
}
