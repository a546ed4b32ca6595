// What both papers' scripts run under the name BERT-Attack (specification 9.2): TextAttack's BAE
// recipe with its transformation replaced by the embedding swap and its sentence constraint by a
// lax one. No masked language model takes part. Their max-words option has no effect and is not
// here.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks.Recipes;

/// <summary>What may be varied; the defaults are the papers' scripts'.</summary>
/// <param name="Encoder">Sentence encoder; null: no sentence-similarity constraint, and the summary
/// says so.</param>
/// <param name="SimilarityThreshold">Smallest cosine of sentence vectors.</param>
/// <param name="Neighbours">Neighbours tried per word.</param>
/// <param name="QueryBudget">Most queries per example; null: no limit.</param>
/// <param name="Precision">Number type of scores.</param>
/// <param name="Version">Release whose behaviour is followed.</param>
public sealed record BertAttackReleasedOptions(
    ISentenceEncoder? Encoder = null,
    double SimilarityThreshold = 0.2,
    int Neighbours = 50,
    int? QueryBudget = null,
    ScorePrecision Precision = ScorePrecision.Double,
    TextAttackVersion Version = TextAttackVersion.V034
);

/// <summary>The recipe <c>bert-attack-released</c>.</summary>
public static class BertAttackReleased
{
    private const string Scripts = "scripts of EarlyRobust and RobusT";

    /// <summary>Builds the attack.</summary>
    public static Attack Create(AttackResources resources, BertAttackReleasedOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(resources);
        var o = options ?? new BertAttackReleasedOptions();
        var lines = new List<RecipeLine>
        {
            new("goal", "untargeted classification", Scripts),
            new("search", "greedy, words ranked by deletion", Scripts),
            new(
                "transformation",
                $"{o.Neighbours} nearest neighbours, no minimum cosine; {resources.Neighbours.Description}",
                Scripts + ": neighbour_vocab_size 50"
            ),
            new("repeated modification", "never", Scripts),
            RecipeLines.NltkStopWords(resources.StopWords),
            new(
                "column rules",
                "sentence1 of [sentence1, sentence2] and sentence of [sentence, question] frozen",
                Scripts
            ),
        };
        var rules = new CandidateRules(lines);
        rules.PartOfSpeech(resources.Tagger, "TextAttack recipe bae");
        rules.Similarity(
            o.Encoder is { } encoder
                ? new SentenceSimilarity(encoder, o.SimilarityThreshold, SimilarityMetric.Cosine, 15, true, false)
                : null,
            Scripts
        );
        return new Attack(
            "bert-attack-released",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Delete),
            new EmbeddingSwap(resources.Neighbours, o.Neighbours),
            [
                new NoRepeat(),
                new NoStopWords(resources.StopWords),
                new FrozenColumn(["sentence1", "sentence2"], "sentence1"),
                new FrozenColumn(["sentence", "question"], "sentence"),
            ],
            rules.Constraints,
            o.QueryBudget,
            lines,
            resources.Files
        );
    }
}
