// The word pieces and masked language model of golden/attacks/README.md: scores are hashes of a
// token and its neighbours, so that every prediction can be computed by hand and depends on the
// position.
using System.Collections.Concurrent;
using RobustTickets.Attacks.Engine;

namespace RobustTickets.Testing;

/// <summary>
/// The toy masked language model. Predictions are cached by the three tokens they depend on.
/// </summary>
public sealed class ToyMaskedLanguageModel : IMaskedLanguageModel
{
    private readonly string[] _tokens;
    private readonly Dictionary<string, int> _ids;
    private readonly ConcurrentDictionary<(int, int, int), (int[] Order, double[] Probabilities)> _known = new();

    /// <summary>Takes the pieces, one per line; the id is the line number from 0.</summary>
    public ToyMaskedLanguageModel(IEnumerable<string> pieces, int maxLength = 48)
    {
        _tokens = [.. pieces];
        _ids = _tokens.Select((t, i) => (t, i)).ToDictionary(p => p.t, p => p.i, StringComparer.Ordinal);
        MaxLength = maxLength;
    }

    /// <inheritdoc/>
    public string Name => "toy masked language model";

    /// <inheritdoc/>
    public int VocabularySize => _tokens.Length;

    /// <inheritdoc/>
    public int MaxLength { get; }

    /// <inheritdoc/>
    public string MaskToken => "[MASK]";

    /// <inheritdoc/>
    public int MaskId => _ids[MaskToken];

    /// <summary>Number of questions so far.</summary>
    public int Questions { get; private set; }

    /// <inheritdoc/>
    public string Token(int id) => _tokens[id];

    /// <inheritdoc/>
    public int[] Encode(string text) => [_ids["[CLS]"], .. Pieces(text).Take(MaxLength - 2), _ids["[SEP]"]];

    /// <inheritdoc/>
    public int PieceCount(string word) => Pieces(word).Count;

    /// <inheritdoc/>
    public int[][] Predict(IReadOnlyList<MaskedQuestion> questions)
    {
        Questions += questions.Count;
        return [.. questions.Select(Answer)];
    }

    // Padding and positions outside the sequence count as token 0.
    private int[] Answer(MaskedQuestion question)
    {
        var ids = Encode(question.Text);
        int At(int p) => p >= 0 && p < ids.Length ? ids[p] : 0;
        var (order, probabilities) = _known.GetOrAdd(
            (At(question.Position - 1), At(question.Position), At(question.Position + 1)),
            Rank
        );
        return [.. order.Take(question.Count).TakeWhile(v => probabilities[v] >= question.MinProbability)];
    }

    private (int[], double[]) Rank((int Before, int At, int After) place)
    {
        var logits = Enumerable
            .Range(0, VocabularySize)
            .Select(v => (6 * Hash(place.At, v, 1)) + (3 * Hash(place.Before, v, 2)) + (3 * Hash(place.After, v, 3)))
            .ToArray();
        var top = logits.Max();
        var sum = logits.Sum(z => Math.Exp(z - top));
        return (
            [.. Enumerable.Range(0, VocabularySize).OrderByDescending(v => logits[v])],
            [.. logits.Select(z => Math.Exp(z - top) / sum)]
        );
    }

    private static double Hash(int a, int v, uint salt)
    {
        unchecked
        {
            var h = ((uint)a * 2654435761u) + ((uint)v * 2246822519u) + salt;
            h ^= h >> 15;
            h *= 2246822519u;
            h ^= h >> 13;
            h *= 3266489917u;
            h ^= h >> 16;
            return h % 1000003 / 1000003.0;
        }
    }

    private List<int> Pieces(string text)
    {
        var ids = new List<int>();
        for (var i = 0; i < text.Length; )
        {
            if (text.AsSpan(i).StartsWith("[MASK]") || text.AsSpan(i).StartsWith("[UNK]"))
            {
                var end = text.IndexOf(']', i) + 1;
                ids.Add(_ids[text[i..end]]);
                i = end;
                continue;
            }
            var start = i;
            while (i < text.Length && IsWord(Lower(text[i])))
                i++;
            if (i > start)
                AddWord(ids, string.Concat(text[start..i].Select(Lower)));
            else if (text[i++] > ' ')
                ids.Add(_ids.GetValueOrDefault(text[start].ToString(), _ids["[UNK]"]));
        }
        return ids;
    }

    private void AddWord(List<int> ids, string word)
    {
        var pieces = new List<int>();
        for (var start = 0; start < word.Length; )
        {
            var end = word.Length;
            var id = -1;
            while (end > start && !_ids.TryGetValue((start > 0 ? "##" : "") + word[start..end], out id))
                end--;
            if (end == start)
            {
                ids.Add(_ids["[UNK]"]);
                return;
            }
            pieces.Add(id);
            start = end;
        }
        ids.AddRange(pieces);
    }

    private static char Lower(char c) => c is >= 'A' and <= 'Z' ? (char)(c + 32) : c;

    private static bool IsWord(char c) => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or >= '\u0080';
}
