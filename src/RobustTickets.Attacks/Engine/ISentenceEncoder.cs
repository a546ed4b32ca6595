namespace RobustTickets.Attacks.Engine;

/// <summary>
/// Maps sentences to vectors, for similarity constraints. As for victims, a sentence's vector must
/// not depend on the batch around it.
/// </summary>
public interface ISentenceEncoder
{
    /// <summary>Name shown in settings and summaries (model and pooling).</summary>
    string Name { get; }

    /// <summary>Length D of every vector.</summary>
    int Dimension { get; }

    /// <summary>One vector of length D per text, in input order.</summary>
    double[][] Encode(IReadOnlyList<string> texts);
}
