// Candidate constraints shared by several recipes, each added together with its description line,
// so that code and description cannot diverge.

using System.Globalization;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks;

/// <summary>Collects a recipe's constraints and their description lines.</summary>
/// <param name="lines">The recipe's description so far; lines are appended.</param>
internal sealed class CandidateRules(List<RecipeLine> lines)
{
    private readonly List<CandidateConstraint> _constraints = [];

    /// <summary>The constraints in order of evaluation.</summary>
    public IReadOnlyList<CandidateConstraint> Constraints => _constraints;

    /// <summary>Adds a constraint with its description line.</summary>
    public void Add(CandidateConstraint constraint, RecipeLine line)
    {
        _constraints.Add(constraint);
        lines.Add(line);
    }

    /// <summary>Adds the part-of-speech constraint; none without a tagger.</summary>
    /// <param name="tagger">The tagger, or null.</param>
    /// <param name="source">Source of the constraint.</param>
    public void PartOfSpeech(PerceptronTagger? tagger, string source)
    {
        if (tagger is null)
            lines.Add(new("part of speech", "free", "no tagger given"));
        else
            Add(new SamePartOfSpeech(tagger), new("part of speech", "equal universal tag, or noun and verb", source));
    }

    /// <summary>Adds the sentence-similarity constraint; none without an encoder.</summary>
    /// <param name="rule">The constraint, or null without an encoder.</param>
    /// <param name="source">Source of its numbers.</param>
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

    /// <summary>Number of words around the edit that are encoded; null: all.</summary>
    public static int? Words(AttackOptions options, int published) =>
        options.Window == SimilarityWindow.WholeText ? null : published;

    /// <summary>Formats a number for descriptions.</summary>
    public static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
