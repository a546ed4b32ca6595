// BAE-R (Garg and Ramakrishnan, EMNLP 2020) as in TextAttack (`bae_garg_2019`);
// docs/methods/attacks.md.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks;

/// <summary>The recipe <c>bae</c>.</summary>
internal static class BaeRecipe
{
    private const string Recipe = "TextAttack recipe bae_garg_2019";
    private const int Candidates = 50;
    private const double MinProbability = 5e-4;
    private const double Threshold = 0.936338023;
    private const int Window = 15;

    /// <summary>Builds the attack.</summary>
    internal static Attack Build(AttackParts parts, AttackOptions o)
    {
        var model = parts.MaskedLM!;
        var count = o.Candidates ?? Candidates;
        var threshold = o.SimilarityThreshold ?? Threshold;
        var window = CandidateRules.Words(o, Window);
        var lines = new List<RecipeLine>
        {
            new("goal", "untargeted classification", Recipe),
            RecipeLines.Precision(o.Precision),
            new("search", "greedy, words ranked by deletion", Recipe),
            new(
                "transformation",
                $"at most {count} tokens of a masked language model in the place of the hidden word, "
                    + $"each of probability {CandidateRules.Number(MinProbability)} or more",
                count == Candidates ? Recipe : RecipeLines.Chosen
            ),
            RecipeLines.Masked(model),
            new("repeated modification", "never", Recipe),
            RecipeLines.NltkStopWords(parts.StopWords),
        };
        var rules = new CandidateRules(lines);
        rules.PartOfSpeech(parts.Tagger, Recipe);
        rules.Similarity(
            parts.Encoder is { } encoder
                ? new SentenceSimilarity(
                    encoder,
                    threshold,
                    SimilarityMetric.Cosine,
                    window,
                    ComparesWithOriginal: true,
                    SkipShortTexts: true
                )
                : null,
            threshold == Threshold && window == Window ? Recipe : RecipeLines.Chosen
        );
        return new Attack(
            "bae",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Delete),
            new BaeSwap(model, count, MinProbability),
            [new NoRepeat(), new NoStopWords(parts.StopWords)],
            rules.Constraints,
            o.QueryBudget,
            lines,
            parts.Files
        );
    }
}
