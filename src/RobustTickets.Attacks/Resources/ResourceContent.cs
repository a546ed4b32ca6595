// Validates a resource by reading it.

using System.Globalization;

namespace RobustTickets.Attacks.Resources;

/// <summary>Reads resources and describes their content.</summary>
internal static class ResourceContent
{
    /// <summary>Describes a resource's content.</summary>
    /// <param name="found">The resource.</param>
    /// <param name="models">Describes model folders.</param>
    /// <exception cref="DataException">The resource cannot be read.</exception>
    public static string Describe(FoundResource found, IAttackModels models)
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(models);
        switch (found.Kind.Kind)
        {
            case "word-vectors":
                var vectors = WordVectorReader.Read(found.Path);
                return $"{Count(vectors.Count)} words x {vectors.Dimension}";
            case "neighbours":
                var table = NeighbourTable.Read(found.Path);
                return $"{Count(table.Count)} words, at most {table.Longest} substitutes";
            case "stop-words" or "nltk-stop-words":
                return $"{Count(StopWords.Read(found.Path).Count)} words";
            case "tagger":
                return $"{Count(PerceptronTagger.Read(found.Path).FeatureCount)} features";
            case "tag-map":
                UniversalTags.Read(found.Path);
                return "tag map";
            case "wordnet":
                return WordNet.Read(found.Path).Info.Content;
            case "sentence-encoder":
                return models.Describe(found.Path, AttackModelKind.SentenceEncoder);
            case "masked-lm":
                return models.Describe(found.Path, AttackModelKind.MaskedLanguageModel);
            default:
                throw new NotSupportedException($"no reader for resource kind {found.Kind.Kind}");
        }
    }

    /// <summary>
    /// Whether a kind is a model, which can be given by name as well as by folder.
    /// </summary>
    public static bool IsModel(ResourceKind kind) => kind.Kind is "sentence-encoder" or "masked-lm";

    private static string Count(int count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
