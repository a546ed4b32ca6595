// resources build word-vectors|tagger: builds resources that can be made locally.
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Resources.Building;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Terminal;
using RobustTickets.Pipeline;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Commands;

internal static class ResourcesBuildCommand
{
    private const string OutHelp = "output file; default: the resource folder, where attacks find it";

    public static Command Create(CliContext context) =>
        new("build", "build a resource from local files") { WordVectors(context), Tagger(context) };

    private static Command WordVectors(CliContext context)
    {
        var from = new Option<string>("--from")
        {
            Description =
                "word vectors (text or word2vec .bin, may be .gz), or a BERT folder or a name from 'models list', "
                + "whose word embeddings are used",
            HelpName = "FILE|DIR",
            Required = true,
        };
        var wordNet = new Option<string?>("--wordnet")
        {
            Description = "WordNet dict folder with the synonyms and antonyms; default: the resource wordnet",
            HelpName = "DIR",
        };
        var evaluate = Evaluate(
            "word pairs with human ratings (SimLex-999); reports Spearman's correlation before and after"
        );
        var (output, replace, json) = Common(".bin or text; .gz compresses");
        var command = new Command(
            "word-vectors",
            "build counter-fitted vectors for TextFooler's neighbours: synonyms attract, antonyms repel, "
                + "neighbourhoods are preserved (Mrkšić et al. 2016)"
        )
        {
            from,
            wordNet,
            evaluate,
            output,
            replace,
            json,
        };
        command.SetAction(parsed =>
        {
            var target = Target(parsed, output, replace);
            return Run(
                context,
                parsed.GetValue(json),
                report =>
                    ResourceBuild.WordVectors(
                        RunFolder.ModelOf(parsed.GetRequiredValue(from)),
                        parsed.GetValue(wordNet) ?? target.Folder.Required(ResourceKinds.WordNet),
                        parsed.GetValue(evaluate),
                        target,
                        report,
                        context.Stop.Token
                    )
            );
        });
        return command;
    }

    private static Command Tagger(CliContext context)
    {
        var treebank = new Option<string>("--conllu")
        {
            Description = "treebank in CoNLL-U with Penn tags in column XPOS, may be .gz",
            HelpName = "FILE",
            Required = true,
        };
        var evaluate = Evaluate("treebank to measure accuracy on");
        var iterations = CommonOptions.Count("--iterations", 1, "passes over the sentences; default 5");
        var seed = CommonOptions.Count("--seed", 0, "seed of the order of sentences; default 1");
        var (output, replace, json) = Common(".gz compresses");
        var command = new Command("tagger", "train an averaged perceptron part-of-speech tagger on a treebank")
        {
            treebank,
            evaluate,
            iterations,
            seed,
            output,
            replace,
            json,
        };
        command.SetAction(parsed =>
        {
            var options = new TaggerOptions();
            return Run(
                context,
                parsed.GetValue(json),
                report =>
                    ResourceBuild.Tagger(
                        parsed.GetRequiredValue(treebank),
                        parsed.GetValue(evaluate),
                        options with
                        {
                            Iterations = parsed.GetValue(iterations) ?? options.Iterations,
                            Seed = parsed.GetValue(seed) ?? options.Seed,
                        },
                        Target(parsed, output, replace),
                        report,
                        context.Stop.Token
                    )
            );
        });
        return command;
    }

    private static Option<string?> Evaluate(string description) =>
        new("--evaluate") { Description = description, HelpName = "FILE" };

    private static (Option<string?> Output, Option<bool> Replace, Option<bool> Json) Common(string forms) =>
        (
            new Option<string?>("--out") { Description = $"{OutHelp} ({forms})", HelpName = "FILE" },
            new Option<bool>("--replace") { Description = "overwrite an existing file" },
            CommonOptions.Json()
        );

    private static BuildTarget Target(ParseResult parsed, Option<string?> output, Option<bool> replace) =>
        new(ResourceFolder.OfUser(), parsed.GetValue(output), parsed.GetValue(replace));

    private static int Run(CliContext context, bool json, Func<IProgress<BuildProgress>, BuiltResource> build)
    {
        var printer = new ProgressPrinter(context.Error, context.Terminal);
        BuiltResource made;
        try
        {
            made = build(
                new SyncProgress<BuildProgress>(p =>
                    printer.Report(new ProgressState(p.Stage, p.Done, p.Total, p.Unit, null))
                )
            );
        }
        finally
        {
            printer.Finish();
        }
        if (json)
        {
            JsonOutput.Write(
                context.Out,
                new JsonObject
                {
                    ["file"] = made.Path,
                    ["sha256"] = made.Hash,
                    ["content"] = made.Content,
                    ["made"] = made.Made,
                    ["figures"] = new JsonArray([
                        .. made.Figures.Select(f => new JsonObject
                        {
                            ["name"] = f.Name,
                            ["value"] = double.IsFinite(f.Value) ? f.Value : null,
                            ["of"] = f.Of,
                        }),
                    ]),
                }
            );
            return ExitCodes.Ok;
        }
        context.Out.WriteLine($"{made.Content}, {made.Made}, sha256 {made.Hash}, in {made.Path}");
        foreach (var (name, value, of) in made.Figures)
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {value:0.0000} ({of})"));
        return ExitCodes.Ok;
    }
}
