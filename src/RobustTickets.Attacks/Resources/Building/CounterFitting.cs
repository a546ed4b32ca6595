// Counter-fitting (Mrkšić et al. 2016): antonyms repel (eq. 1), synonyms attract (eq. 2), the
// original neighbourhoods are preserved (eq. 3); docs/methods/attacks.md, Resources.

using System.Runtime.InteropServices;

namespace RobustTickets.Attacks.Resources.Building;

/// <summary>Hyperparameters of counter-fitting, as published. Distance is 1 - cosine.</summary>
/// <param name="Delta">Minimum distance of antonyms.</param>
/// <param name="Gamma">Maximum distance of synonyms.</param>
/// <param name="Rho">Maximum distance of pairs whose neighbourhood is preserved.</param>
/// <param name="AntonymRate">Weight of the antonym term times the learning rate.</param>
/// <param name="SynonymRate">Weight of the synonym term times the learning rate.</param>
/// <param name="NeighbourhoodRate">Weight of the neighbourhood term times the learning
/// rate.</param>
/// <param name="Epochs">Number of steps, each over all pairs.</param>
internal sealed record CounterFittingOptions(
    double Delta = 1.0,
    double Gamma = 0.0,
    double Rho = 0.2,
    double AntonymRate = 0.1,
    double SynonymRate = 0.1,
    double NeighbourhoodRate = 0.1,
    int Epochs = 20
);

/// <summary>Fits word vectors to synonyms and antonyms.</summary>
internal static class CounterFitting
{
    private const int BlockWords = 64;
    private const int TileBytes = 1 << 18;
    private const int MostNeighbours = 100;

    private enum Relation
    {
        Antonym,
        Synonym,
        Neighbour,
    }

    /// <summary>
    /// The fitted vectors of the same words. Deterministic: no random numbers, and sums do not
    /// depend on the number of threads.
    /// </summary>
    /// <param name="vectors">The original vectors.</param>
    /// <param name="constraints">The pairs.</param>
    /// <param name="options">The hyperparameters.</param>
    /// <param name="progress">Receives progress.</param>
    /// <param name="stop">Cancels the work.</param>
    public static WordVectors Fit(
        WordVectors vectors,
        LexicalConstraints constraints,
        CounterFittingOptions? options = null,
        Action<BuildProgress>? progress = null,
        CancellationToken stop = default
    )
    {
        options ??= new CounterFittingOptions();
        var terms = Terms(vectors, constraints, options, progress, stop);
        for (var epoch = 1; epoch <= options.Epochs; epoch++)
        {
            vectors = Step(vectors, terms, options, stop);
            progress?.Invoke(new BuildProgress("counter-fitting", epoch, options.Epochs, "epochs"));
        }
        return vectors;
    }

    /// <summary>
    /// The pairs of rows i &lt; j within the distance, with their distance; at most the 100 nearest
    /// per row i, because with near-identical vectors every pair would qualify.
    /// </summary>
    internal static IReadOnlyList<(int First, int Second, float Distance)> Neighbourhoods(
        WordVectors vectors,
        double rho,
        Action<BuildProgress>? progress,
        CancellationToken stop
    )
    {
        var found = new List<(int, int, float)>[(vectors.Count + BlockWords - 1) / BlockWords];
        var done = 0;
        Parallel.For(
            0,
            found.Length,
            new ParallelOptions { CancellationToken = stop },
            block =>
            {
                found[block] = Within(vectors, block * BlockWords, rho);
                progress?.Invoke(
                    new BuildProgress(
                        "neighbourhoods",
                        Math.Min((long)Interlocked.Increment(ref done) * BlockWords, vectors.Count),
                        vectors.Count,
                        "words"
                    )
                );
            }
        );
        return [.. found.SelectMany(f => f)];
    }

