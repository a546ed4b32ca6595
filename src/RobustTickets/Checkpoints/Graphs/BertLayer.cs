// One layer of BERT in a graph: y = LN(FFN(a) + a), a = LN(attention(x) + x), matched backwards
// from y.
namespace RobustTickets.Checkpoints.Graphs;

/// <summary>The parts of one layer.</summary>
internal sealed record BertLayer(
    Dense Query,
    Dense Key,
    Dense Value,
    Context Context,
    Dense AttentionOutput,
    Norm AttentionNorm,
    Dense Intermediate,
    Pointwise Activated,
    Dense Output,
    Norm OutputNorm
)
{
    // More than any encoder has; limits the length of a chain of nodes.
    private const int MostLayers = 1 << 12;

    /// <summary>
    /// The layers that compute some hidden states, first to last, and the embeddings.
    /// </summary>
    /// <exception cref="CheckpointException">A node does not match a layer.</exception>
    public static IEnumerable<BertLayer> All(Norm last, out Norm embeddings)
    {
        var layers = new List<BertLayer>();
        var states = last;
        while (!(states.Input is Sum sum && sum.Terms.All(t => t is Embedding)))
        {
            if (states.Input is Embedding or Sum { Terms: [Embedding, ..] or [_, Embedding, ..] })
                throw Refuse(
                    states,
                    $"normalises {Describe.Of(states.Input)}",
                    "a sum of words, positions and segments"
                );
            if (layers.Count == MostLayers)
                throw Refuse(states, $"comes after {MostLayers} layers", "fewer layers");
            var layer = EndingIn(states, out var before);
            layers.Add(layer);
            states = before;
        }
        if (layers.Count == 0)
            throw Refuse(last, "normalises embeddings", "at least one layer after them");
        embeddings = states;
        layers.Reverse();
        return layers;
    }

    private static BertLayer EndingIn(Norm y, out Norm before)
    {
        var (output, a) = Residual(y, "the output of the neurons");
        if (output.Input is not Pointwise { Input: Dense intermediate } activated)
            throw Refuse(output, $"takes {Describe.Of(output.Input)}", "an activation after a dense layer");
        if (intermediate.Input != a)
            throw Refuse(
                intermediate,
                $"takes {Describe.Of(intermediate.Input)}",
                "the input of the residual connection"
            );
        var (projection, x) = Residual(a, "attended states");
        if (projection.Input is not Joined { Context: { } context })
            throw Refuse(projection, $"takes {Describe.Of(projection.Input)}", "the heads' outputs");
        before = x;
        return new BertLayer(
            Projection(context, context.Query, x, "queries"),
            Projection(context, context.Key, x, "keys"),
            Projection(context, context.Value, x, "values"),
            context,
            projection,
            a,
            intermediate,
            activated,
            output,
            y
        );
    }

    private static (Dense Block, Norm Skipped) Residual(Norm norm, string block) =>
        norm.Input is Sum { Terms: [var p, var q] }
            ? (p, q) switch
            {
                (Dense d, Norm { Stage: NormStage.Complete } n) => (d, n),
                (Norm { Stage: NormStage.Complete } n, Dense d) => (d, n),
                _ => throw Refuse(
                    norm,
                    $"normalises the sum of {Describe.Of(p)} and {Describe.Of(q)}",
                    $"{block} plus normalised states"
                ),
            }
            : throw Refuse(norm, $"normalises {Describe.Of(norm.Input)}", $"{block} plus normalised states");

    private static Dense Projection(Context context, Rows source, Norm x, string what) =>
        source is Dense dense && dense.Input == x
            ? dense
            : throw Refuse(
                context,
                $"takes its {what} from {Describe.Of(source)}",
                "a dense layer of the block's input"
            );

    private static CheckpointException Refuse(GraphValue at, string found, string needed) =>
        new($"{at.Place}: {found}; expected {needed}");
}
