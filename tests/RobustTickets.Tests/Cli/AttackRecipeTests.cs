using System.Text.Json.Nodes;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli;
using RobustTickets.Testing;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>
/// The recipes of character edits and synonyms as <c>attack --recipe NAME</c> runs them: what each
/// needs, what it writes, how one random stream resumes.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class AttackRecipeTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly string? _resources = Environment.GetEnvironmentVariable(ResourceFolder.Variable);

    public AttackRecipeTests() => Environment.SetEnvironmentVariable(ResourceFolder.Variable, _tiny.Below("resources"));

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _resources);
        _tiny.Dispose();
    }

    [Fact]
    public void DeepWordBug_needs_no_resource_and_its_settings_name_the_seed()
    {
        string[] sentence =
        [
            "attack",
            "--model",
            _tiny.Model,
            "--recipe",
            "deepwordbug",
            "--text",
            "a good film , moving and never dull .",
            "--json",
        ];
        var first = CliRun.Of(sentence);
        Assert.True(first.Code == 0, first.Error);
        Assert.Equal(first.Out, CliRun.Of([.. sentence, "--seed", "42"]).Out);
        Assert.Equal("a good film , moving and never dull .", AttackJson.Parse(first.Out.TrimEnd()).Original[0].Value);
        Assert.Equal(0, OnData("seed", "--recipe", "deepwordbug", "--seed", "43").Code);
        Assert.Equal("a stream per example, seed 43", RandomNumbers("seed"));
        // It has no sentence constraint, so an encoder for one is a mistake.
        Assert.Equal(ExitCodes.Usage, CliRun.Of([.. sentence, "--encoder", _tiny.Model]).Code);
    }

    [Fact]
    public void Pwws_takes_its_synonyms_from_the_folder_that_is_named_and_says_which()
    {
        var folder = TinyWordNet.Write(_tiny.Below("dict"));
        var run = OnData("pwws", "--recipe", "pwws", "--wordnet", folder);
        Assert.True(run.Code == 0, run.Error);
        var settings = JsonNode.Parse(File.ReadAllText(_tiny.Below("pwws", "settings.json")))!;
        var resource = settings["resources"]!.AsArray().Single(r => (string)r!["kind"]! == "wordnet")!;
        Assert.Equal(("dict", "37 lemmas"), ((string)resource["name"]!, (string)resource["content"]!));
        File.Delete(Path.Combine(folder, "data.adj"));
        var broken = OnData("other", "--recipe", "pwws", "--wordnet", folder);
        Assert.Equal(ExitCodes.Data, broken.Code);
        Assert.Contains("data.adj", broken.Error);
    }

    [Fact]
    public void One_random_stream_goes_on_where_a_killed_attack_left_it()
    {
        var table = _tiny.Below("table.json");
        File.WriteAllText(table, """{"good":["moving","very"],"dull":["bad"],"film":["story"],"story":["film"]}""");
        string[] options =
        [
            "--recipe",
            "textbugger",
            "--neighbours",
            table,
            "--no-similarity",
            "--random-stream",
            "run",
        ];
        var whole = OnData("whole", options);
        Assert.True(whole.Code == 0, whole.Error);
        var lines = File.ReadAllLines(_tiny.Below("whole", "examples.jsonl"));
        Assert.True(lines.Length > 4);
        Assert.Equal(0, OnData("cut", options).Code);
        File.WriteAllText(_tiny.Below("cut", "examples.jsonl"), string.Concat(lines.Take(3).Select(l => l + "\n")));
        Assert.Equal(0, OnData("cut", options).Code);
        foreach (var file in new[] { "examples.jsonl", "results.csv", "summary.json" })
            Assert.Equal(File.ReadAllText(_tiny.Below("whole", file)), File.ReadAllText(_tiny.Below("cut", file)));
        // A stream per example is another attack: its outcomes do not go into the same folder.
        Assert.Contains("one stream through all examples", RandomNumbers("whole"));
        var other = OnData("whole", [.. options[..^1], "example"]);
        Assert.Equal(ExitCodes.Usage, other.Code);
        Assert.Contains("different settings", other.Error);
        Assert.Contains("use another folder (--out)", other.Error);
    }

    private string RandomNumbers(string folder) =>
        (string)
            JsonNode.Parse(File.ReadAllText(_tiny.Below(folder, "settings.json")))!["composition"]!
                .AsArray()
                .Single(l => (string)l!["item"]! == "random numbers")!["value"]!;

    private CliRun OnData(string folder, params string[] more) =>
        CliRun.Of([
            "attack",
            "--model",
            _tiny.Model,
            "--data",
            _tiny.Data,
            "--task",
            "sst2",
            "--num-examples",
            "12",
            "--out",
            _tiny.Below(folder),
            .. more,
        ]);
}
