// BERT-Attack (Li et al., EMNLP 2020) with its masked language model, as TextAttack runs it (recipe
// bert_attack_li_2020; specification 7). Two recipes differ in K alone: the number that EarlyRobust
// states, and the library's. What the papers' scripts really ran under the name is
// BertAttackReleased. What the original program does differently is told in specification 7.4.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks.Recipes;

/// <summary>Whose number of candidates is taken.</summary>
public enum BertAttackSize
{
    /// <summary>50, as EarlyRobust states for its experiments.</summary>
    Paper,

    /// <summary>TextAttack's own: 48 in 0.3.0 and 0.3.4, 8 on its main branch.</summary>
    Library,
}

/// <summary>What may be varied in BERT-Attack.</summary>
/// <param name="Size">Whose K is taken when <paramref name="Candidates"/> is null.</param>
/// <param name="Encoder">Sentence encoder; null: no sentence-similarity constraint, and the summary
/// says so.</param>
/// <param name="SimilarityThreshold">Smallest cosine of sentence vectors.</param>
/// <param name="Candidates">Tokens taken per piece and most substitutes of a word (K); null: by
/// <paramref name="Size"/>.</param>
/// <param name="MaxPerturbed">Largest share of places that may differ from the original.</param>
/// <param name="QueryBudget">Most queries per example; null: no limit.</param>
/// <param name="Precision">Number type of scores.</param>
/// <param name="Version">Release whose behaviour is followed.</param>
public sealed record BertAttackOptions(
    BertAttackSize Size = BertAttackSize.Paper,
    ISentenceEncoder? Encoder = null,
    double SimilarityThreshold = 0.2,
    int? Candidates = null,
    double MaxPerturbed = 0.4,
    int? QueryBudget = null,
    ScorePrecision Precision = ScorePrecision.Double,
    TextAttackVersion Version = TextAttackVersion.V034
);

/// <summary>The recipes <c>bert-attack</c> and <c>bert-attack-library</c>.</summary>
public static class BertAttack
{
    private const string Recipe = "TextAttack recipe bert_attack_li_2020";
    private const string Paper = "EarlyRobust, appendix A.2.1";

    /// <summary>Builds the attack.</summary>
    public static Attack Create(
        AttackResources resources,
        IMaskedLanguageModel model,
        BertAttackOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(resources);
        ArgumentNullException.ThrowIfNull(model);
        var o = options ?? new BertAttackOptions();
        var defaults = new BertAttackOptions();
        var library = o.Size == BertAttackSize.Library;
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
            RecipeLines.NltkStopWords(resources.StopWords),
        };
        var rules = new CandidateRules(lines);
        rules.Add(
            new MaxWordsPerturbed(o.MaxPerturbed),
            new(
                "words changed",
                $"at most {CandidateRules.Number(o.MaxPerturbed)} of the places, rounded up",
                o.MaxPerturbed == defaults.MaxPerturbed ? Recipe : RecipeLines.Chosen
            )
        );
        rules.Similarity(
            o.Encoder is { } encoder
                ? new SentenceSimilarity(encoder, o.SimilarityThreshold, SimilarityMetric.Cosine, null, true, false)
                : null,
            o.SimilarityThreshold != defaults.SimilarityThreshold ? RecipeLines.Chosen
                : library ? Recipe
                : $"{Paper}; {Recipe}"
        );
        return new Attack(
            library ? "bert-attack-library" : "bert-attack",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Unknown),
            new BertAttackSwap(model, count),
            [new NoRepeat(), new NoStopWords(resources.StopWords)],
            rules.Constraints,
            o.QueryBudget,
            lines,
            resources.Files
        );
    }
}
