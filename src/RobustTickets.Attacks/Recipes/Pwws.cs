// PWWS, probability weighted word saliency (Ren et al., ACL 2019), as TextAttack runs it (recipe
// pwws_ren_2019; specification 8.1, 4.5). The original's named entities and parts of speech have no
// part in it.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks.Recipes;

/// <summary>What may be varied in PWWS.</summary>
/// <param name="QueryBudget">Most queries per example; null: no limit.</param>
/// <param name="Precision">Number type of scores.</param>
/// <param name="Version">Release whose behaviour is followed.</param>
public sealed record PwwsOptions(
    int? QueryBudget = null,
    ScorePrecision Precision = ScorePrecision.Double,
    TextAttackVersion Version = TextAttackVersion.V034
);

/// <summary>The recipe <c>pwws</c>.</summary>
public static class Pwws
{
    private const string Recipe = "TextAttack recipe pwws_ren_2019";

    /// <summary>Builds the attack.</summary>
    /// <param name="resources">The stop words; nothing else of them is used.</param>
    /// <param name="wordNet">The synonyms.</param>
    /// <param name="options">What is varied.</param>
    public static Attack Create(AttackResources resources, WordNet wordNet, PwwsOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(resources);
        ArgumentNullException.ThrowIfNull(wordNet);
        var o = options ?? new PwwsOptions();
        return new Attack(
            "pwws",
            o.Version,
            new UntargetedGoal(o.Precision),
            new WeightedSaliency(),
            new WordNetSwap(wordNet, o.Version),
            [new NoRepeat(), new NoStopWords(resources.StopWords)],
            [],
            o.QueryBudget,
            [
                new("goal", "untargeted classification", Recipe),
                RecipeLines.Precision(o.Precision),
                new(
                    "search",
                    "greedy, words ranked by softmax of the [UNK] scores times the best candidate's score",
                    Recipe
                ),
                new(
                    "transformation",
                    $"every synonym that is one word; WordNet, {wordNet.Info.Content}",
                    Recipe + ", WordNet 3.0"
                ),
                new("repeated modification", "never", Recipe),
                RecipeLines.NltkStopWords(resources.StopWords),
            ],
            [.. resources.Files, wordNet.Info]
        );
    }
}
