// TextBugger (Li et al., NDSS 2019) as in TextAttack (`textbugger_li_2018`): four kinds of
// character edits and nearest neighbours, all tried for each word in order of importance. The
// original's ranking of sentences is omitted.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks;

/// <summary>The recipe <c>textbugger</c>.</summary>
internal static class TextBuggerRecipe
{
    private const string Recipe = "TextAttack recipe textbugger_li_2018";
    private const int Neighbours = 5;
    private const double Threshold = 0.8;

    /// <summary>Builds the attack.</summary>
    internal static Attack Build(AttackParts parts, AttackOptions o)
    {
        var count = o.Candidates ?? Neighbours;
        var threshold = o.SimilarityThreshold ?? Threshold;
        var randomness = o.RandomPlan;
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
                $"{count} nearest; {parts.Neighbours.Description}",
                count == Neighbours ? Recipe : RecipeLines.Chosen
            ),
            RecipeLines.Randomness(randomness),
            new("repeated modification", "never", Recipe),
            RecipeLines.NltkStopWords(parts.StopWords),
        };
        var rules = new CandidateRules(lines);
        rules.Similarity(
            parts.Encoder is { } encoder
                ? new SentenceSimilarity(
                    encoder,
                    threshold,
                    SimilarityMetric.Angular,
                    null,
                    ComparesWithOriginal: true,
                    SkipShortTexts: false
                )
                : null,
            threshold == Threshold ? Recipe : RecipeLines.Chosen
        );
        return new Attack(
            "textbugger",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Delete),
            Transformation(parts.Neighbours, count),
            [new NoRepeat(), new NoStopWords(parts.StopWords)],
            rules.Constraints,
            o.QueryBudget,
            lines,
            parts.Files
        )
        {
            Randomness = randomness,
        };
    }

    /// <summary>
    /// TextBugger's five edits in TextAttack's order, which affects random draws.
    /// </summary>
    /// <param name="neighbours">Source of the fifth edit's neighbours.</param>
    /// <param name="count">Number of neighbours.</param>
    /// <param name="randomPlaces">One random position for each of the first three edits; otherwise
    /// every position.</param>
    public static CompositeSwap Transformation(
        INeighbourSource neighbours,
        int count = Neighbours,
        bool randomPlaces = true
    ) =>
        new([
            CharacterInsertion.Space(randomPlaces),
            new CharacterDeletion(randomPlaces, KeepFirst: true, KeepLast: true),
            new NeighbourSwap(randomPlaces, KeepFirst: true, KeepLast: true),
            new HomoglyphSwap(),
            new EmbeddingSwap(neighbours, count),
        ]);
}
