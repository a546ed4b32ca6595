// tokenize: shows the tokens of a text. Needs no native library.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Cli.Input;
using RobustTickets.Cli.Options;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Commands;

internal static class TokenizeCommand
{
    public static Command Create(CliContext context)
    {
        var model = CommonOptions.Model("folder with vocab.txt or tokenizer.json, or a run");
        var length = CommonOptions.Count(
            "--max-length",
            3,
            "maximum number of word pieces, including special tokens; default: the maximum of the model"
        );
        var command = new Command(
            "tokenize",
            "tokenize texts (JSON lines, plain lines, CSV, TSV); prints JSON lines {\"tokens\", \"ids\", \"segments\"}"
        )
        {
            model,
            length,
        };
        var input = new TextInputOptions(command);
        command.SetAction(parsed =>
        {
            var texts = input.Read(parsed);
            var folder = RunFolder.ModelOf(ModelStore.OfUser().Resolve(parsed.GetRequiredValue(model)));
            var tokenizer = WordPieceTokenizer.Load(folder);
            var most = parsed.GetValue(length) ?? tokenizer.ModelMaxLength;
            if (most > tokenizer.ModelMaxLength)
                context.Error.WriteLine(
                    $"note: --max-length {most} exceeds the {tokenizer.ModelMaxLength} word pieces of the model"
                );
            foreach (var group in texts.Read(context, size: 256))
            {
                context.Stop.Token.ThrowIfCancellationRequested();
                foreach (var text in group)
                {
                    var encoding = tokenizer.Encode(text.Text, most);
                    JsonOutput.WriteLine(
                        context.Out,
                        new JsonObject
                        {
                            ["tokens"] = JsonOutput.Array(encoding.Ids.Select(id => tokenizer.Vocabulary[id])),
                            ["ids"] = JsonOutput.Array(encoding.Ids),
                            ["segments"] = JsonOutput.Array(encoding.Segments),
                        }
                    );
                }
                context.Out.Flush();
            }
            return ExitCodes.Ok;
        });
        return command;
    }
}