    private static List<(int, int, float)> Within(WordVectors vectors, int from, double rho)
    {
        var to = Math.Min(from + BlockWords, vectors.Count);
        var near = new List<(float Distance, int Row)>[to - from];
        var tile = Math.Max(1, TileBytes / (vectors.Dimension * sizeof(float)));
        for (var start = from + 1; start < vectors.Count; start += tile)
        {
            var end = Math.Min(start + tile, vectors.Count);
            for (var i = from; i < to; i++)
            {
                for (var j = Math.Max(start, i + 1); j < end; j++)
                {
                    var distance = Distance(vectors, i, j);
                    if (distance < rho)
                        (near[i - from] ??= []).Add((distance, j));
                }
            }
        }
        return
        [
            .. near.SelectMany(
                (own, i) =>
                    own is null ? [] : own.Order().Take(MostNeighbours).Select(n => (from + i, n.Row, n.Distance))
            ),
        ];
    }

    private static float Distance(WordVectors vectors, int i, int j) =>
        1 - WordVectors.Dot(ref vectors.First(i), ref vectors.First(j), vectors.Dimension);

    // Every pair is a term of both its words. Antonym pairs have no neighbourhood term.
    private static List<Term>[] Terms(
        WordVectors vectors,
        LexicalConstraints constraints,
        CounterFittingOptions options,
        Action<BuildProgress>? progress,
        CancellationToken stop
    )
    {
        var terms = new List<Term>[vectors.Count];
        foreach (var (i, j) in constraints.Antonyms)
            Add(i, j, Relation.Antonym, (float)options.Delta);
        foreach (var (i, j) in constraints.Synonyms)
            Add(i, j, Relation.Synonym, (float)options.Gamma);
        var apart = constraints.Antonyms.ToHashSet();
        if (options.NeighbourhoodRate > 0)
        {
            foreach (var (i, j, distance) in Neighbourhoods(vectors, options.Rho, progress, stop))
            {
                if (!apart.Contains((i, j)))
                    Add(i, j, Relation.Neighbour, distance);
            }
        }
        return terms;

        void Add(int i, int j, Relation relation, float bound)
        {
            (terms[i] ??= []).Add(new Term(j, relation, bound));
            (terms[j] ??= []).Add(new Term(i, relation, bound));
        }
    }

    // One step over all terms, computed from the old vectors; a word's gradient is the mean of its
    // active terms.
    private static WordVectors Step(
        WordVectors old,
        List<Term>[] terms,
        CounterFittingOptions options,
        CancellationToken stop
    )
    {
        var width = old.Dimension;
        var next = new float[(long)old.Count * width];
        Parallel.For(
            0,
            old.Count,
            new ParallelOptions { CancellationToken = stop },
            i =>
            {
                var row = next.AsSpan(i * width, width);
                old.Row(i).CopyTo(row);
                if (terms[i] is not { } own)
                    return;
                var update = new float[width];
                var active = 0;
                foreach (var term in CollectionsMarshal.AsSpan(own))
                {
                    var distance = Distance(old, i, term.Other);
                    var rate = term.Relation switch
                    {
                        Relation.Antonym => distance < term.Bound ? options.AntonymRate : 0,
                        Relation.Synonym => distance > term.Bound ? -options.SynonymRate : 0,
                        _ => distance > term.Bound ? -options.NeighbourhoodRate : 0,
                    };
                    if (rate == 0)
                        continue;
                    active++;
                    Ascend(old.Row(i), old.Row(term.Other), 1 - distance, (float)rate, update);
                }
                for (var d = 0; active > 0 && d < width; d++)
                    row[d] += update[d] / active;
            }
        );
        return new WordVectors([.. Enumerable.Range(0, old.Count).Select(old.Word)], next, width);
    }

    // Moves along the gradient with respect to u of the distance of unit vectors u and v: u cos(u,
    // v) - v.
    private static void Ascend(
        ReadOnlySpan<float> u,
        ReadOnlySpan<float> v,
        float cosine,
        float rate,
        Span<float> update
    )
    {
        for (var d = 0; d < u.Length; d++)
            update[d] += rate * (u[d] * cosine - v[d]);
    }

    private readonly record struct Term(int Other, Relation Relation, float Bound);
}
