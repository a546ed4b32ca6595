// What a recipe says of itself follows its options: a number that was chosen is never shown as the
// published one.
using RobustTickets.Attacks.Goals;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

public sealed class RecipeLinesTests
{
    private static readonly Dictionary<string, AttackOptions> Varied = new()
    {
        ["similarity"] = new(Similarity: false),
        ["threshold"] = new(SimilarityThreshold: 0.25),
        ["window"] = new(Window: SimilarityWindow.WholeText),
        ["part of speech"] = new(PartOfSpeech: false),
        ["candidates"] = new(Candidates: 7),
        ["precision"] = new(Precision: ScorePrecision.Double),
        ["randomness"] = new(Randomness: new StreamPerExample(7)),
        ["restarts"] = new(Restarts: 2),
        ["held out"] = new(HeldOutShare: 0.5),
    };

    public static TheoryData<string> Recipes => [.. AttackRecipe.All.Select(r => r.Name)];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Every_option_that_changes_a_recipe_is_described(string name)
    {
        var recipe = AttackRecipe.Find(name) with
        {
            Resources = PublishedParts.Resources(PublishedParts.NltkStopWords),
        };
        var published = recipe.Build();
        var described = new List<string>();
        foreach (var (option, options) in Varied)
        {
            Attack attack;
            try
            {
                attack = (recipe with { Options = options }).Build();
            }
            catch (RequestException)
            {
                continue;
            }
            // Recipes that draw nothing, and those that look at whole texts anyway.
            if (option == "randomness" && !attack.Randomness.Equals(options.Randomness))
                continue;
            if (option == "similarity" && !recipe.HasSimilarity)
                continue;
            if (option == "window" && name is "textbugger" or "bert-attack" or "bert-attack-library")
                continue;
            Assert.False(published.Lines.SequenceEqual(attack.Lines), $"{name}: nothing is said of {option}");
            described.Add(option);
        }
        Assert.Contains("precision", described);
        Assert.Contains("restarts", described);
        Assert.Equal(recipe.HasSimilarity, described.Contains("threshold"));
    }

    [Fact]
    public void Sources_name_recipes_of_TextAttack_as_it_does()
    {
        var named = AttackRecipe
            .All.SelectMany(r => r.Published(TextAttackVersion.V034).Lines)
            .Select(l => System.Text.RegularExpressions.Regex.Match(l.Source, "TextAttack recipe ([a-z_0-9]+)"))
            .Where(m => m.Success)
            .Select(m => m.Groups[1].Value)
            .Distinct()
            .Order(StringComparer.Ordinal);
        Assert.Equal(
            [
                "bae_garg_2019",
                "bert_attack_li_2020",
                "deepwordbug_gao_2018",
                "pwws_ren_2019",
                "textbugger_li_2018",
                "textfooler_jin_2019",
            ],
            named
        );
    }
}
