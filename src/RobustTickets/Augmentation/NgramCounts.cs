// How often words and pairs of words occur in the training texts. Successful substitutions make
// n-grams rarer (Lu et al. 2023, n-gram frequency descent), so the rarer substitute is the likelier
// attack.
using System.Runtime.InteropServices;

namespace RobustTickets.Augmentation;

/// <summary>Counts of lower-cased words and of pairs that follow one another.</summary>
internal sealed class NgramCounts
{
    private readonly Dictionary<string, int> _words = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string), int> _pairs = [];

    /// <summary>Counts the words of one text.</summary>
    public void Add(IReadOnlyList<string> words)
    {
        for (var i = 0; i < words.Count; i++)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_words, words[i], out _)++;
            if (i > 0)
                CollectionsMarshal.GetValueRefOrAddDefault(_pairs, (words[i - 1], words[i]), out _)++;
        }
    }

    /// <summary>
    /// How often a word stands between its neighbours: both pairs together; then the word alone,
    /// which decides where the pairs are equally frequent.
    /// </summary>
    /// <param name="left">The word before, or null at the beginning.</param>
    /// <param name="word">The word.</param>
    /// <param name="right">The word after, or null at the end.</param>
    public (int Pairs, int Words) Of(string? left, string word, string? right) =>
        (
            (left is null ? 0 : _pairs.GetValueOrDefault((left, word)))
                + (right is null ? 0 : _pairs.GetValueOrDefault((word, right))),
            _words.GetValueOrDefault(word)
        );
}
