// Fused operators that replace several nodes: ONNX Runtime's of domain com.microsoft, and the
// standard LayerNormalization.
namespace RobustTickets.Checkpoints.Graphs;

internal sealed partial class GraphReader
{
    private static GraphValue LayerNorm(GraphNode n) =>
        n.Integer("axis", -1) is not (-1 or 2)
            ? n.Refuse("normalises over an axis other than the hidden dimension")
            : Complete(n, n[0], n[1], n[2], n.Number("epsilon", 1e-5));

    private static GraphValue Complete(
        GraphNode n,
        GraphValue? input,
        GraphValue? scale,
        GraphValue? shift,
        double guard
    )
    {
        if (input is not Rows x || scale is not Constant g || shift is not (Constant or null))
            return n.Refuse($"normalises {Describe.Of(input)} with {Describe.Of(scale)} and {Describe.Of(shift)}");
        if (!g.IsVector(x.Width) || (shift is Constant b && !b.IsVector(x.Width)))
            return n.Refuse($"normalises states of width {x.Width} with {Describe.Of(g)} and {Describe.Of(shift)}");
        return new Norm(n.Place, x, NormStage.Complete, guard) { Scale = g, Shift = shift as Constant };
    }

    // input, skip, gamma, beta, bias -> normalised, mean, inverse standard deviation, sum
    private static IReadOnlyList<GraphValue> SkipNorm(GraphNode n)
    {
        if (n[0] is not Rows x || n[1] is not Rows y)
            return [n.Refuse($"normalises {Describe.Of(n[0])} plus {Describe.Of(n[1])}")];
        var sum = AddStates(n, x, y);
        if (sum is Rows s && n[4] is Constant bias)
            sum = AddConstant(n, s, bias);
        var unread = n.Refuse("outputs statistics, which are not supported");
        return sum is Unknown ? [sum] : [Complete(n, sum, n[2], n[3], n.Number("epsilon", 1e-12)), unread, unread, sum];
    }

    // ids, segments, word, position and segment tables, gamma, beta, mask, positions
    private static IReadOnlyList<GraphValue> EmbedNorm(GraphNode n)
    {
        var terms = new List<Rows>();
        foreach (
            var (table, index) in new (GraphValue?, GraphValue?)[]
            {
                (n[2], n[0]),
                (n[4], n[1]),
                (n[3], n[8] ?? new Auxiliary(n.Place)),
            }
        )
        {
            if (table is not Constant { Dims.Length: 2, Transposed: false, Tensor.IsFloat: true } t || index is null)
                return [n.Refuse("lacks one of the word, position and segment tables, or its indices")];
            terms.Add(new Embedding(n.Place, t, index));
        }
        if (terms.Any(t => t.Width != terms[0].Width))
            return [n.Refuse("adds embeddings of different widths")];
        var sum = new Sum(n.Place, terms);
        return [Complete(n, sum, n[5], n[6], n.Number("epsilon", 1e-12)), new Auxiliary(n.Place, ofData: true), sum];
    }

    private static GraphValue BiasActivation(GraphNode n)
    {
        if (n[0] is not Rows x)
            return n.Refuse($"activates {Describe.Of(n[0])}");
        var biased = n[1] switch
        {
            null => x,
            Constant bias => AddConstant(n, x, bias),
            _ => n.Refuse($"adds {Describe.Of(n[1])}"),
        };
        return biased is Rows r
            ? PointwiseFunctions.Unary(
                n,
                r,
                n.Operator == "FastGelu" ? PointwiseFunctions.GeluNew : PointwiseFunctions.Gelu
            )
            : biased;
    }

    // input, weights [H, 3 W], bias [3 W], mask: queries, keys and values are columns of one matrix
    private static GraphValue FusedAttention(GraphNode n)
    {
        if (Unsupported(n, past: 4) is { } refused)
            return refused;
        if (n[0] is not Rows x || n[1] is not Constant { Dims.Length: 2 } w)
            return n.Refuse($"attends over {Describe.Of(n[0])} with {Describe.Of(n[1])}");
        if (DenseOf(n, x, w, inputsFirst: true) is not Dense all)
            return DenseOf(n, x, w, inputsFirst: true);
        if (n[2] is Constant bias && bias.IsVector(all.Width))
            all = all.With(new VectorPart(bias.Tensor, 0, all.Width));
        else if (n[2] is not null)
            return n.Refuse($"adds {Describe.Of(n[2])} to states of width {all.Width}");
        var sizes = n.Integers("qkv_hidden_sizes") ?? [all.Width / 3, all.Width / 3, all.Width / 3];
        if (sizes is not [var q, var k, var v] || q != k || k != v || q + k + v != all.Width)
            return n.Refuse(
                $"splits a width of {all.Width} into queries, keys and values of {string.Join(", ", sizes)}"
            );
        return Attended(n, all.Part(0, q), all.Part(q, k), all.Part(q + k, v));
    }

    // query, key, value, bias [3 W], mask, additive mask, past
    private static GraphValue MultiHead(GraphNode n)
    {
        if (Unsupported(n, past: 6) is { } refused)
            return refused;
        var parts = new Rows[3];
        for (var i = 0; i < 3; i++)
        {
            if (n[i] is not Rows rows)
                return n.Refuse($"attends with {Describe.Of(n[i])}");
            parts[i] = rows;
            if (n[3] is null)
                continue;
            if (rows is not Dense { Bias: null } dense || n[3] is not Constant bias || !bias.IsVector(3 * rows.Width))
                return n.Refuse($"adds {Describe.Of(n[3])} to {Describe.Of(rows)}");
            parts[i] = dense.With(new VectorPart(bias.Tensor, i * rows.Width, rows.Width));
        }
        return Attended(n, parts[0], parts[1], parts[2]);
    }

    private static Unknown? Unsupported(GraphNode n, int past)
    {
        if (n.Integer("unidirectional", 0) != 0)
            return n.Refuse("is decoder attention (unidirectional)");
        if (n.Integer("do_rotary", 0) != 0)
            return n.Refuse("applies rotary position embeddings to queries and keys");
        return n.Inputs.Skip(past).Any(i => i is Rows or Heads) || n[past] is not null
            ? n.Refuse("has inputs other than states and a mask (past keys, or a position bias)")
            : null;
    }

    private static GraphValue Attended(GraphNode n, Rows query, Rows key, Rows value)
    {
        var count = n.Integer("num_heads", 0);
        if (count <= 0 || query.Width % count != 0 || key.Width != query.Width || value.Width != query.Width)
            return n.Refuse($"has {count} heads over widths {query.Width}, {key.Width} and {value.Width}");
        var scale = n.Number("scale", 0);
        if (scale == 0)
            scale = 1 / Math.Sqrt((double)query.Width / count);
        return new Joined(n.Place, new Context(n.Place, query, key, value, count, scale, "bshd"));
    }
}
