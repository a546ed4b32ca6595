// Reading a resource is the best proof that it is whole.
using RobustTickets.Cli.Terminal;
using RobustTickets.Text;
using RobustTickets.Text.Attacks.Resources;

namespace RobustTickets.Cli.Resources;

/// <summary>Reads resources and says what is in them.</summary>
internal static class ResourceContent
{
    /// <summary>What a resource holds.</summary>
    /// <exception cref="DataException">It cannot be read.</exception>
    public static string Describe(FoundResource found)
    {
        switch (found.Kind.Kind)
        {
            case "word-vectors":
                var vectors = WordVectorReader.Read(found.Path);
                return $"{Figures.Count(vectors.Count)} words x {vectors.Dimension}";
            case "neighbours":
                var table = NeighbourTable.Read(found.Path);
                return $"{Figures.Count(table.Count)} words, at most {table.Longest} substitutes";
            case "stop-words":
                return $"{Figures.Count(StopWords.Read(found.Path).Count)} words";
            case "tagger":
                return $"{Figures.Count(PerceptronTagger.Read(found.Path).FeatureCount)} features";
            case "tag-map":
                UniversalTags.Read(found.Path);
                return "tag map";
            default:
                throw new NotSupportedException($"no reader for resource kind {found.Kind.Kind}");
        }
    }
}
