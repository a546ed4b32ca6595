namespace RobustTickets;

/// <summary>The answer of a classifier to one text (pair).</summary>
/// <param name="Label">Name of the most probable class; of equals the lower index.</param>
/// <param name="Score">Its probability, in [0, 1].</param>
/// <param name="Scores">Probabilities of all classes <c>[C]</c>, in the order of
/// <see cref="Classifier.Labels"/>.</param>
public sealed record Prediction(string Label, double Score, IReadOnlyList<double> Scores);
