// resources list|verify|where|import|precompute: which lexical resources attacks find, whether they
// are intact, where to put them, and how to import them.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Terminal;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Cli.Commands;

internal static class ResourcesCommand
{
    public static Command Create(CliContext context) =>
        new("resources", "list, verify, import and build the lexical resources of attacks; nothing is downloaded")
        {
            List(context),
            Verify(context),
            Where(context),
            Import(context),
            ResourcesBuildCommand.Create(context),
            Precompute(context),
        };

    private static Command List(CliContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command(
            "list",
            "list every kind of resource: the file found and its hash, or where to get it and what works "
                + "without it"
        )
        {
            json,
        };
        command.SetAction(parsed =>
        {
            var folder = ResourceFolder.OfUser();
            var found = ResourceKinds.All.Select(kind => (Kind: kind, File: folder.Find(kind)?.Path)).ToList();
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonArray([
                        .. found.Select(f => new JsonObject
                        {
                            ["kind"] = f.Kind.Kind,
                            ["purpose"] = f.Kind.Purpose,
                            ["without"] = ResourceHints.Without(f.Kind),
                            ["origin"] = f.Kind.Origin,
                            ["licence"] = f.Kind.Licence,
                            ["published"] = new JsonArray([
                                .. f.Kind.Published.Select(p => new JsonObject
                                {
                                    ["file"] = p.Name,
                                    ["address"] = p.Address,
                                    ["bytes"] = p.Bytes,
                                    ["sha256"] = p.Sha256,
                                }),
                            ]),
                            ["looked_for"] = JsonOutput.Array([.. f.Kind.Files, .. f.Kind.Elsewhere ?? []]),
                            ["file"] = f.File,
                            ["sha256"] = f.File is null ? null : ResourceFolder.Hash(f.File),
                        }),
                    ])
                );
                return ExitCodes.Ok;
            }
            foreach (var (kind, file) in found)
            {
                context.Out.WriteLine($"{kind.Kind, -17} {file ?? "not found"}");
                if (file is not null)
                    Line("sha256", ResourceFolder.Hash(file));
                Line("for", kind.Purpose);
                Line("origin", $"{kind.Origin}; licence: {kind.Licence}");
                foreach (var published in kind.Published)
                {
                    Line("file", $"{published.Name}, {Pinned(published)}");
                    Line("at", published.Address);
                }
                if (file is not null)
                    continue;
                Line("import", $"{ProgramName.Value} resources import {kind.Kind} {(kind.IsFolder ? "DIR" : "FILE")}");
                Line("without", ResourceHints.Without(kind));
            }
            return ExitCodes.Ok;

            static string Pinned(PublishedFile file) =>
                file is { Bytes: { } bytes, Sha256: { } hash }
                    ? $"{Figures.Count(bytes)} bytes, sha256 {hash}"
                    : "size and sha256 not pinned";

            void Line(string name, string text) => context.Out.WriteLine($"  {name, -8} {text}");
        });
        return command;
    }

    private static Command Verify(CliContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command(
            "verify",
            "read every resource found and compare it with SHA256SUMS of the folder; exit code 3 if one is "
                + "broken or missing"
        )
        {
            json,
        };
        command.SetAction(parsed =>
        {
            var folder = ResourceFolder.OfUser();
            using var models = new AttackModels();
            var demanded = folder.DemandedHashes();
            var results = ResourceKinds
                .All.Select(folder.Find)
                .OfType<FoundResource>()
                .Select(found => ResourceVerification.Of(found, folder, demanded, models))
                .ToList();
            var missing = demanded.Keys.Where(name => !File.Exists(Path.Combine(folder.Path, name))).ToList();
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonObject
                    {
                        ["resources"] = new JsonArray([
                            .. results.Select(r => new JsonObject
                            {
                                ["kind"] = r.Found.Kind.Kind,
                                ["file"] = r.Found.Path,
                                ["sha256"] = r.Hash,
                                ["demanded"] = r.Demanded,
                                ["content"] = r.Content,
                                ["problem"] = r.Problem,
                            }),
                        ]),
                        ["missing"] = JsonOutput.Array(missing),
                    }
                );
            }
            else
            {
                if (results.Count == 0)
                    context.Out.WriteLine($"no resources in {folder.Path}");
                foreach (var r in results)
                {
                    var hash = r.Demanded && r.Problem is null ? "sha256 as expected" : $"sha256 {r.Hash}";
                    context.Out.WriteLine(
                        $"{r.Found.Kind.Kind, -17} {(r.Problem is null ? "ok" : "BROKEN")}  {r.Found.Path}  "
                            + $"{r.Problem ?? $"{r.Content}, {hash}"}"
                    );
                }
                foreach (var name in missing)
                    context.Out.WriteLine(
                        $"{"", -17} MISSING  {Path.Combine(folder.Path, name)}  (named in SHA256SUMS)"
                    );
            }
            return missing.Count > 0 || results.Any(r => r.Problem is not null) ? ExitCodes.Data : ExitCodes.Ok;
        });
        return command;
    }

    private static Command Where(CliContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command("where", $"print the resource folder ({ResourceFolder.Variable} overrides it)")
        {
            json,
        };
        command.SetAction(parsed =>
        {
            var folder = ResourceFolder.OfUser().Path;
            if (parsed.GetValue(json))
                JsonOutput.Write(context.Out, new JsonObject { ["folder"] = folder });
            else
                context.Out.WriteLine(folder);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Import(CliContext context)
    {
        var kind = new Argument<string>("kind")
        {
            Description = string.Join(", ", ResourceKinds.All.Select(k => k.Kind)),
        };
        var source = new Argument<string>("path")
        {
            Description = "file or folder; it is read completely before it is copied",
        };
        var replace = new Option<bool>("--replace") { Description = "overwrite an existing resource of this kind" };
        var json = CommonOptions.Json();
        var command = new Command(
            "import",
            "copy a resource into the resource folder under the name that attacks look for, and record its hash"
        )
        {
            kind,
            source,
            replace,
            json,
        };
        kind.Validators.Add(result =>
        {
            if (result.Tokens is [var name] && ResourceKinds.TryFind(name.Value) is null)
                result.AddError(
                    $"kind {name.Value}: not known; "
                        + NearestNames.Hint(name.Value, [.. ResourceKinds.All.Select(k => k.Kind)])
                );
        });
        command.SetAction(parsed =>
        {
            var folder = ResourceFolder.OfUser();
            var imported = ResourceImport.Import(
                folder,
                ResourceKinds.TryFind(parsed.GetRequiredValue(kind))!,
                parsed.GetRequiredValue(source),
                parsed.GetValue(replace)
            );
            var of = imported.Resource.Kind;
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(
                    context.Out,
                    new JsonObject
                    {
                        ["kind"] = of.Kind,
                        ["file"] = imported.Resource.Path,
                        ["sha256"] = imported.Hash,
                        ["content"] = imported.Content,
                        ["published"] = imported.Published?.Name,
                    }
                );
            }
            else
            {
                context.Out.WriteLine(
                    $"{of.Kind}: {imported.Content}, sha256 {imported.Hash}, in {imported.Resource.Path}"
                );
                if (imported.Published is { } published)
                    context.Error.WriteLine($"note: byte-identical to the published {published.Name}");
                else if (
                    of.Published.Any(p =>
                        p.Name == Path.GetFileName(parsed.GetRequiredValue(source)) && p.Sha256 is not null
                    )
                )
                    context.Error.WriteLine(
                        $"note: has the name of a published file but other content ('resources list' shows its sha256)"
                    );
                context.Error.WriteLine(
                    $"note: the published {of.Kind} come from {of.Origin}; licence: {of.Licence}; other files "
                        + "have their own terms"
                );
            }
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Precompute(CliContext context)
    {
        var count = CommonOptions.Count("--count", 1, "neighbours per word; default 50");
        var json = CommonOptions.Json();
        var command = new Command(
            "precompute",
            "compute the neighbours of every word of the word vectors once and save them in a table bound to the "
                + "hash of the vectors; changes speed only"
        )
        {
            count,
            json,
        };
        command.SetAction(parsed =>
        {
            var folder = ResourceFolder.OfUser();
            var path = folder.Required(ResourceKinds.WordVectors);
            var vectors = WordVectorReader.Read(path);
            var most = parsed.GetValue(count) ?? 50;
            var printer = new ProgressPrinter(context.Error, context.Terminal);
            NeighbourFile made;
            try
            {
                made = NeighbourFile.Compute(
                    vectors,
                    ResourceFolder.Hash(path),
                    most,
                    done => printer.Report(new ProgressState("neighbours", done, vectors.Count, "words", null)),
                    context.Stop.Token
                );
            }
            finally
            {
                printer.Finish();
            }
            WholeFile.CreateFolder(folder.Computed);
            var target = Path.Combine(folder.Computed, NeighbourFile.NameFor(made.VectorsHash));
            Checkpoints.Files.AtomicFile.Write(target, made.Write);
            if (parsed.GetValue(json))
                JsonOutput.Write(
                    context.Out,
                    new JsonObject
                    {
                        ["file"] = target,
                        ["words"] = vectors.Count,
                        ["neighbours"] = made.Count,
                    }
                );
            else
                context.Out.WriteLine(
                    $"{Figures.Count(vectors.Count)} words, {made.Count} neighbours each, in {target}"
                );
            return ExitCodes.Ok;
        });
        return command;
    }
}
