// Nearest neighbours by cosine, exhaustive, ties by the lower row (docs/methods/attacks.md,
// Transformation). The slow reference (all cosines in double precision, sorted) is in the tests.

using System.Collections.Concurrent;

namespace RobustTickets.Attacks.Resources;

/// <summary>Neighbours computed from word vectors, cached.</summary>
/// <param name="vectors">The vectors.</param>
/// <param name="table">Precomputed neighbours of the same vectors, or null.</param>
public sealed class VectorNeighbours(WordVectors vectors, NeighbourFile? table = null) : INeighbourSource
{
    /// <summary>Number of words per pass over the vectors.</summary>
    internal const int BlockWords = 32;

    private const int Margin = 16;
    private const int TileBytes = 1 << 18;
    private readonly ConcurrentDictionary<(string Word, int Count), IReadOnlyList<string>> _known = new();

    /// <inheritdoc/>
    public string Description => $"computed from word vectors, {vectors.Count} words x {vectors.Dimension}";

    /// <inheritdoc/>
    public IReadOnlyList<string> Nearest(string word, int count)
    {
        if (_known.TryGetValue((word, count), out var known))
            return known;
        var row = vectors.IndexOf(word);
        return row < 0 ? [] : _known.GetOrAdd((word, count), Words(Stored(row, count) ?? Rows([row], count)[0]));
    }

    /// <inheritdoc/>
    public void Prepare(IReadOnlyCollection<string> words, int count, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(words);
        if (table is not null && count <= table.Count)
            return;
        var rows = words
            .Where(w => !_known.ContainsKey((w, count)))
            .Select(vectors.IndexOf)
            .Where(r => r >= 0)
            .Distinct()
            .Chunk(BlockWords)
            .ToList();
        Parallel.ForEach(
            rows,
            new ParallelOptions { CancellationToken = stop },
            block =>
            {
                var found = Rows(block, count);
                for (var q = 0; q < block.Length; q++)
                    _known[(vectors.Word(block[q]), count)] = Words(found[q]);
            }
        );
    }

    /// <summary>
    /// The nearest rows of each row in a block, nearest first. A float32 pass, in tiles of rows
    /// that stay in L2, selects Margin more than requested; cosines in double precision rank them
    /// exactly.
    /// </summary>
    internal int[][] Rows(int[] block, int count)
    {
        var picks = block.Select(_ => new Best(count + Margin)).ToArray();
        var tile = Math.Max(1, TileBytes / (vectors.Dimension * sizeof(float)));
        for (var start = 0; start < vectors.Count; start += tile)
        {
            var end = Math.Min(start + tile, vectors.Count);
            for (var q = 0; q < block.Length; q++)
                Scan(block[q], start, end, picks[q]);
        }
        return [.. picks.Select((p, q) => Rank(block[q], p, count))];
    }

    private void Scan(int word, int start, int end, Best best)
    {
        ref var query = ref vectors.First(word);
        for (var row = start; row < end; row++)
        {
            if (row == word)
                continue;
            best.Offer(row, WordVectors.Dot(ref query, ref vectors.First(row), vectors.Dimension));
        }
    }

    private int[] Rank(int word, Best best, int count) =>
        [
            .. best
                .Rows.Select(row => (row, Cosine: vectors.Cosine(word, row)))
                .OrderByDescending(p => p.Cosine)
                .ThenBy(p => p.row)
                .Take(count)
                .Select(p => p.row),
        ];

    private int[]? Stored(int row, int count)
    {
        if (table is null || count > table.Count)
            return null;
        var stored = table.Row(row);
        return stored[..Math.Min(count, stored.Length)].ToArray();
    }

    private string[] Words(int[] rows) => Array.ConvertAll(rows, vectors.Word);

    // Min-heap of the best rows so far; of equal scores the earlier row is kept.
    private sealed class Best(int size)
    {
        private readonly PriorityQueue<int, (float Score, int NegativeRow)> _heap = new(size + 1);
        private float _floor = float.NegativeInfinity;

        public IEnumerable<int> Rows => _heap.UnorderedItems.Select(i => i.Element);

        public void Offer(int row, float score)
        {
            if (_heap.Count < size)
            {
                _heap.Enqueue(row, (score, -row));
            }
            else
            {
                if (score <= _floor)
                    return;
                _heap.EnqueueDequeue(row, (score, -row));
            }
            if (_heap.Count == size && _heap.TryPeek(out _, out var worst))
                _floor = worst.Score;
        }
    }
}
