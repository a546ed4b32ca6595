// BERT-Attack (Li et al., EMNLP 2020) with a masked language model, as in TextAttack
// (`bert_attack_li_2020`). The two recipes differ only in K: EarlyRobust's and TextAttack's. The
// attack that the papers' scripts call BERT-Attack is BertAttackAuthorsCode.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks;

/// <summary>Source of the default number of candidates K.</summary>
internal enum BertAttackSize
{
    /// <summary>50, as EarlyRobust states for its experiments.</summary>
    Paper,

    /// <summary>TextAttack's own: 48 in 0.3.0 and 0.3.4, 8 on its main branch.</summary>
    Library,
}

/// <summary>The recipes <c>bert-attack</c> and <c>bert-attack-library</c>.</summary>
internal static class BertAttackRecipe
{
    private const string Recipe = "TextAttack recipe bert_attack_li_2020";
    private const string Paper = "EarlyRobust, appendix A.2.1";
    private const double MaxPerturbed = 0.4;
    private const double Threshold = 0.2;

    /// <summary>Builds the attack.</summary>
    /// <param name="parts">Models and resources.</param>
    /// <param name="o">The options.</param>
    /// <param name="size">Source of K when the options do not set it.</param>
    internal static Attack Build(AttackParts parts, AttackOptions o, BertAttackSize size)
    {
        var model = parts.MaskedLM!;
        var threshold = o.SimilarityThreshold ?? Threshold;
        var library = size == BertAttackSize.Library;
        var (published, origin) =
            !library ? (50, Paper)
            : o.Version == TextAttackVersion.Head ? (8, Recipe + " (main branch)")
            : (48, Recipe + " (0.3.0, 0.3.4)");
        var count = o.Candidates ?? published;
        var lines = new List<RecipeLine>
        {
            new("goal", "untargeted classification", Recipe),
            RecipeLines.Precision(o.Precision),
            new("search", "greedy, words ranked by [UNK] in their place", Recipe),
            new(
                "transformation",
                $"the {count} best tokens of a masked language model that sees the text unmasked; of a word of "
                    + $"several pieces the first {count} combinations that are one word",
                count == published ? origin : RecipeLines.Chosen
            ),
            RecipeLines.Masked(model),
            new("repeated modification", "never", Recipe),
            RecipeLines.NltkStopWords(parts.StopWords),
        };
        var rules = new CandidateRules(lines);
        rules.Add(
            new MaxWordsPerturbed(MaxPerturbed),
            new("words changed", $"at most {CandidateRules.Number(MaxPerturbed)} of the places, rounded up", Recipe)
        );
        rules.Similarity(
            parts.Encoder is { } encoder
                ? new SentenceSimilarity(
                    encoder,
                    threshold,
                    SimilarityMetric.Cosine,
                    null,
                    ComparesWithOriginal: true,
                    SkipShortTexts: false
                )
                : null,
            threshold != Threshold ? RecipeLines.Chosen
                : library ? Recipe
                : $"{Paper}; {Recipe}"
        );
        return new Attack(
            library ? "bert-attack-library" : "bert-attack",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Unknown),
            new BertAttackSwap(model, count),
            [new NoRepeat(), new NoStopWords(parts.StopWords)],
            rules.Constraints,
            o.QueryBudget,
            lines,
            parts.Files
        );
    }
}
