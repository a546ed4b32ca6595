// DeepWordBug (Gao et al., SPW 2018) as TextAttack runs it (recipe `deepwordbug_gao_2018`): four
// random typing errors per word, limited by the edit distance to the original text. It needs no
// resource but stop words.

using System.Globalization;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks;

/// <summary>The recipe <c>deepwordbug</c>.</summary>
internal static class DeepWordBugRecipe
{
    private const string Recipe = "TextAttack recipe deepwordbug_gao_2018";
    private const int MaxEdits = 30;

    /// <summary>Builds the attack.</summary>
    /// <param name="parts">The stop words; nothing else of them is used.</param>
    /// <param name="o">What is varied.</param>
    /// <param name="maxEdits">Most character edits of the whole text.</param>
    internal static Attack Build(AttackParts parts, AttackOptions o, int maxEdits = MaxEdits)
    {
        var randomness = o.RandomPlan;
        List<RecipeLine> lines =
        [
            new("goal", "untargeted classification", Recipe),
            RecipeLines.Precision(o.Precision),
            new("search", "greedy, words ranked by [UNK]", Recipe),
            new(
                "transformation",
                "two characters swapped, a random letter for a character, a character less, a random letter "
                    + "more, each at one random place; words of one character stay",
                Recipe
            ),
            RecipeLines.Randomness(randomness),
            new("repeated modification", "never", Recipe),
            RecipeLines.NltkStopWords(parts.StopWords),
            new(
                "edit distance",
                $"<= {maxEdits.ToString(CultureInfo.InvariantCulture)} characters, whole text, against the "
                    + "original text",
                maxEdits == MaxEdits ? Recipe : RecipeLines.Chosen
            ),
        ];
        return new Attack(
            "deepwordbug",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Unknown),
            Transformation(),
            [new NoRepeat(), new NoStopWords(parts.StopWords)],
            [new MaxEditDistance(maxEdits)],
            o.QueryBudget,
            lines,
            parts.Files
        )
        {
            Randomness = randomness,
        };
    }

    /// <summary>
    /// DeepWordBug's four edits in TextAttack's order, which matters to random draws.
    /// </summary>
    public static CompositeSwap Transformation() =>
        new([new NeighbourSwap(), new CharacterSubstitution(), new CharacterDeletion(), new CharacterInsertion()]);
}
