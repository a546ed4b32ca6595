using RobustTickets.Attacks.Goals;

namespace RobustTickets.Attacks;

/// <summary>A text that a transformation proposes.</summary>
/// <param name="Text">The text.</param>
/// <param name="Similarity">Similarity measured by the last sentence-similarity constraint; null
/// without one.</param>
public readonly record struct Candidate(AttackedText Text, double? Similarity = null);

/// <summary>A text with the victim's verdict.</summary>
/// <param name="Text">The text.</param>
/// <param name="Similarity">Similarity to the reference text, if measured.</param>
/// <param name="Verdict">Score, predicted class and success.</param>
public readonly record struct ScoredText(AttackedText Text, double? Similarity, Verdict Verdict);
