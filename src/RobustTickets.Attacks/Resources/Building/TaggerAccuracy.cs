namespace RobustTickets.Attacks.Resources.Building;

/// <summary>Accuracy of a tagger on a treebank.</summary>
/// <param name="Right">Words with the correct tag.</param>
/// <param name="Words">All words.</param>
internal sealed record TaggerAccuracy(int Right, int Words)
{
    /// <summary>Fraction of correctly tagged words.</summary>
    public double Share => (double)Right / Words;

    /// <summary>Tags the sentences and compares.</summary>
    public static TaggerAccuracy Of(PerceptronTagger tagger, IReadOnlyList<TaggedSentence> sentences) =>
        new(
            sentences.Sum(s => tagger.Tag(s.Words).Zip(s.Tags).Count(p => p.First == p.Second)),
            sentences.Sum(s => s.Words.Length)
        );
}
