// The catalogue of attack recipes on the command line: what each is made of as published, and what
// is said when a resource is not there or not used.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>
/// One collection: the folder of resources is named by a variable of the process.
/// </summary>
[Collection("environment")]
public sealed class AttackRecipesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("no resources").FullName;
    private readonly string? _before = Environment.GetEnvironmentVariable(ResourceFolder.Variable);

    public AttackRecipesTests() => Environment.SetEnvironmentVariable(ResourceFolder.Variable, _folder);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _before);
        Directory.Delete(_folder, recursive: true);
    }

    public static TheoryData<string, string> Shown()
    {
        var data = new TheoryData<string, string>();
        foreach (var recipe in AttackRecipe.All.Select(r => r.Name))
        {
            foreach (var compat in TextAttackVersions.ByName.Keys)
                data.Add(recipe, compat);
        }
        return data;
    }

    [Fact]
    public void Every_recipe_is_listed_with_its_resources()
    {
        var list = JsonNode.Parse(CliRun.Of("attack", "recipes", "list", "--json").Out)!.AsArray();
        Assert.Equal(
            [
                "textfooler",
                "textbugger",
                "bert-attack",
                "bert-attack-library",
                "bert-attack-released",
                "bae",
                "pwws",
                "deepwordbug",
            ],
            list.Select(r => (string)r!["name"]!)
        );
        Assert.All(
            list,
            r => Assert.All(r!["resources"]!.AsArray(), k => Assert.NotNull(ResourceKinds.TryFind((string)k!)))
        );
        var text = CliRun.Of("attack", "recipes", "list").Out;
        Assert.All(list, r => Assert.Contains((string)r!["summary"]!, text));
    }

    [Theory]
    [MemberData(nameof(Shown))]
    public void A_recipe_shows_every_choice_with_its_source(string recipe, string compat)
    {
        var shown = JsonNode.Parse(CliRun.Of("attack", "recipes", "show", recipe, "--compat", compat, "--json").Out)!;
        Assert.Equal((recipe, compat), ((string)shown["name"]!, (string)shown["compat"]!));
        var lines = shown["composition"]!
            .AsArray()
            .Select(l => (Item: (string)l!["item"]!, Value: (string)l["value"]!, Source: (string)l["source"]!))
            .ToList();
        Assert.Equal(lines.Count, lines.Select(l => l.Item).Distinct().Count());
        Assert.All(
            lines,
            l => Assert.False(string.IsNullOrWhiteSpace(l.Value) || string.IsNullOrWhiteSpace(l.Source), l.Item)
        );
        // The published composition: nothing is left out and nothing replaced.
        Assert.DoesNotContain(
            lines,
            l =>
                l.Source.StartsWith("no ", StringComparison.Ordinal)
                || l.Source.StartsWith("substitute", StringComparison.Ordinal)
                || l.Source == "option"
        );
        var text = CliRun.Of("attack", "recipes", "show", recipe, "--compat", compat).Out;
        Assert.All(lines, l => Assert.Contains(l.Value, text));
        Assert.Equal(AttackRecipe.Find(recipe).Needs, shown["resources"]!.AsArray().Select(k => (string)k!["kind"]!));
    }

    [Theory]
    [InlineData("textfooler", "0.3.4", "50 nearest neighbours", ">= 0.5", "angular >= 0.840845057, window 15", "266")]
    [InlineData("textbugger", "0.3.4", "5 nearest", "angular >= 0.8, whole text", "179", "42")]
    [InlineData(
        "bert-attack",
        "0.3.4",
        "the 50 best tokens",
        "first 50 combinations",
        "0.4 of the places",
        "cosine >= 0.2, whole text"
    )]
    [InlineData(
        "bert-attack-library",
        "0.3.0",
        "the 48 best tokens",
        "bert_attack_li_2020 (0.3.0, 0.3.4)",
        "0.4 of the places",
        "cosine >= 0.2, whole text"
    )]
    [InlineData(
        "bert-attack-library",
        "head",
        "the 8 best tokens",
        "main branch",
        "0.4 of the places",
        "cosine >= 0.2, whole text"
    )]
    [InlineData(
        "bert-attack-released",
        "0.3.4",
        "50 nearest neighbours, no minimum cosine",
        "cosine >= 0.2, window 15",
        "scripts of EarlyRobust and RobusT",
        "179"
    )]
    [InlineData(
        "bae",
        "0.3.4",
        "at most 50 tokens",
        "probability 0.0005",
        "cosine >= 0.936338023, window 15",
        "bert-base-uncased"
    )]
    [InlineData("deepwordbug", "0.3.4", "<= 30 characters", "deepwordbug_gao_2018", "179", "random")]
    [InlineData("pwws", "0.3.4", "WordNet", "3.0", "weighted", "pwws_ren_2019")]
    public void The_published_numbers_are_shown(string recipe, string compat, params string[] parts)
    {
        var text = CliRun.Of("attack", "recipes", "show", recipe, "--compat", compat).Out;
        var lines =
            text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..].ToUpperInvariant() + text.ToUpperInvariant();
        Assert.All(parts, p => Assert.Contains(p.ToUpperInvariant(), lines));
    }

    [Fact]
    public void An_unknown_recipe_is_refused_with_those_there_are()
    {
        var run = CliRun.Of("attack", "recipes", "show", "hotflip");
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains("possible: bae, bert-attack, bert-attack-library, bert-attack-released", run.Error);
    }

    [Theory]
    [InlineData("bert-attack", "masked-lm", "bert-base-uncased", "bert-attack-released")]
    [InlineData("bert-attack-library", "masked-lm", "bert-base-uncased", "bert-attack-released")]
    [InlineData("bae", "masked-lm", "bert-base-uncased", "bert-attack-released")]
    [InlineData("textfooler", "tagger", "averaged_perceptron_tagger", "--no-part-of-speech")]
    [InlineData("bert-attack-released", "tagger", "averaged_perceptron_tagger", "--no-part-of-speech")]
    [InlineData("textbugger", "word-vectors", "counter-fitted-vectors.txt", "deepwordbug")]
    public void A_missing_resource_is_refused_with_what_to_get_where_it_goes_and_what_works_without_it(
        string recipe,
        string kind,
        string get,
        string without
    )
    {
        var table = Path.Combine(_folder, "table.json");
        File.WriteAllText(table, """{"good":["fine"]}""");
        string[] given = kind == "tagger" ? ["--neighbours", table] : [];
        // The model is never looked at: resources come first.
        var run = CliRun.Of([
            "attack",
            "--recipe",
            recipe,
            "--model",
            "/no/model",
            "--data",
            "/no/data",
            "--task",
            "sst2",
            "--out",
            Path.Combine(_folder, "out"),
            "--no-similarity",
            .. given,
        ]);
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains($"resources import {kind}", run.Error);
        Assert.Contains(get, run.Error);
        Assert.Contains(without, run.Error);
        Assert.False(Directory.Exists(Path.Combine(_folder, "out")));
    }

    [Theory]
    [InlineData("textbugger", "--tagger")]
    [InlineData("textfooler", "--masked-lm")]
    [InlineData("bert-attack", "--neighbours")]
    [InlineData("bert-attack", "--vectors")]
    [InlineData("bae", "--wordnet")]
    [InlineData("deepwordbug", "--tag-map")]
    [InlineData("bert-attack", "--no-part-of-speech")]
    public void An_option_that_a_recipe_does_not_use_is_refused(string recipe, string option)
    {
        string[] given = option.StartsWith("--no", StringComparison.Ordinal) ? [option] : [option, "/some/path"];
        var run = CliRun.Of([
            "attack",
            "--recipe",
            recipe,
            "--model",
            "/no/model",
            "--data",
            "/no/data",
            "--task",
            "sst2",
            "--out",
            Path.Combine(_folder, "out"),
            .. recipe == "deepwordbug" ? Array.Empty<string>() : ["--no-similarity"],
            .. given,
        ]);
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains(option, run.Error);
        Assert.Contains(recipe, run.Error);
    }
}
