// tokenize: what a model sees of a text. Needs no native library.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Attacks.Tokens;

namespace RobustTickets.Cli.Commands;

internal static class TokenizeCommand
{
    public static Command Create(CliContext context)
    {
        var model = CommonOptions.Model("folder with vocab.txt or tokenizer.json");
        var input = CommonOptions.Input();
        var length = CommonOptions.Count(
            "--max-length",
            3,
            "most word pieces, special tokens included; default: what the model was made for"
        );
        var command = new Command(
            "tokenize",
            "JSON lines {\"text\", \"text_pair\"?} in, {\"tokens\", \"ids\", \"segments\"} out"
        )
        {
            model,
            input,
            length,
        };
        command.SetAction(parsed =>
        {
            var tokenizer = WordPieceTokenizer.Load(parsed.GetRequiredValue(model));
            var most = parsed.GetValue(length) ?? tokenizer.ModelMaxLength;
            foreach (var group in JsonlInput.Read(context, parsed.GetValue(input)!, size: 256))
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
