using Microsoft.Extensions.AI;
using RobustTickets.Attacks.Engine;

namespace RobustTickets.OnnxRuntime;

/// <summary>
/// Wraps an embedding generator of Microsoft.Extensions.AI (a local model, a service) as a sentence
/// encoder for attacks. A sentence's vector must not depend on the rest of the batch.
/// </summary>
public sealed class EmbeddingGeneratorEncoder : ISentenceEncoder
{
    private readonly IEmbeddingGenerator<string, Embedding<float>> _generator;

    /// <summary>Wraps a generator.</summary>
    /// <param name="generator">The generator; not disposed by this class.</param>
    /// <param name="dimension">Length D of its vectors.</param>
    /// <param name="name">Name in settings and summaries.</param>
    /// <exception cref="ArgumentOutOfRangeException">The dimension is below 1.</exception>
    public EmbeddingGeneratorEncoder(
        IEmbeddingGenerator<string, Embedding<float>> generator,
        int dimension,
        string name
    )
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        ArgumentNullException.ThrowIfNull(name);
        (_generator, Dimension, Name) = (generator, dimension, name);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Dimension { get; }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The generator returned a wrong number of
    /// vectors, or vectors of another length.</exception>
    public double[][] Encode(IReadOnlyList<string> texts) => Encode(texts, CancellationToken.None);

    /// <summary>One vector of length D per text, in input order.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="stop">Cancels the call of the generator.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    /// <inheritdoc cref="Encode(IReadOnlyList{string})" path="/exception"/>
    public double[][] Encode(IReadOnlyList<string> texts, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(texts);
        stop.ThrowIfCancellationRequested();
        // A generator that ignores the token is left behind.
        var vectors = _generator.GenerateAsync(texts, cancellationToken: stop).WaitAsync(stop).GetAwaiter().GetResult();
        if (vectors.Count != texts.Count)
            throw new InvalidOperationException($"{Name} returned {vectors.Count} vectors for {texts.Count} texts");
        return
        [
            .. vectors.Select(v =>
                v.Vector.Length == Dimension
                    ? Array.ConvertAll(v.Vector.ToArray(), x => (double)x)
                    : throw new InvalidOperationException(
                        $"{Name} returned a vector of {v.Vector.Length} numbers, expected {Dimension}"
                    )
            ),
        ];
    }
}
