namespace RobustTickets.Attacks;

/// <summary>A classifier's prediction for one text (pair).</summary>
/// <param name="Label">Name of the most probable class; ties to the lower index.</param>
/// <param name="Score">Its probability, in [0, 1].</param>
/// <param name="Scores">Probabilities of all classes <c>[C]</c>, in the order of
/// <see cref="ITextClassifier.Labels"/>.</param>
public sealed record Prediction(string Label, double Score, IReadOnlyList<double> Scores)
{
    /// <summary>The prediction from logits <c>[C]</c>.</summary>
    internal static Prediction Of(IReadOnlyList<string> labels, ReadOnlySpan<float> logits)
    {
        var scores = FunctionVictim.Softmax(logits);
        var best = scores.ArgMax();
        return new Prediction(labels[best], scores[best], scores);
    }
}
