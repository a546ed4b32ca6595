// Token sequences that may replace a word's: those of its neighbours with the same number of word
// pieces, piece by piece. A word without such neighbours has no hull and is unchanged.
using RobustTickets.Models;

namespace RobustTickets.Objectives;

/// <summary>A word of a batch and its hull.</summary>
/// <param name="Row">First row of the word in the batch.</param>
/// <param name="Example">Position of its example in the batch.</param>
/// <param name="Place">Its first token within the example.</param>
/// <param name="Neighbours">Token ids of each neighbour, as many as the word's.</param>
internal readonly record struct HullWord(int Row, int Example, int Place, int[][] Neighbours);

/// <summary>Neighbours of words as token ids.</summary>
internal sealed class WordHulls
{
    private readonly Dictionary<string, int[][]> _rows = new(StringComparer.Ordinal);
    private readonly bool[] _continues;

    /// <param name="words">Words and their neighbours as token ids; neighbours with another number
    /// of pieces are dropped.</param>
    /// <param name="continues">For each token id, whether it continues a word.</param>
    public WordHulls(IEnumerable<(int[] Word, int[][] Neighbours)> words, bool[] continues)
    {
        _continues = continues;
        foreach (var (word, neighbours) in words)
        {
            int[][] aligned = [.. neighbours.Where(n => n.Length == word.Length && !n.SequenceEqual(word))];
            if (word.Length > 0 && aligned.Length > 0)
                _rows[Key(word)] = aligned;
        }
    }

    /// <summary>Number of words with a hull.</summary>
    public int Count => _rows.Count;

    /// <summary>The words of a batch with a hull, in row order.</summary>
    public IReadOnlyList<HullWord> In(PackedBatch batch)
    {
        var found = new List<HullWord>();
        for (var b = 0; b < batch.Count; b++)
        {
            for (int row = batch.Offsets[b], next; row < batch.Offsets[b + 1]; row = next)
            {
                for (next = row + 1; next < batch.Offsets[b + 1] && _continues[batch.Ids[next]]; )
                    next++;
                if (_rows.TryGetValue(Key(batch.Ids.AsSpan(row, next - row)), out var neighbours))
                    found.Add(new HullWord(row, b, row - batch.Offsets[b], neighbours));
            }
        }
        return found;
    }

    private static string Key(int[] pieces) => Key((ReadOnlySpan<long>)Array.ConvertAll(pieces, p => (long)p));

    // Two characters per token id.
    private static string Key(ReadOnlySpan<long> pieces)
    {
        var key = new char[2 * pieces.Length];
        for (var i = 0; i < pieces.Length; i++)
            (key[2 * i], key[(2 * i) + 1]) = ((char)(pieces[i] >> 16), (char)(pieces[i] & 0xFFFF));
        return new string(key);
    }
}
