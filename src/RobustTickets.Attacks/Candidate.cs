using RobustTickets.Attacks.Goals;

namespace RobustTickets.Attacks;

/// <summary>A text that a transformation proposes.</summary>
/// <param name="Text">The text.</param>
/// <param name="Similarity">What the last sentence-similarity constraint recorded for it; null
/// without one.</param>
public readonly record struct Candidate(AttackedText Text, double? Similarity = null);

/// <summary>A text with the victim's verdict.</summary>
/// <param name="Text">The text.</param>
/// <param name="Similarity">The recorded similarity to its reference, if any.</param>
/// <param name="Verdict">Score, output, success.</param>
public readonly record struct ScoredText(AttackedText Text, double? Similarity, Verdict Verdict);
