// TextBugger (Li et al., NDSS 2019) as TextAttack runs it (recipe textbugger_li_2018; specification
// 6): four kinds of typing errors and near neighbours, all tried for each word in the order of
// importance. Nothing of the original's ranking of sentences is in it.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks.Recipes;

/// <summary>
/// What may be varied in TextBugger; the defaults are TextAttack's, the seed is the papers'
/// scripts'.
/// </summary>
/// <param name="Encoder">Sentence encoder; null: no sentence-similarity constraint, and the summary
/// says so.</param>
/// <param name="SimilarityThreshold">Smallest sentence similarity.</param>
/// <param name="Neighbours">Neighbours tried per word.</param>
/// <param name="Randomness">Where the places of typing errors come from; null: a stream per
/// example, seed 42.</param>
/// <param name="QueryBudget">Most queries per example; null: no limit.</param>
/// <param name="Precision">Number type of scores.</param>
/// <param name="Version">Release whose behaviour is followed.</param>
public sealed record TextBuggerOptions(
    ISentenceEncoder? Encoder = null,
    double SimilarityThreshold = 0.8,
    int Neighbours = 5,
    RandomPlan? Randomness = null,
    int? QueryBudget = null,
    ScorePrecision Precision = ScorePrecision.Double,
    TextAttackVersion Version = TextAttackVersion.V034
);

/// <summary>The recipe <c>textbugger</c>.</summary>
public static class TextBugger
{
    private const string Recipe = "TextAttack recipe textbugger_li_2018";

    /// <summary>Builds the attack.</summary>
    public static Attack Create(AttackResources resources, TextBuggerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(resources);
        var o = options ?? new TextBuggerOptions();
        var defaults = new TextBuggerOptions();
        var randomness = o.Randomness ?? new StreamPerExample();
        var lines = new List<RecipeLine>
        {
            new("goal", "untargeted classification", Recipe),
            RecipeLines.Precision(o.Precision),
            new("search", "greedy, words ranked by deletion", Recipe),
            new(
                "transformation",
                "a space inside the word, a character less, two characters swapped (each at one random place, "
                    + "first and last character kept), every look-alike character",
                Recipe
            ),
            new(
                "neighbours",
                $"{o.Neighbours} nearest; {resources.Neighbours.Description}",
                o.Neighbours == defaults.Neighbours ? Recipe : RecipeLines.Chosen
            ),
            RecipeLines.Randomness(randomness),
            new("repeated modification", "never", Recipe),
            RecipeLines.NltkStopWords(resources.StopWords),
        };
        var rules = new CandidateRules(lines);
        rules.Similarity(
            o.Encoder is { } encoder
                ? new SentenceSimilarity(encoder, o.SimilarityThreshold, SimilarityMetric.Angular, null, true, false)
                : null,
            o.SimilarityThreshold == defaults.SimilarityThreshold ? Recipe : RecipeLines.Chosen
        );
        return new Attack(
            "textbugger",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Delete),
            Transformation(resources.Neighbours, o.Neighbours),
            [new NoRepeat(), new NoStopWords(resources.StopWords)],
            rules.Constraints,
            o.QueryBudget,
            lines,
            resources.Files
        )
        {
            Randomness = randomness,
        };
    }

    /// <summary>
    /// TextBugger's five edits in TextAttack's order, which matters to random draws.
    /// </summary>
    /// <param name="neighbours">The neighbours of the fifth.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="randomPlaces">One random place for each of the first three; else every
    /// place.</param>
    public static CompositeSwap Transformation(INeighbourSource neighbours, int count = 5, bool randomPlaces = true) =>
        new([
            CharacterInsertion.Space(randomPlaces),
            new CharacterDeletion(randomPlaces, true, true),
            new NeighbourSwap(randomPlaces, true, true),
            new HomoglyphSwap(),
            new EmbeddingSwap(neighbours, count),
        ]);
}
