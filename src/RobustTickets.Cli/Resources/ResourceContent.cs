// Reading a resource is the best proof that it is whole.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Cli.Terminal;
using RobustTickets.Models;

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
            case "stop-words" or "nltk-stop-words":
                return $"{Figures.Count(StopWords.Read(found.Path).Count)} words";
            case "tagger":
                return $"{Figures.Count(PerceptronTagger.Read(found.Path).FeatureCount)} features";
            case "tag-map":
                UniversalTags.Read(found.Path);
                return "tag map";
            case "wordnet":
                return WordNet.Read(found.Path).Info.Content;
            case "sentence-encoder":
                return Model(found.Path, null);
            case "masked-lm":
                return Model(found.Path, BertParameters.Weight(BertParameters.PredictionDense));
            default:
                throw new NotSupportedException($"no reader for resource kind {found.Kind.Kind}");
        }
    }

    private static string Model(string folder, string? head)
    {
        try
        {
            using var files = HuggingFaceFolder.Open(folder);
            var vocabulary = WordPieceTokenizer.Load(folder).Vocabulary.Count;
            if (head is not null && !files.Weights.Contains(head))
                throw new DataException($"'{folder}': holds no '{head}', so it is no masked language model");
            return $"BERT, {files.Config.NumHiddenLayers} layers of width {files.Config.HiddenSize}, "
                + $"{Figures.Count(vocabulary)} word pieces";
        }
        catch (CheckpointException e)
        {
            throw new DataException(e.Message, e);
        }
    }
}
