using System.Text.Json.Nodes;
using RobustTickets.Cli;
using RobustTickets.Cli.Resources;
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
        Assert.Equal(ResourceFolder.Kinds.Select(k => k.Kind), list.Select(n => (string)n!["kind"]!));
        Assert.Equal([Path.Combine(_folder, "stop-words.txt")], list.Select(n => (string?)n!["file"]).OfType<string>());
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
        Assert.Contains("SHA256SUMS demands", changed.Out);
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
}
