// BAE-R (Garg and Ramakrishnan, EMNLP 2020) as TextAttack runs it (recipe bae_garg_2019;
// specification 8.3).

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks.Recipes;

/// <summary>What may be varied in BAE; the defaults are TextAttack's.</summary>
/// <param name="Encoder">Sentence encoder; null: no sentence-similarity constraint, and the summary
/// says so.</param>
/// <param name="SimilarityThreshold">Smallest cosine of sentence vectors.</param>
/// <param name="Candidates">Most substitutes of a word.</param>
/// <param name="MinProbability">Least probability of a substitute.</param>
/// <param name="QueryBudget">Most queries per example; null: no limit.</param>
/// <param name="Precision">Number type of scores.</param>
/// <param name="Version">Release whose behaviour is followed.</param>
public sealed record BaeOptions(
    ISentenceEncoder? Encoder = null,
    double SimilarityThreshold = 0.936338023,
    int Candidates = 50,
    double MinProbability = 5e-4,
    int? QueryBudget = null,
    ScorePrecision Precision = ScorePrecision.Double,
    TextAttackVersion Version = TextAttackVersion.V034
);

/// <summary>The recipe <c>bae</c>.</summary>
public static class Bae
{
    private const string Recipe = "TextAttack recipe bae_garg_2019";

    /// <summary>Builds the attack.</summary>
    public static Attack Create(AttackResources resources, IMaskedLanguageModel model, BaeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(resources);
        ArgumentNullException.ThrowIfNull(model);
        var o = options ?? new BaeOptions();
        var defaults = new BaeOptions();
        var lines = new List<RecipeLine>
        {
            new("goal", "untargeted classification", Recipe),
            RecipeLines.Precision(o.Precision),
            new("search", "greedy, words ranked by deletion", Recipe),
            new(
                "transformation",
                $"at most {o.Candidates} tokens of a masked language model in the place of the hidden word, "
                    + $"each of probability {CandidateRules.Number(o.MinProbability)} or more",
                o.Candidates == defaults.Candidates && o.MinProbability == defaults.MinProbability
                    ? Recipe
                    : RecipeLines.Chosen
            ),
            RecipeLines.Masked(model),
            new("repeated modification", "never", Recipe),
            RecipeLines.NltkStopWords(resources.StopWords),
        };
        var rules = new CandidateRules(lines);
        rules.PartOfSpeech(resources.Tagger, Recipe);
        rules.Similarity(
            o.Encoder is { } encoder
                ? new SentenceSimilarity(encoder, o.SimilarityThreshold, SimilarityMetric.Cosine, 15, true, true)
                : null,
            o.SimilarityThreshold == defaults.SimilarityThreshold ? Recipe : RecipeLines.Chosen
        );
        return new Attack(
            "bae",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Delete),
            new BaeSwap(model, o.Candidates, o.MinProbability),
            [new NoRepeat(), new NoStopWords(resources.StopWords)],
            rules.Constraints,
            o.QueryBudget,
            lines,
            resources.Files
        );
    }
}
