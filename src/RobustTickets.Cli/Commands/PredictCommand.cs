// predict: a classifier as a filter over JSON lines.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Evaluation;

namespace RobustTickets.Cli.Commands;

internal static class PredictCommand
{
    public static Command Create(CliContext context)
    {
        var model = CommonOptions.Model("classifier: a run's model/ folder or any Hugging Face BERT classifier");
        var input = CommonOptions.Input();
        var logits = new Option<bool>("--logits") { Description = "also the raw outputs, in class order" };
        var batch = CommonOptions.Count("--batch-size", 1, "lines classified at once; default 64");
        var length = CommonOptions.Count(
            "--max-length",
            3,
            "most word pieces, special tokens included; default: the tokenizer's own"
        );
        var command = new Command(
            "predict",
            "JSON lines {\"text\", \"text_pair\"?} in, {\"label\", \"scores\", \"logits\"?} out"
        )
        {
            model,
            input,
            logits,
            length,
            batch,
        };
        var execution = new ExecutionOptionSet(command);
        command.SetAction(parsed =>
        {
            using var classifier = Classifier.Load(
                parsed.GetRequiredValue(model),
                execution.Apply(parsed),
                parsed.GetValue(length)
            );
            foreach (var note in classifier.Notes)
                context.Error.WriteLine($"note: {note}");
            var names = classifier.Labels;
            foreach (var group in JsonlInput.Read(context, parsed.GetValue(input)!, parsed.GetValue(batch) ?? 64))
            {
                context.Stop.Token.ThrowIfCancellationRequested();
                var rows = classifier.Logits([.. group.Select(t => t.Text)]);
                foreach (var row in rows)
                {
                    var scores = Classifier.Softmax(row);
                    var answer = new JsonObject
                    {
                        ["label"] = names[Array.IndexOf(row, row.Max())],
                        ["scores"] = new JsonObject(
                            names.Select((name, i) => KeyValuePair.Create(name, (JsonNode?)JsonValue.Create(scores[i])))
                        ),
                    };
                    if (parsed.GetValue(logits))
                        answer["logits"] = JsonOutput.Array(row);
                    JsonOutput.WriteLine(context.Out, answer);
                }
                context.Out.Flush();
            }
            return ExitCodes.Ok;
        });
        return command;
    }
}
