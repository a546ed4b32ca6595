// The lexical resources of an attack, read from named files. A resource that is not given is
// absent, never fetched; recipes say what they do without it.

namespace RobustTickets.Attacks.Resources;

/// <summary>Paths of resource files; null = not given.</summary>
/// <param name="Vectors">Word vectors: text, word2vec binary (.bin), either possibly .gz.</param>
/// <param name="Neighbours">Neighbour table: JSON (word -> words) or text (word TAB words);
/// overrides neighbours computed from the vectors.</param>
/// <param name="StopWords">Stop words, one a line; null: the built-in list.</param>
/// <param name="Tagger">Averaged perceptron weights (JSON, possibly .gz).</param>
/// <param name="TagMap">Map of tags to universal tags; null: the built-in one.</param>
/// <param name="Computed">Folder that may hold a table of the vectors' neighbours
/// (<see cref="NeighbourFile"/>); changes speed only.</param>
public sealed record AttackResourcePaths(
    string? Vectors = null,
    string? Neighbours = null,
    string? StopWords = null,
    string? Tagger = null,
    string? TagMap = null,
    string? Computed = null
);

/// <summary>What attack recipes are built from.</summary>
/// <param name="Neighbours">Neighbours of words.</param>
/// <param name="StopWords">Words that stay.</param>
/// <param name="Vectors">Word vectors, for cosine constraints; null when absent.</param>
/// <param name="Tagger">Part-of-speech tagger; null when absent.</param>
/// <param name="Files">Name, hash and content of every resource.</param>
public sealed record AttackResources(
    INeighbourSource Neighbours,
    StopWords StopWords,
    WordVectors? Vectors,
    PerceptronTagger? Tagger,
    IReadOnlyList<ResourceInfo> Files
)
{
    /// <summary>Reads the resources.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="substitutes">Whether the attack takes substitutes from vectors or a table;
    /// otherwise neither is needed.</param>
    /// <exception cref="DataException">A source of substitutes is needed and neither vectors nor a
    /// neighbour table given, or a file is missing or malformed.</exception>
    public static AttackResources Load(AttackResourcePaths paths, bool substitutes = true)
    {
        ArgumentNullException.ThrowIfNull(paths);
        if (substitutes && paths.Vectors is null && paths.Neighbours is null)
        {
            throw new DataException(
                "attack resources: no source of substitute words; give word vectors (text, .bin, .gz; "
                    + "TextFooler's are the counter-fitted "
                    + "vectors, 'counter-fitted-vectors.txt') or a neighbour table (.json, .tsv)"
            );
        }
        var files = new List<ResourceInfo>();
        var vectors = paths.Vectors is null ? null : WordVectorReader.Read(paths.Vectors);
        if (vectors is not null)
            files.Add(Info("word-vectors", paths.Vectors!, $"{vectors.Count} words x {vectors.Dimension}"));
        INeighbourSource neighbours;
        if (paths.Neighbours is not null)
        {
            var table = NeighbourTable.Read(paths.Neighbours);
            files.Add(
                Info("neighbours", paths.Neighbours, $"{table.Count} words, at most {table.Longest} neighbours a word")
            );
            neighbours = table;
        }
        else
        {
            neighbours = vectors is null
                ? new NeighbourTable([])
                : new VectorNeighbours(vectors, Computed(paths, vectors, files[0].Sha256));
        }
        var stopWords = paths.StopWords is null ? StopWords.English : StopWords.Read(paths.StopWords);
        files.Add(
            paths.StopWords is null
                ? new ResourceInfo("stop-words", stopWords.Name, "", $"{stopWords.Count} words")
                : Info("stop-words", paths.StopWords, $"{stopWords.Count} words")
        );
        PerceptronTagger? tagger = null;
        if (paths.Tagger is not null)
        {
            tagger = PerceptronTagger.Read(
                paths.Tagger,
                paths.TagMap is null ? null : UniversalTags.Read(paths.TagMap)
            );
            files.Add(Info("tagger", paths.Tagger, $"{tagger.FeatureCount} features"));
            if (paths.TagMap is not null)
                files.Add(Info("tag-map", paths.TagMap, "universal tags"));
        }
        return new AttackResources(neighbours, stopWords, vectors, tagger, files);
    }

    private static NeighbourFile? Computed(AttackResourcePaths paths, WordVectors vectors, string hash)
    {
        if (paths.Computed is null)
            return null;
        var file = Path.Combine(paths.Computed, NeighbourFile.NameFor(hash));
        return File.Exists(file) ? NeighbourFile.Read(file, vectors, hash) : null;
    }

    private static ResourceInfo Info(string kind, string path, string content) =>
        new(kind, Path.GetFileName(path), ResourceFile.Hash(path), content);
}
