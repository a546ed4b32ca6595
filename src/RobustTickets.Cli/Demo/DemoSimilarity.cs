// Similarity threshold of the demo's TextFooler, calibrated on single substitutions. TextFooler's
// own (0.84) is for the Universal Sentence Encoder; the demo's small encoder has another range of
// similarities.
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Cli.Demo.Corpus;

namespace RobustTickets.Cli.Demo;

// Texts are compared as a whole: they are shorter than TextFooler's window of 15 words, below which
// it compares nothing.
internal static class DemoSimilarity
{
    /// <summary>
    /// The similarity that a fraction <paramref name="refused"/> of all single substitutions does
    /// not reach, rounded to four decimals.
    /// </summary>
    /// <param name="encoder">The sentence encoder.</param>
    /// <param name="texts">Reviews whose words are substituted one at a time.</param>
    /// <param name="refused">Fraction in (0, 1).</param>
    public static double Calibrate(ISentenceEncoder encoder, IReadOnlyList<string> texts, double refused)
    {
        var similarities = new List<double>();
        foreach (var text in texts)
        {
            var variants = Variants(text).ToArray();
            if (variants.Length == 0)
                continue;
            var vectors = encoder.Encode([text, .. variants]);
            similarities.AddRange(
                vectors.Skip(1).Select(v => SentenceSimilarity.Similarity(vectors[0], v, SimilarityMetric.Angular))
            );
        }
        similarities.Sort();
        return Math.Round(similarities[(int)(refused * similarities.Count)], 4);
    }

    private static IEnumerable<string> Variants(string text)
    {
        var words = text.Split(' ');
        for (var i = 0; i < words.Length; i++)
        {
            var bare = words[i].TrimEnd('.', ',');
            if (DemoLexicon.GroupOf(bare) is not { } group)
                continue;
            foreach (var other in group.Members.Where(m => m != bare))
            {
                yield return string.Join(' ', words.Select((w, j) => j == i ? other + w[bare.Length..] : w));
            }
        }
    }
}
