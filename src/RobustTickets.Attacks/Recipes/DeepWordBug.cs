// DeepWordBug (Gao et al., SPW 2018) as TextAttack runs it (recipe deepwordbug_gao_2018;
// specification 8.2): four random typing errors per word, limited by the edit distance to the
// original text. It needs no resource but stop words.

using System.Globalization;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks.Recipes;

/// <summary>What may be varied in DeepWordBug; the defaults are TextAttack's.</summary>
/// <param name="MaxEdits">Most character edits of the whole text.</param>
/// <param name="Randomness">Where places and letters come from; null: a stream per example, seed
/// 42.</param>
/// <param name="QueryBudget">Most queries per example; null: no limit.</param>
/// <param name="Precision">Number type of scores.</param>
/// <param name="Version">Release whose behaviour is followed.</param>
public sealed record DeepWordBugOptions(
    int MaxEdits = 30,
    RandomPlan? Randomness = null,
    int? QueryBudget = null,
    ScorePrecision Precision = ScorePrecision.Double,
    TextAttackVersion Version = TextAttackVersion.V034
);

/// <summary>The recipe <c>deepwordbug</c>.</summary>
public static class DeepWordBug
{
    private const string Recipe = "TextAttack recipe deepwordbug_gao_2018";

    /// <summary>Builds the attack.</summary>
    public static Attack Create(AttackResources resources, DeepWordBugOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(resources);
        var o = options ?? new DeepWordBugOptions();
        var randomness = o.Randomness ?? new StreamPerExample();
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
            RecipeLines.NltkStopWords(resources.StopWords),
            new(
                "edit distance",
                $"<= {o.MaxEdits.ToString(CultureInfo.InvariantCulture)} characters, whole text, against the "
                    + "original text",
                o.MaxEdits == new DeepWordBugOptions().MaxEdits ? Recipe : RecipeLines.Chosen
            ),
        ];
        return new Attack(
            "deepwordbug",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Unknown),
            Transformation(),
            [new NoRepeat(), new NoStopWords(resources.StopWords)],
            [new MaxEditDistance(o.MaxEdits)],
            o.QueryBudget,
            lines,
            resources.Files
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
