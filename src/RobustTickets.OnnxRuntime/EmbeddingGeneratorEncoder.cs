using Microsoft.Extensions.AI;
using RobustTickets.Attacks.Engine;

namespace RobustTickets.OnnxRuntime;

/// <summary>
/// Wraps an embedding generator of Microsoft.Extensions.AI (a local model, a service) as a sentence
/// encoder for attacks. A sentence's vector must not depend on the rest of the batch.
/// </summary>
/// <param name="generator">The generator; not disposed by this class.</param>
/// <param name="dimension">Length D of its vectors.</param>
/// <param name="name">Name in settings and summaries.</param>
public sealed class EmbeddingGeneratorEncoder(
    IEmbeddingGenerator<string, Embedding<float>> generator,
    int dimension,
    string name
) : ISentenceEncoder
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public int Dimension => dimension;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The generator returned a wrong number of
    /// vectors, or vectors of another length.</exception>
    public double[][] Encode(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var vectors = generator.GenerateAsync(texts).GetAwaiter().GetResult();
        if (vectors.Count != texts.Count)
            throw new InvalidOperationException($"{name} returned {vectors.Count} vectors for {texts.Count} texts");
        return
        [
            .. vectors.Select(v =>
                v.Vector.Length == dimension
                    ? Array.ConvertAll(v.Vector.ToArray(), x => (double)x)
                    : throw new InvalidOperationException(
                        $"{name} returned a vector of {v.Vector.Length} numbers, expected {dimension}"
                    )
            ),
        ];
    }
}
