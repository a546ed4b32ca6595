// PWWS, probability weighted word saliency (Ren et al., ACL 2019), as in TextAttack
// (`pwws_ren_2019`), which omits the original's named entities and parts of speech.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks;

/// <summary>The recipe <c>pwws</c>.</summary>
internal static class PwwsRecipe
{
    private const string Recipe = "TextAttack recipe pwws_ren_2019";

    /// <summary>Builds the attack.</summary>
    internal static Attack Build(AttackParts parts, AttackOptions o)
    {
        var wordNet = parts.WordNet!;
        return new Attack(
            "pwws",
            o.Version,
            new UntargetedGoal(o.Precision),
            new WeightedSaliency(),
            new WordNetSwap(wordNet, o.Version),
            [new NoRepeat(), new NoStopWords(parts.StopWords)],
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
                RecipeLines.NltkStopWords(parts.StopWords),
            ],
            [.. parts.Files, wordNet.Info]
        );
    }
}
