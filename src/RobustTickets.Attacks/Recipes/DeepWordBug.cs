// DeepWordBug (Gao et al., SPW 2018) as in TextAttack (`deepwordbug_gao_2018`): four random
// character edits per word, limited by the edit distance to the original text. Its only resource is
// the stop-word list.

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
    /// <param name="parts">Resources; only the stop words are used.</param>
    /// <param name="o">The options.</param>
    /// <param name="maxEdits">Maximum character edits of the whole text.</param>
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
    /// DeepWordBug's four edits in TextAttack's order, which affects random draws.
    /// </summary>
    public static CompositeSwap Transformation() =>
        new([new NeighbourSwap(), new CharacterSubstitution(), new CharacterDeletion(), new CharacterInsertion()]);
}
