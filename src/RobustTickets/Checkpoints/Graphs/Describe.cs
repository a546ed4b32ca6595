using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints.Graphs;

/// <summary>Describes values in messages.</summary>
internal static class Describe
{
    public static string Of(GraphValue? value) =>
        value switch
        {
            null => "nothing",
            Unknown u => $"an unsupported value ({u.Place} {u.Reason})",
            Constant c => $"a constant of shape {TensorInfo.Format(c.Dims)}",
            Auxiliary { Input: { } name } => $"input '{name}'",
            Auxiliary => "ids, masks or sizes",
            Sizes => "sizes",
            Embedding => "an embedding",
            Sum => "a sum of states",
            Norm { Stage: NormStage.Complete } => "normalised states",
            Norm => "a part of a layer normalisation",
            Dense => "a dense layer's output",
            Pointwise => "an activation's output",
            First => "the first token's state",
            Joined or Context => "the heads' outputs",
            Heads => "states split into heads",
            Scores => "attention scores",
            Probabilities => "probabilities",
            _ => value.GetType().Name,
        };
}
