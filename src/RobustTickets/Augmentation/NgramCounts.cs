// Frequencies of words and word pairs in the training texts. Successful substitutions make n-grams
// rarer (Lu et al. 2023, n-gram frequency descent), so the rarer substitute is the more likely
// attack.
using System.Runtime.InteropServices;

namespace RobustTickets.Augmentation;

/// <summary>Counts of lower-cased words and of adjacent pairs.</summary>
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
    /// Frequency of a word between its neighbours: the sum of both pairs, then the word alone as
    /// tie-break.
    /// </summary>
    /// <param name="left">The previous word, or null at the beginning.</param>
    /// <param name="word">The word.</param>
    /// <param name="right">The next word, or null at the end.</param>
    public (int Pairs, int Words) Of(string? left, string word, string? right) =>
        (
            (left is null ? 0 : _pairs.GetValueOrDefault((left, word)))
                + (right is null ? 0 : _pairs.GetValueOrDefault((word, right))),
            _words.GetValueOrDefault(word)
        );
}
