// The rules that candidates of several recipes must keep, each written down beside its line in the
// recipe's description: what runs and what is said of it cannot part.

using System.Globalization;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks;

/// <summary>Collects the constraints of a recipe and their lines.</summary>
/// <param name="lines">The recipe's description so far; rules are added to it.</param>
internal sealed class CandidateRules(List<RecipeLine> lines)
{
    private readonly List<CandidateConstraint> _constraints = [];

    /// <summary>In the order in which candidates meet them.</summary>
    public IReadOnlyList<CandidateConstraint> Constraints => _constraints;

    /// <summary>A rule with its line.</summary>
    public void Add(CandidateConstraint constraint, RecipeLine line)
    {
        _constraints.Add(constraint);
        lines.Add(line);
    }

    /// <summary>The part of speech is kept; free where there is no tagger.</summary>
    /// <param name="tagger">The tagger, or null.</param>
    /// <param name="source">Where the rule is from.</param>
    public void PartOfSpeech(PerceptronTagger? tagger, string source)
    {
        if (tagger is null)
            lines.Add(new("part of speech", "free", "no tagger given"));
        else
            Add(new SamePartOfSpeech(tagger), new("part of speech", "equal universal tag, or noun and verb", source));
    }

    /// <summary>
    /// The sentence keeps its meaning as an encoder sees it; no such rule where there is no
    /// encoder.
    /// </summary>
    /// <param name="rule">The constraint, or null without an encoder.</param>
    /// <param name="source">Where its numbers are from.</param>
    public void Similarity(SentenceSimilarity? rule, string source)
    {
        if (rule is null)
        {
            lines.Add(new("sentence similarity", "none", "no sentence encoder given"));
            return;
        }
        var metric = rule.Metric == SimilarityMetric.Angular ? "angular" : "cosine";
        var window = rule.Window is not { } words
            ? "whole text"
            : $"window {words}, {(rule.SkipShortTexts ? "shorter texts exempt" : "short texts not exempt")}";
        Add(
            rule,
            new(
                "sentence similarity",
                $"{metric} >= {Number(rule.Threshold)}, {window}, against the "
                    + $"{(rule.ComparesWithOriginal ? "original" : "current")} text",
                source
            )
        );
        lines.Add(RecipeLines.Encoder(rule.Encoder));
    }

    /// <summary>Words around the edit that are encoded; null: all.</summary>
    public static int? Words(AttackOptions options, int published) =>
        options.Window == SimilarityWindow.WholeText ? null : published;

    /// <summary>A number as descriptions give it.</summary>
    public static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
