using System.Text.Json.Nodes;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli;
using RobustTickets.Cli.Terminal;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>One collection: the folder is named by a variable of the process.</summary>
[Collection("environment")]
public sealed class ResourcesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("resources").FullName;
    private readonly string? _before = Environment.GetEnvironmentVariable(ResourceFolder.Variable);

    public ResourcesTests() => Environment.SetEnvironmentVariable(ResourceFolder.Variable, _folder);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _before);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void The_folder_is_told_and_what_lies_in_it_is_found()
    {
        Assert.Equal(_folder + "\n", CliRun.Of("resources", "where").Out);
        File.WriteAllText(Path.Combine(_folder, "stop-words.txt"), "a\nthe\n");
        var list = JsonNode.Parse(CliRun.Of("resources", "list", "--json").Out)!.AsArray();
        Assert.Equal(ResourceKinds.All.Select(k => k.Kind), list.Select(n => (string)n!["kind"]!));
        Assert.Equal(
            [Path.Combine(_folder, "stop-words.txt")],
            list.Select(n => (string?)n!["file"])
                .OfType<string>()
                .Where(f => f.StartsWith(_folder, StringComparison.Ordinal))
        );
    }

    [Fact]
    public void Whole_resources_verify_and_a_changed_one_does_not()
    {
        var words = Path.Combine(_folder, "stop-words.txt");
        File.WriteAllText(words, "a\nthe\n");
        File.WriteAllText(Path.Combine(_folder, "neighbours.json"), """{"good":["fine","nice"]}""");
        Assert.Equal(0, CliRun.Of("resources", "verify").Code);

        var sums = Path.Combine(_folder, "SHA256SUMS");
        File.WriteAllText(sums, $"{ResourceFolder.Hash(words)}  stop-words.txt\n");
        Assert.Equal(0, CliRun.Of("resources", "verify").Code);
        File.AppendAllText(words, "an\n");
        var changed = CliRun.Of("resources", "verify");
        Assert.Equal(ExitCodes.Data, changed.Code);
        Assert.Contains("SHA256SUMS expects", changed.Out);
    }

    [Fact]
    public void Files_of_file_browsers_do_not_spoil_a_folder_resource()
    {
        var source = Directory.CreateTempSubdirectory("source").FullName;
        try
        {
            Assert.Equal(0, CliRun.Of("resources", "import", "wordnet", TinyWordNet.Write(source)).Code);
        }
        finally
        {
            Directory.Delete(source, recursive: true);
        }
        File.WriteAllText(Path.Combine(_folder, ResourceKinds.WordNet, ".DS_Store"), "x");
        var verified = CliRun.Of("resources", "verify");
        Assert.True(verified.Code == 0, verified.Out + verified.Error);
        Assert.Contains("sha256 as expected", verified.Out);
    }

    [Fact]
    public void A_broken_or_missing_resource_does_not_verify()
    {
        File.WriteAllText(Path.Combine(_folder, "neighbours.json"), "{\"good\":");
        var broken = CliRun.Of("resources", "verify");
        Assert.Equal(ExitCodes.Data, broken.Code);
        Assert.Contains("BROKEN", broken.Out);
        File.Delete(Path.Combine(_folder, "neighbours.json"));
        File.WriteAllText(Path.Combine(_folder, "SHA256SUMS"), new string('0', 64) + "  gone.bin\n");
        var missing = CliRun.Of("resources", "verify");
        Assert.Equal(ExitCodes.Data, missing.Code);
        Assert.Contains("gone.bin", missing.Out);
        File.WriteAllText(Path.Combine(_folder, "SHA256SUMS"), "nonsense\n");
        Assert.Contains("SHA256SUMS:1:", CliRun.Of("resources", "verify").Error);
    }

    [Fact]
    public void An_imported_resource_is_found_by_attacks_and_verifies()
    {
        var source = Directory.CreateTempSubdirectory("source").FullName;
        try
        {
            var vectors = Path.Combine(source, "cf.vec");
            File.WriteAllText(vectors, "good 1 0\nfine 0.9 0.1\nbad 0 1\n");
            var imported = CliRun.Of("resources", "import", "word-vectors", vectors);
            Assert.True(imported.Code == 0, imported.Error);
            Assert.Contains("3 words x 2", imported.Out);
            Assert.Contains("licence", imported.Error);
            var placed = Path.Combine(_folder, "word-vectors.txt");
            Assert.Equal(File.ReadAllText(vectors), File.ReadAllText(placed));
            Assert.Equal(
                $"{ResourceFolder.Hash(vectors)}  word-vectors.txt\n",
                File.ReadAllText(Path.Combine(_folder, ResourceFolder.Sums))
            );
            Assert.Contains("sha256 as expected", CliRun.Of("resources", "verify").Out);

            // The same file again is no change; another one is refused until it is asked for, and
            // then leaves no file behind that would be found first.
            Assert.Equal(0, CliRun.Of("resources", "import", "word-vectors", vectors).Code);
            var table = Path.Combine(source, "cf.bin");
            File.WriteAllBytes(table, [.. "1 2\ngood "u8, 0, 0, 128, 63, 0, 0, 0, 0]);
            var refused = CliRun.Of("resources", "import", "word-vectors", table);
            Assert.Equal(ExitCodes.Usage, refused.Code);
            Assert.Contains($"replace it with {table} (--replace)", refused.Error);
            Assert.Equal(0, CliRun.Of("resources", "import", "word-vectors", table, "--replace").Code);
            Assert.False(File.Exists(placed));
            Assert.Equal(
                ["SHA256SUMS", "word-vectors.bin"],
                Directory.GetFiles(_folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)
            );
            Assert.Equal(0, CliRun.Of("resources", "verify").Code);
        }
        finally
        {
            Directory.Delete(source, recursive: true);
        }
    }

    [Fact]
    public void What_cannot_be_read_is_not_imported()
    {
        var broken = Path.Combine(_folder, "broken.json");
        File.WriteAllText(broken, "{\"classes\":");
        foreach (
            var (kind, path, message) in new[]
            {
                ("tagger", broken, "broken.json:1: not JSON"),
                ("word-vectors", "/no/such/vectors.txt", "/no/such/vectors.txt"),
                ("wordnet", _folder, "index.noun"),
                ("masked-lm", _folder, "has no weights"),
                ("sentence-encoder", broken, "no such folder"),
            }
        )
        {
            var run = CliRun.Of("resources", "import", kind, path);
            Assert.True(run.Code == ExitCodes.Data, $"{kind}: {run.Error}");
            Assert.Contains(message, run.Error);
        }
        Assert.Equal([broken], Directory.GetFiles(_folder));
        Assert.Equal(ExitCodes.Usage, CliRun.Of("resources", "import", "nonsense", broken).Code);
    }

    [Fact]
    public void A_file_is_copied_where_links_are_not_allowed()
    {
        var (source, link) = (Path.Combine(_folder, "a"), Path.Combine(_folder, "b"));
        File.WriteAllText(source, "vectors");
        File.SetAttributes(source, FileAttributes.ReadOnly);
        // What an ordinary user of Windows gets.
        UpstreamFile.LinkOrCopy(link, source, (_, _) => throw new IOException("A required privilege is not held"));
        Assert.Equal((null, "vectors"), (new FileInfo(link).LinkTarget, File.ReadAllText(link)));
        Assert.False(File.GetAttributes(link).HasFlag(FileAttributes.ReadOnly));
        File.Delete(link);
        File.SetAttributes(source, FileAttributes.Normal);
        UpstreamFile.LinkOrCopy(link, source, File.CreateSymbolicLink);
        Assert.Equal(source, new FileInfo(link).LinkTarget);
    }

    [Fact]
    public void Each_kind_says_what_to_get_and_what_works_without_it()
    {
        var list = CliRun.Of("resources", "list").Out;
        foreach (var kind in ResourceKinds.All)
        {
            if (new ResourceFolder(_folder).Find(kind) is not null)
                continue;
            Assert.Contains($"resources import {kind.Kind}", list);
            Assert.Contains(ResourceHints.Without(kind), list);
            Assert.Contains(kind.Licence, list);
        }
        var missing = Assert.Throws<MissingResourceException>(() => new ResourceFolder(_folder).Required("masked-lm"));
        Assert.Contains("bert-attack-released", missing.Message);
        Assert.Contains("resources import masked-lm DIR", ResourceHints.Of(missing));
    }

    [Fact]
    public void Neighbours_are_computed_once_for_all_words()
    {
        File.WriteAllText(Path.Combine(_folder, "word-vectors.txt"), "good 1 0\nfine 0.9 0.1\nbad 0 1\n");
        var run = CliRun.Of("resources", "precompute", "--count", "2");
        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("3 words, 2 neighbours each", run.Out);
        Assert.Single(Directory.GetFiles(new ResourceFolder(_folder).Computed));
    }
}
