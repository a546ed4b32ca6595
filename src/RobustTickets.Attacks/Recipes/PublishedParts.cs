// Named placeholders for the resources of the published attacks: enough to describe a recipe
// without any file, but not to run it.

using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks;

/// <summary>Placeholders for the published resources, used in descriptions.</summary>
internal static class PublishedParts
{
    /// <summary>TextFooler's stop words.</summary>
    public static StopWords TextFoolerStopWords { get; } = List("TextFooler's list", 266);

    /// <summary>NLTK's stop words at the time of the papers.</summary>
    public static StopWords NltkStopWords { get; } = List("NLTK's English list", 179);

    /// <summary>The sentence encoder.</summary>
    public static ISentenceEncoder Encoder { get; } = new NamedEncoder();

    /// <summary>The masked language model.</summary>
    public static IMaskedLanguageModel Masked { get; } = new NamedModel();

    /// <summary>WordNet.</summary>
    public static WordNet WordNet { get; } = WordNet.Named(new ResourceInfo("wordnet", "WordNet", "", "version 3.0"));

    /// <summary>Word vectors, their neighbours and the tagger, with the given stop words.</summary>
    public static AttackParts Resources(StopWords stopWords) =>
        new(
            new NamedNeighbours(),
            stopWords,
            new WordVectors([], [], 300),
            PerceptronTagger.Untrained,
            Encoder,
            WordNet,
            Masked
        );

    private static StopWords List(string name, int count) =>
        new(name, Enumerable.Range(0, count).Select(i => $"{name} {i}"));

    private static NotSupportedException NotRun() => new("a published part can be described, not run");

    private sealed class NamedNeighbours : INeighbourSource
    {
        public string Description => "counter-fitted vectors";

        public IReadOnlyList<string> Nearest(string word, int count) => throw NotRun();

        public void Prepare(IReadOnlyCollection<string> words, int count, CancellationToken stop) => throw NotRun();
    }

    private sealed class NamedEncoder : ISentenceEncoder
    {
        public string Name => RecipeLines.PublishedEncoder;

        public int Dimension => 512;

        public double[][] Encode(IReadOnlyList<string> texts) => throw NotRun();
    }

    private sealed class NamedModel : IMaskedLanguageModel
    {
        public string Name => RecipeLines.PublishedMasked;

        public int VocabularySize => 30522;

        public int MaxLength => 512;

        public string MaskToken => "[MASK]";

        public int MaskId => 103;

        public string Token(int id) => throw NotRun();

        public int[] Encode(string text) => throw NotRun();

        public int PieceCount(string word) => throw NotRun();

        public int[][] Predict(IReadOnlyList<MaskedQuestion> questions) => throw NotRun();
    }
}
