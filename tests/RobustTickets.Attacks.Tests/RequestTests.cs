using System.Text.Json.Nodes;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Resources;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>What cannot be carried out is refused by name; what was not judged has no
/// figure.</summary>
public sealed class RequestTests
{
    private static readonly AttackParts Parts = new(new NeighbourTable([]), StopWords.English);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 3)]
    [InlineData(5, 3)]
    [InlineData(-1, 3)]
    public void A_part_that_there_is_not_is_refused(int index, int count)
    {
        var error = Assert.Throws<RequestException>(() => new AttackShard(index, count));
        Assert.Equal(("Shard", $"{index}/{count}"), (error.Field, error.Value));
        Assert.Equal(
            error.Message,
            index < 0
                ? error.Message
                : Assert.Throws<RequestException>(() => AttackShard.Parse($"{index}/{count}")).Message
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("2")]
    [InlineData("2/8/1")]
    [InlineData("two/8")]
    [InlineData("+1/8")]
    public void A_text_that_is_no_part_is_refused_as_one(string text) =>
        Assert.Contains(
            "I from 1 to N",
            Assert.Throws<RequestException>(() => AttackShard.Parse(text)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void No_parts_cannot_be_merged() =>
        Assert.Contains("no shards", Assert.Throws<DataException>(() => ShardMerge.Run([], "whole")).Message);

    [Fact]
    public void A_part_is_what_its_text_says()
    {
        Assert.Equal(new AttackShard(2, 8), AttackShard.Parse("2/8"));
        Assert.Equal(["b", "e"], new AttackShard(2, 3).Of(["a", "b", "c", "d", "e"]));
    }

    [Theory]
    [InlineData("deepwordbug", nameof(AttackOptions.Candidates))]
    [InlineData("pwws", nameof(AttackOptions.Candidates))]
    [InlineData("deepwordbug", nameof(AttackOptions.Window))]
    [InlineData("pwws", nameof(AttackOptions.Window))]
    public void An_option_that_a_recipe_has_no_use_for_is_refused_by_name(string recipe, string option)
    {
        var options =
            option == nameof(AttackOptions.Window)
                ? new AttackOptions(Window: SimilarityWindow.WholeText)
                : new AttackOptions(Candidates: 3);
        var error = Assert.Throws<RequestException>(() =>
            (AttackRecipe.Find(recipe) with { Options = options }).Refuse()
        );
        Assert.Equal(option, error.Field);
        Assert.Contains(recipe, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_window_is_refused_where_similarity_is_off()
    {
        var options = new AttackOptions(Similarity: false, Window: SimilarityWindow.WholeText);
        var error = Assert.Throws<RequestException>(() => AttackRecipe.TextFooler(Parts, options).Build());
        Assert.Equal(nameof(AttackOptions.Window), error.Field);
    }

    [Fact]
    public void Every_recipe_that_takes_a_number_of_candidates_says_it_in_its_description()
    {
        foreach (var recipe in AttackRecipe.All)
        {
            var given = recipe with
            {
                Options = new AttackOptions(Candidates: 7, Similarity: false),
                Resources = Parts with { WordNet = null },
            };
            if (recipe.WordSource is not null)
                continue;
            var error = Record.Exception(() => Assert.Contains(given.Build().Lines, l => l.Value.Contains('7')));
            Assert.Equal(recipe.HasCandidates, error is null);
        }
    }

    [Fact]
    public void Where_no_example_was_judged_there_is_no_figure()
    {
        var summary = AttackSummary.From([FailedOutcome.Of("a"), FailedOutcome.Of("b")], Settings());
        Assert.Equal((0, 2), (summary.Examples, summary.Errors));
        foreach (var rate in new[] { summary.Clean, summary.Aua, summary.AuaLow, summary.AuaHigh, summary.Suc })
            Assert.True(double.IsNaN(rate));

        // Files say null, which every reader of JSON knows, and are read back.
        var text = AttackJson.Write(summary);
        var json = JsonNode.Parse(text)!.AsObject();
        foreach (var name in new[] { "clean", "aua", "aua_low", "aua_high", "suc" })
            Assert.True(json.ContainsKey(name) && json[name] is null, name);
        Assert.Equal(text, AttackJson.Write(AttackJson.ReadSummary(text)));
        Assert.True(double.IsNaN(AttackJson.ReadSummary(text).Suc));
        var results = JsonNode.Parse(TextAttackFormat.Summary(summary))!["Attack Results"]!.AsObject();
        Assert.True(results.ContainsKey("Attack success rate:") && results["Attack success rate:"] is null);
    }

    [Fact]
    public void One_judged_example_is_enough_for_figures()
    {
        var skipped = FailedOutcome.Of("b") with { Result = AttackResult.Skipped, Error = null };
        var summary = AttackSummary.From([FailedOutcome.Of("a"), skipped], Settings());
        Assert.Equal((0.0, 0.0, 0.0), (summary.Clean, summary.Aua, summary.Suc));
        Assert.Equal(0, (double)JsonNode.Parse(AttackJson.Write(summary))!["suc"]!);
    }

    private static AttackSettings Settings() => AttackSettings.Of(AttackRecipe.DeepWordBug(Parts).Build(), "toy");
}
