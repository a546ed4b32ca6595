// resources list|verify|where: which lexical resources attacks will find, whether they are whole, and where to put them.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Cli.Resources;
using RobustTickets.Text;

namespace RobustTickets.Cli.Commands;

internal static class ResourcesCommand
{
    public static Command Create(CliContext context) => new("resources", "lexical resources of attacks: named files, never downloaded")
    {
        List(context),
        Verify(context),
        Where(context),
    };

    private static Command List(CliContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command("list", "every kind of resource, and the file that is found for it") { json };
        command.SetAction(parsed =>
        {
            var folder = ResourceFolder.OfUser();
            var found = ResourceFolder.Kinds.Select(kind => (Kind: kind, File: folder.Find(kind)?.Path)).ToList();
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(context.Out, new JsonArray([.. found.Select(f => new JsonObject
                {
                    ["kind"] = f.Kind.Kind,
                    ["purpose"] = f.Kind.Purpose,
                    ["looked_for"] = JsonOutput.Array(f.Kind.Files),
                    ["file"] = f.File,
                })]));
                return ExitCodes.Ok;
            }
            foreach (var (kind, file) in found)
            {
                context.Out.WriteLine($"{kind.Kind,-13} {file ?? "not there: " + string.Join(" or ", kind.Files)}");
                context.Out.WriteLine($"{"",-13} {kind.Purpose}");
            }
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Verify(CliContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command("verify", "read every resource that is there and compare it with the folder's SHA256SUMS; exit code 3 when one is broken") { json };
        command.SetAction(parsed =>
        {
            var folder = ResourceFolder.OfUser();
            var demanded = folder.DemandedHashes();
            var results = ResourceFolder.Kinds.Select(folder.Find).OfType<FoundResource>().Select(found => Verified(found, demanded)).ToList();
            var missing = demanded.Keys.Where(name => !File.Exists(Path.Combine(folder.Path, name))).ToList();
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(context.Out, new JsonObject
                {
                    ["resources"] = new JsonArray([.. results.Select(r => new JsonObject
                    {
                        ["kind"] = r.Found.Kind.Kind,
                        ["file"] = r.Found.Path,
                        ["sha256"] = r.Hash,
                        ["demanded"] = r.Demanded,
                        ["content"] = r.Content,
                        ["problem"] = r.Problem,
                    })]),
                    ["missing"] = JsonOutput.Array(missing),
                });
            }
            else
            {
                if (results.Count == 0) context.Out.WriteLine($"no resources in {folder.Path}");
                foreach (var r in results)
                {
                    var hash = r.Demanded is null ? $"sha256 {r.Hash}" : r.Demanded == r.Hash ? "sha256 as demanded" : $"sha256 {r.Hash}";
                    context.Out.WriteLine($"{r.Found.Kind.Kind,-13} {(r.Problem is null ? "ok" : "BROKEN")}  {r.Found.Path}  {r.Problem ?? $"{r.Content}, {hash}"}");
                }
                foreach (var name in missing) context.Out.WriteLine($"{"",-13} MISSING  {Path.Combine(folder.Path, name)}  (named in SHA256SUMS)");
            }
            return missing.Count > 0 || results.Any(r => r.Problem is not null) ? ExitCodes.Data : ExitCodes.Ok;
        });
        return command;
    }

    private static Command Where(CliContext context)
    {
        var command = new Command("where", $"the folder of resources ({ResourceFolder.Variable} names another)");
        command.SetAction(_ =>
        {
            context.Out.WriteLine(ResourceFolder.OfUser().Path);
            return ExitCodes.Ok;
        });
        return command;
    }

    private sealed record Verification(FoundResource Found, string Hash, string? Demanded, string? Content, string? Problem);

    private static Verification Verified(FoundResource found, IReadOnlyDictionary<string, string> demanded)
    {
        var hash = ResourceFolder.Hash(found.Path);
        var wanted = demanded.GetValueOrDefault(Path.GetFileName(found.Path));
        try
        {
            var content = ResourceContent.Describe(found);
            var problem = wanted is not null && wanted != hash ? $"sha256 is {hash}, SHA256SUMS demands {wanted}" : null;
            return new Verification(found, hash, wanted, content, problem);
        }
        catch (DataException e)
        {
            return new Verification(found, hash, wanted, null, e.Message);
        }
    }
}
