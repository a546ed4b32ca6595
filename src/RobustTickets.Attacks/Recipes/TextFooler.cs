// TextFooler (Jin et al., AAAI 2020) as TextAttack runs it (recipe textfooler_jin_2019;
// specification 5). Every number is listed with its source in Lines. What the original program does
// differently is told in specification 5.5; TextAttack's version is the one behind the papers'
// numbers.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks.Recipes;

/// <summary>What may be varied in TextFooler; the defaults are TextAttack's.</summary>
/// <param name="Encoder">Sentence encoder; null: no sentence-similarity constraint, and the summary
/// says so.</param>
/// <param name="SimilarityThreshold">Smallest sentence similarity.</param>
/// <param name="Metric">How sentence vectors are compared.</param>
/// <param name="Window">Words around the edit that are encoded; null: all.</param>
/// <param name="MinWordCosine">Smallest cosine of a substitute; null: no such constraint. Needs
/// word vectors; without them it is left out, and the summary says so.</param>
/// <param name="Neighbours">Neighbours tried per word.</param>
/// <param name="PartOfSpeech">Keep the part of speech. Needs the tagger; without it it is left out,
/// and the summary says so.</param>
/// <param name="QueryBudget">Most queries per example; null: no limit.</param>
/// <param name="Precision">Number type of scores.</param>
/// <param name="Version">Release whose behaviour is followed.</param>
public sealed record TextFoolerOptions(
    ISentenceEncoder? Encoder = null,
    double SimilarityThreshold = 0.840845057,
    SimilarityMetric Metric = SimilarityMetric.Angular,
    int? Window = 15,
    double? MinWordCosine = 0.5,
    int Neighbours = 50,
    bool PartOfSpeech = true,
    int? QueryBudget = null,
    ScorePrecision Precision = ScorePrecision.Double,
    TextAttackVersion Version = TextAttackVersion.V034
);

/// <summary>The recipe <c>textfooler</c>.</summary>
public static class TextFooler
{
    private const string Recipe = "TextAttack recipe textfooler_jin_2019";

    /// <summary>Builds the attack.</summary>
    public static Attack Create(AttackResources resources, TextFoolerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(resources);
        var o = options ?? new TextFoolerOptions();
        var defaults = new TextFoolerOptions();
        string Source(bool isDefault) => isDefault ? Recipe : RecipeLines.Chosen;
        var lines = new List<RecipeLine>
        {
            new("goal", "untargeted classification", Recipe),
            RecipeLines.Precision(o.Precision),
            new("search", "greedy, words ranked by deletion", Recipe),
            new(
                "transformation",
                $"{o.Neighbours} nearest neighbours; {resources.Neighbours.Description}",
                Source(o.Neighbours == defaults.Neighbours)
            ),
            new("repeated modification", "never", Recipe),
            new(
                "stop words",
                $"{resources.StopWords.Name} ({resources.StopWords.Count})",
                resources.StopWords.Count == 266 ? "TextFooler's list" : "substitute for TextFooler's 266 words"
            ),
            new("column rule", "premise frozen when the columns are [premise, hypothesis]", Recipe),
        };
        var rules = new CandidateRules(lines);
        if (o.MinWordCosine is { } cosine && resources.Vectors is { } vectors)
        {
            rules.Add(
                new MinWordCosine(vectors, cosine),
                new(
                    "word cosine",
                    $">= {CandidateRules.Number(cosine)}, unknown words pass",
                    Source(o.MinWordCosine == defaults.MinWordCosine)
                )
            );
        }
        else
        {
            lines.Add(
                new("word cosine", "none", o.MinWordCosine is null ? RecipeLines.Chosen : "no word vectors given")
            );
        }
        if (o.PartOfSpeech)
            rules.PartOfSpeech(resources.Tagger, Recipe);
        else
            rules.PartOfSpeech(null, Recipe, without: RecipeLines.Chosen);
        var published =
            o.SimilarityThreshold == defaults.SimilarityThreshold
            && o.Metric == defaults.Metric
            && o.Window == defaults.Window;
        rules.Similarity(
            o.Encoder is { } encoder
                ? new SentenceSimilarity(encoder, o.SimilarityThreshold, o.Metric, o.Window, false, true)
                : null,
            published ? Recipe + " (1 - 0.5/pi)" : RecipeLines.Chosen
        );
        return new Attack(
            "textfooler",
            o.Version,
            new UntargetedGoal(o.Precision),
            new GreedyWordRanking(WordRanking.Delete),
            new EmbeddingSwap(resources.Neighbours, o.Neighbours),
            [
                new NoRepeat(),
                new NoStopWords(resources.StopWords),
                new FrozenColumn(["premise", "hypothesis"], "premise"),
            ],
            rules.Constraints,
            o.QueryBudget,
            lines,
            resources.Files
        );
    }
}
