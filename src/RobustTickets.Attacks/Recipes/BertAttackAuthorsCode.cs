// What both papers' scripts call BERT-Attack: TextAttack's BAE recipe with word-embedding swaps and
// a lax sentence constraint. It uses no masked language model; the scripts' max-words option has no
// effect and is omitted.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks;

/// <summary>The recipe <c>bert-attack-released</c>.</summary>
internal static class BertAttackAuthorsCodeRecipe
{
    private const string Scripts = "scripts of EarlyRobust and RobusT";
    private const int Neighbours = 50;
    private const double Threshold = 0.2;
    private const int Window = 15;

    /// <summary>Builds the attack.</summary>
    internal static Attack Build(AttackParts parts, AttackOptions o)
    {
        var count = o.Candidates ?? Neighbours;
        var threshold = o.SimilarityThreshold ?? Threshold;
        var window = CandidateRules.Words(o, Window);
        var lines = new List<RecipeLine>
        {
            new("goal", "untargeted classification", Scripts),
            RecipeLines.Precision(o.Precision),
            new("search", "greedy, words ranked by deletion", Scripts),
            new(
                "transformation",
                $"{count} nearest neighbours, no minimum cosine; {parts.Neighbours.Description}",
                count == Neighbours ? Scripts + ": neighbour_vocab_size 50" : RecipeLines.Chosen
            ),
            new("repeated modification", "never", Scripts),
            RecipeLines.NltkStopWords(parts.StopWords),
            new(
                "column rules",
                "sentence1 of [sentence1, sentence2] and sentence of [sentence, question] frozen",
                Scripts
            ),
        };
        var rules = new CandidateRules(lines);
        rules.PartOfSpeech(parts.Tagger, "TextAttack recipe bae_garg_2019");
        rules.Similarity(
            parts.Encoder is { } encoder
                ? new SentenceSimilarity(
                    encoder,
                    threshold,
                    SimilarityMetric.Cosine,
                    window,
                    ComparesWithOriginal: true,
                    SkipShortTexts: false
                )
                : null,
            threshold == Threshold && window == Window ? Scripts : RecipeLines.Chosen
        );
        return new Attack(
            "bert-attack-released",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Delete),
            new EmbeddingSwap(parts.Neighbours, count),
            [
                new NoRepeat(),
                new NoStopWords(parts.StopWords),
                new FrozenColumn(["sentence1", "sentence2"], "sentence1"),
                new FrozenColumn(["sentence", "question"], "sentence"),
            ],
            rules.Constraints,
            o.QueryBudget,
            lines,
            parts.Files
        );
    }
}
