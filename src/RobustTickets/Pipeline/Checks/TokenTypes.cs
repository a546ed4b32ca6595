using RobustTickets.Checkpoints;
using RobustTickets.Pipeline.Data;

namespace RobustTickets.Pipeline.Checks;

/// <summary>Checks that a model has an embedding for each token type of the data.</summary>
internal static class TokenTypes
{
    /// <summary>Throws if the data are pairs and the model reads single texts only.</summary>
    /// <param name="config">Shape of the model.</param>
    /// <param name="data">The examples.</param>
    /// <param name="place">The model, for the error.</param>
    /// <exception cref="CheckpointException">The model has fewer token types.</exception>
    public static void Require(HuggingFaceConfig config, RunData data, string place)
    {
        var found = config.TypeVocabSize;
        if (data.Train.Examples.Any(e => e.Segments.Any(type => type >= found)))
            throw new CheckpointException(
                $"{place}: has {found} token type{(found == 1 ? "" : "s")} (type_vocab_size), but the data are pairs "
                    + "of texts, which need 2"
            );
    }
}
