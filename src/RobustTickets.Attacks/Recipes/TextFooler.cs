// TextFooler (Jin et al., AAAI 2020) as in TextAttack (`textfooler_jin_2019`), the version behind
// the papers' numbers. Lines lists every number with its source; docs/methods/attacks.md describes
// how the original program differs.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks;

/// <summary>The recipe <c>textfooler</c>.</summary>
internal static class TextFoolerRecipe
{
    private const string Recipe = "TextAttack recipe textfooler_jin_2019";
    private const int Neighbours = 50;
    private const double WordCosine = 0.5;
    private const double Threshold = 0.840845057;
    private const int Window = 15;

    /// <summary>Builds the attack.</summary>
    /// <param name="parts">Models and resources; without word vectors there is no minimum cosine
    /// between a word and its substitute, and the description says so.</param>
    /// <param name="o">The options that may vary.</param>
    internal static Attack Build(AttackParts parts, AttackOptions o)
    {
        var count = o.Candidates ?? Neighbours;
        var threshold = o.SimilarityThreshold ?? Threshold;
        var window = CandidateRules.Words(o, Window);
        var lines = new List<RecipeLine>
        {
            new("goal", "untargeted classification", Recipe),
            RecipeLines.Precision(o.Precision),
            new("search", "greedy, words ranked by deletion", Recipe),
            new(
                "transformation",
                $"{count} nearest neighbours; {parts.Neighbours.Description}",
                count == Neighbours ? Recipe : RecipeLines.Chosen
            ),
            new("repeated modification", "never", Recipe),
            new(
                "stop words",
                $"{parts.StopWords.Name} ({parts.StopWords.Count})",
                parts.StopWords.Count == 266 ? "TextFooler's list" : "substitute for TextFooler's 266 words"
            ),
            new("column rule", "premise frozen when the columns are [premise, hypothesis]", Recipe),
        };
        var rules = new CandidateRules(lines);
        if (parts.Vectors is { } vectors)
        {
            rules.Add(
                new MinWordCosine(vectors, WordCosine),
                new("word cosine", $">= {CandidateRules.Number(WordCosine)}, unknown words pass", Recipe)
            );
        }
        else
        {
            lines.Add(new("word cosine", "none", "no word vectors given"));
        }
        rules.PartOfSpeech(parts.Tagger, Recipe);
        rules.Similarity(
            parts.Encoder is { } encoder
                ? new SentenceSimilarity(
                    encoder,
                    threshold,
                    SimilarityMetric.Angular,
                    window,
                    ComparesWithOriginal: false,
                    SkipShortTexts: true
                )
                : null,
            threshold == Threshold && window == Window ? Recipe + " (1 - 0.5/pi)" : RecipeLines.Chosen
        );
        return new Attack(
            "textfooler",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Delete),
            new EmbeddingSwap(parts.Neighbours, count),
            [new NoRepeat(), new NoStopWords(parts.StopWords), new FrozenColumn(["premise", "hypothesis"], "premise")],
            rules.Constraints,
            o.QueryBudget,
            lines,
            parts.Files
        );
    }
}
