// predict: classifies rows of text as a stream filter.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Cli.Input;
using RobustTickets.Cli.Options;
using RobustTickets.Evaluation;
using RobustTickets.Models;
using RobustTickets.OnnxRuntime;
using RobustTickets.Pipeline.Models;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Commands;

internal static class PredictCommand
{
    public static Command Create(CliContext context)
    {
        var model = CommonOptions.Model(
            "classifier: a run, its model/ folder, any Hugging Face BERT classifier, or an ONNX file (FILE.onnx, "
                + "or a folder "
                + "with model.onnx)"
        );
        var logits = new Option<bool>("--logits") { Description = "also print the logits, in class order" };
        var batch = CommonOptions.Count("--batch-size", 1, "rows per batch; default 64");
        var length = CommonOptions.Count(
            "--max-length",
            3,
            "maximum number of word pieces, including special tokens; default: that of the tokenizer"
        );
        var command = new Command(
            "predict",
            "classify texts (JSON lines, plain lines, CSV, TSV); prints JSON lines {\"label\", \"scores\", "
                + "\"logits\"?} with the other fields of each row (id ...)"
        )
        {
            model,
            logits,
            length,
            batch,
        };
        var labels = new Option<string?>("--labels")
        {
            Description = "class names of an ONNX file in logit order; default: those in the file or next to it",
            HelpName = "LIST",
        };
        command.Add(labels);
        var input = new TextInputOptions(command);
        var execution = new ExecutionOptionSet(command);
        command.SetAction(parsed =>
        {
            var texts = input.Read(parsed);
            var path = RunFolder.ModelOf(parsed.GetRequiredValue(model));
            var loader = new OnnxModels(new OnnxOptions(Labels: DataOptionSet.Labels(parsed.GetValue(labels))?.Names));
            if (parsed.GetValue(labels) is not null && !loader.Knows(path))
                throw new UsageException("--labels requires an ONNX file; a Hugging Face folder names its own classes");
            using var classifier = ClassifierSource.Load(path, execution.Read(parsed), parsed.GetValue(length), loader);
            foreach (var note in ClassifierSource.Notes(classifier, parsed.GetValue(length)))
                context.Error.WriteLine($"note: {note}");
            var unknown = default(UnknownPieces);
            foreach (var group in texts.Read(context, parsed.GetValue(batch) ?? 64))
            {
                context.Stop.Token.ThrowIfCancellationRequested();
                var rows = Logits(classifier, group, texts, context.Stop.Token);
                foreach (var (input, row) in group.Zip(rows))
                    JsonOutput.WriteLine(context.Out, Answer(input, row, classifier, parsed.GetValue(logits)));
                context.Out.Flush();
                unknown += UnknownPieces.Of(classifier, group.Select(t => t.Text));
            }
            if (unknown.Note(classifier.Name) is { } other)
                context.Error.WriteLine($"note: {other}");
            return ExitCodes.Ok;
        });
        return command;
    }

    // A logit that is not finite is reported with its line.
    private static float[][] Logits(
        ITextClassifier classifier,
        IReadOnlyList<InputText> group,
        TextInput source,
        CancellationToken stop
    )
    {
        try
        {
            var rows = classifier.Logits([.. group.Select(t => t.Text)], stop);
            for (var i = 0; i < rows.Length; i++)
                Evaluator.RequireFinite(rows[i], $"{classifier.Name}: text {i + 1} of {rows.Length}", i);
            return rows;
        }
        catch (NumericFailureException e) when (e.Text is { } at)
        {
            throw new NumericFailureException($"{source.Origin}:{group[at].Line}: {classifier.Name}: {e.Found}");
        }
    }

    private static JsonObject Answer(InputText input, float[] row, ITextClassifier classifier, bool withLogits)
    {
        var names = classifier.Labels;
        var scores = Classifier.Softmax(row);
        var answer = new JsonObject
        {
            ["label"] = names[row.ArgMax()],
            ["scores"] = new JsonObject(
                names.Select((name, i) => KeyValuePair.Create(name, (JsonNode?)JsonValue.Create(scores[i])))
            ),
        };
        if (withLogits)
            answer["logits"] = JsonOutput.Array(row);
        // Other fields, such as a gold label, are kept; a prefix avoids name clashes.
        foreach (var (name, value) in input.Others)
        {
            var free = name;
            if (free is "label" or "scores" or "logits")
                do free = "input_" + free;
                while (input.Others.Any(o => o.Key == free));
            answer[free] = value;
        }
        return answer;
    }
}
