// Reads lexical files into attack resources, each with its hash.

using RobustTickets.Attacks.Data;

namespace RobustTickets.Attacks.Resources;

/// <summary>Reads lexical files.</summary>
internal static class LexicalFiles
{
    /// <summary>Reads the given files; null ones are skipped or built in.</summary>
    /// <param name="vectorFile">Word vectors.</param>
    /// <param name="neighbourFile">Neighbour table; overrides neighbours of the vectors.</param>
    /// <param name="stopWordFile">Stop words; null: the built-in list.</param>
    /// <param name="taggerFile">Tagger weights.</param>
    /// <param name="tagMap">Map to universal tags; null: the built-in one.</param>
    /// <param name="computed">Folder that may hold a precomputed table of the vectors' neighbours
    /// (<see cref="NeighbourFile"/>); affects speed only.</param>
    /// <param name="maxUnpackedBytes">Maximum unpacked size of a gzipped file.</param>
    /// <exception cref="DataException">A file is missing or malformed.</exception>
    public static AttackParts Read(
        string? vectorFile = null,
        string? neighbourFile = null,
        string? stopWordFile = null,
        string? taggerFile = null,
        string? tagMap = null,
        string? computed = null,
        long maxUnpackedBytes = DataOptions.UnpackedBytes
    )
    {
        var files = new List<ResourceInfo>();
        var vectors = vectorFile is null ? null : WordVectorReader.Read(vectorFile, maxUnpackedBytes);
        if (vectors is not null)
            files.Add(Info("word-vectors", vectorFile!, $"{vectors.Count} words x {vectors.Dimension}"));
        INeighbourSource neighbours;
        if (neighbourFile is not null)
        {
            var table = NeighbourTable.Read(neighbourFile, maxUnpackedBytes);
            files.Add(
                Info("neighbours", neighbourFile, $"{table.Count} words, at most {table.Longest} neighbours a word")
            );
            neighbours = table;
        }
        else
        {
            neighbours = vectors is null
                ? new NeighbourTable([])
                : new VectorNeighbours(vectors, Computed(computed, vectors, files[0].Sha256));
        }
        var stopWords = stopWordFile is null ? StopWords.English : StopWords.Read(stopWordFile);
        files.Add(
            stopWordFile is null
                ? new ResourceInfo("stop-words", stopWords.Name, "", $"{stopWords.Count} words")
                : Info("stop-words", stopWordFile, $"{stopWords.Count} words")
        );
        PerceptronTagger? tagger = null;
        if (taggerFile is not null)
        {
            tagger = PerceptronTagger.Read(
                taggerFile,
                tagMap is null ? null : UniversalTags.Read(tagMap),
                maxUnpackedBytes
            );
            files.Add(Info("tagger", taggerFile, $"{tagger.FeatureCount} features"));
            if (tagMap is not null)
                files.Add(Info("tag-map", tagMap, "universal tags"));
        }
        return new AttackParts(neighbours, stopWords, vectors, tagger) { Files = files };
    }

    private static NeighbourFile? Computed(string? folder, WordVectors vectors, string hash)
    {
        if (folder is null)
            return null;
        var file = Path.Combine(folder, NeighbourFile.NameFor(hash));
        return File.Exists(file) ? NeighbourFile.Read(file, vectors, hash) : null;
    }

    private static ResourceInfo Info(string kind, string path, string content) =>
        new(kind, Path.GetFileName(path), ResourceFile.Hash(path), content);
}
