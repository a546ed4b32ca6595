// What "the same run" means: every file of the run folder that holds results, byte for byte; of
// events.jsonl and result.json all but times.
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Tests.Runs;
using Xunit;

namespace RobustTickets.Tests.Resume;

internal static class RunFiles
{
    private static readonly string[] Times = ["seconds", "tokens_per_second", "finished"];

    /// <summary>
    /// Fails unless <paramref name="found"/> ended as <paramref name="expected"/> did.
    /// </summary>
    public static void AssertSame(string expected, string found)
    {
        Assert.Equal(Events(expected), Events(found));
        Assert.Equal(Json(Path.Combine(expected, "result.json")), Json(Path.Combine(found, "result.json")));
        var files = Files(expected);
        Assert.Contains(Path.Combine("model", "model.safetensors"), files);
        Assert.Equal(files, Files(found));
        foreach (var file in files)
        {
            var same = File.ReadAllBytes(Path.Combine(expected, file))
                .AsSpan()
                .SequenceEqual(File.ReadAllBytes(Path.Combine(found, file)));
            Assert.True(same, $"{file} differs between {expected} and {found}");
        }
        MetricFileTests.AssertFollowLog(expected, found);
        AssertNoLeftovers(found);
    }

    /// <summary>Nothing half written is left anywhere.</summary>
    public static void AssertNoLeftovers(string run) =>
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(run, "*", SearchOption.AllDirectories),
            path => Path.GetFileName(path).Contains(".tmp-", StringComparison.Ordinal)
        );

    /// <summary>The lines of events.jsonl without times.</summary>
    public static string[] Events(string run) =>
        [
            .. File.ReadAllLines(Path.Combine(run, "events.jsonl"))
                .Select(line => Timeless(JsonNode.Parse(line)!).ToJsonString()),
        ];

    /// <summary>
    /// Steps of a stage in events.jsonl, in order; tolerates a last line that is being written.
    /// </summary>
    public static long[] Steps(string run, string stage)
    {
        var file = Path.Combine(run, "events.jsonl");
        if (!File.Exists(file))
            return [];
        var steps = new List<long>();
        foreach (var line in ReadShared(file).Split('\n'))
        {
            if (
                !line.StartsWith($"{{\"event\":\"step\",\"stage\":\"{stage}\",\"step\":", StringComparison.Ordinal)
                || !line.EndsWith('}')
            )
                continue;
            steps.Add((long)JsonNode.Parse(line)!["step"]!);
        }
        return [.. steps];
    }

    /// <summary>Names of the checkpoints, the newest first.</summary>
    public static string[] Checkpoints(string run)
    {
        var folder = Path.Combine(run, "checkpoints");
        return Directory.Exists(folder)
            ?
            [
                .. Directory
                    .GetDirectories(folder, "checkpoint-*")
                    .OrderByDescending(path =>
                        long.Parse(path[(path.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture)
                    ),
            ]
            : [];
    }

    /// <summary>
    /// The newest checkpoint without its checksums, so that what is changed in it is not refused as
    /// damage.
    /// </summary>
    public static string Unsealed(string run)
    {
        var newest = Checkpoints(run)[0];
        File.Delete(Path.Combine(newest, FolderChecksums.FileName));
        return newest;
    }

    /// <summary>Copies a folder.</summary>
    public static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }

    // Final results: models, ticket, recipe, and the last checkpoint's tensors.
    private static string[] Files(string run)
    {
        var results = new[] { "model", "control", "ticket" }
            .Select(name => Path.Combine(run, name))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            .Append(Path.Combine(run, "recipe.json"))
            .Concat(Directory.EnumerateFiles(Checkpoints(run)[0], "*.safetensors"));
        return [.. results.Select(file => Path.GetRelativePath(run, file)).Order(StringComparer.Ordinal)];
    }

    private static string Json(string file) => Timeless(JsonNode.Parse(File.ReadAllText(file))!).ToJsonString();

    private static JsonNode Timeless(JsonNode node)
    {
        if (node is JsonObject o)
        {
            foreach (var name in Times)
                o.Remove(name);
            foreach (var (_, value) in o)
                if (value is not null)
                    Timeless(value);
        }
        else if (node is JsonArray a)
        {
            foreach (var value in a)
                if (value is JsonObject)
                    Timeless(value);
        }
        return node;
    }

    private static string ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
