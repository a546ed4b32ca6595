// Operators on hidden states: products, sums, layer normalisation in parts, attention.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints.Graphs;

internal sealed partial class GraphReader
{
    // Embeddings of three tables and a residual connection: no sum in BERT has more terms.
    private const int MostTerms = 4;

    private static GraphValue MatMul(GraphNode n)
    {
        // FusedMatMul: operands transposed before, result scaled after.
        var alpha = n.Number("alpha", 1);
        var transposed = n.Integer("transB", 0) != 0;
        if (n.Integer("transA", 0) != 0 || n.Integer("transBatchA", 0) != 0 || n.Integer("transBatchB", 0) != 0)
            return n.Refuse("transposes the first factor of a product");
        switch (n[0], n[1])
        {
            case (Rows { } x, Constant { Dims.Length: 2 } w) when alpha == 1:
                return DenseOf(n, x, w, inputsFirst: !transposed);
            case (Heads q, Heads k) when q.Axes == "bhsd" && k.Axes == (transposed ? "bhsd" : "bhds"):
                return q.Count == k.Count && q.Size == k.Size
                    ? new Scores(n.Place, q, k, q.Scale * k.Scale * alpha, ScoreStage.Raw)
                    : n.Refuse($"multiplies {q.Count} heads of {q.Size} with {k.Count} of {k.Size}");
            case (Scores { Stage: ScoreStage.Shares } s, Heads { Axes: "bhsd" } v) when alpha == 1 && !transposed:
                return v.Count == s.Query.Count && v.Scale == 1
                    ? new Context(n.Place, s.Query.Source, s.Key.Source, v.Source, v.Count, s.Scale, "bhsd")
                    : n.Refuse($"weights {v.Count} heads by the attention of {s.Query.Count}");
            default:
                return n.Refuse($"multiplies {Describe.Of(n[0])} by {Describe.Of(n[1])}");
        }
    }

    private static GraphValue Gemm(GraphNode n)
    {
        if (n.Integer("transA", 0) != 0 || n.Number("alpha", 1) != 1 || n.Number("beta", 1) != 1)
            return n.Refuse("scales or transposes its factors");
        if (n[0] is not Rows x || n[1] is not Constant { Dims.Length: 2 } w)
            return n.Refuse($"multiplies {Describe.Of(n[0])} by {Describe.Of(n[1])}");
        var dense = DenseOf(n, x, w, inputsFirst: n.Integer("transB", 0) == 0);
        return n[2] is null || dense is Unknown ? dense
            : n[2] is Constant bias ? AddConstant(n, (Rows)dense, bias)
            : n.Refuse($"adds {Describe.Of(n[2])}");
    }

    private static GraphValue DenseOf(GraphNode n, Rows x, Constant w, bool inputsFirst)
    {
        var (inputs, outputs) = inputsFirst ? (w.Dims[0], w.Dims[1]) : (w.Dims[1], w.Dims[0]);
        if (!w.Tensor.IsFloat || inputs != x.Width || outputs == 0)
            return n.Refuse($"multiplies states of width {x.Width} by a matrix of shape {TensorInfo.Format(w.Dims)}");
        return new Dense(n.Place, x, new MatrixPart(w.Tensor, inputsFirst != w.Transposed, 0, outputs, inputs));
    }

    private static GraphValue Add(GraphNode n, GraphValue a, GraphValue b)
    {
        if (a is Constant or Auxiliary or Sizes)
            (a, b) = (b, a);
        return (a, b) switch
        {
            (Norm { Stage: NormStage.Variance } v, Constant { IsScalar: true } guard) => new Norm(
                n.Place,
                v.Input,
                NormStage.GuardedVariance,
                GraphNode.Decimal((float)guard.Scalar)
            ),
            (Scores { Stage: not ScoreStage.Shares }, Auxiliary { Mask: { Masks: false } mask }) => n.Refuse(
                Invariant.Text(
                    $"adds {mask.Real + 0:g4} to the scores of real tokens and {mask.Padding:g4} to those of padding; "
                ) + "a mask adds 0 and a large negative number"
            ),
            (Scores { Stage: not ScoreStage.Shares } s, Auxiliary { Patterned: false }) => s.With(
                n.Place,
                1,
                ScoreStage.Masked
            ),
            (Scores { Stage: not ScoreStage.Shares } s, Constant c) when !IsPatterned(c) => s.With(
                n.Place,
                1,
                ScoreStage.Masked
            ),
            (Scores, Auxiliary or Constant) => n.Refuse("adds a mask that depends on positions, as a decoder's does"),
            (Rows x, Constant c) => AddConstant(n, x, c),
            (Rows x, Rows y) => AddStates(n, x, y),
            _ => n.Refuse($"adds {Describe.Of(a)} and {Describe.Of(b)}"),
        };
    }

    private static GraphValue AddConstant(GraphNode n, Rows x, Constant c)
    {
        if (c.IsScalar && x.Width != 1)
            return PointwiseFunctions.With(n, x, c.Scalar, (t, s) => t + s);
        if (!c.IsVector(x.Width))
            return n.Refuse($"adds {Describe.Of(c)} to states of width {x.Width}");
        var bias = new VectorPart(c.Tensor, 0, x.Width);
        switch (x)
        {
            case Dense { Bias: null } dense:
                return dense.With(bias);
            case Norm { Stage: NormStage.Scaled } norm:
                return new Norm(n.Place, norm.Input, NormStage.Complete, norm.Epsilon)
                {
                    Scale = norm.Scale,
                    Shift = c,
                };
            case Sum sum when sum.Terms.OfType<Dense>().Where(d => d.Bias is null).ToArray() is [var lone]:
                return new Sum(n.Place, [.. sum.Terms.Select(t => t == lone ? lone.With(bias) : t)]);
            default:
                return n.Refuse($"adds {Describe.Of(c)} to {Describe.Of(x)}");
        }
    }

    private static GraphValue AddStates(GraphNode n, Rows x, Rows y)
    {
        if (x is Pointwise or Dense && y is Pointwise or Dense && PointwiseFunctions.SameInput(x, y))
            return PointwiseFunctions.Of(n, x, y, (a, b) => a + b);
        if (x.Width != y.Width)
            return n.Refuse($"adds states of widths {x.Width} and {y.Width}");
        Rows[] terms = [.. (x as Sum)?.Terms ?? [x], .. (y as Sum)?.Terms ?? [y]];
        return terms.Length <= MostTerms ? new Sum(n.Place, terms) : n.Refuse($"adds {terms.Length} states");
    }

    private static GraphValue Subtract(GraphNode n) =>
        (n[0], n[1]) switch
        {
            (Rows x, Norm { Stage: NormStage.Mean } m) when m.Input == x => new Norm(n.Place, x, NormStage.Centred, 0),
            (Rows x, Constant { IsScalar: true } c) => PointwiseFunctions.With(n, x, c.Scalar, (t, s) => t - s),
            (Constant { IsScalar: true } c, Rows x) => PointwiseFunctions.With(n, x, c.Scalar, (t, s) => s - t),
            _ => n.Refuse($"subtracts {Describe.Of(n[1])} from {Describe.Of(n[0])}"),
        };

    private static GraphValue Multiply(GraphNode n, GraphValue a, GraphValue b)
    {
        if (a is Constant or Auxiliary or Sizes)
            (a, b) = (b, a);
        switch (a, b)
        {
            case (Heads h, Constant { IsScalar: true } c):
                return h.Scaled(n.Place, c.Scalar);
            case (Heads h, Auxiliary { OfData: false }):
                return h.Scaled(n.Place, null);
            case (Scores { Stage: not ScoreStage.Shares } s, Constant { IsScalar: true } c):
                return s.With(n.Place, c.Scalar, s.Stage);
            case (Scores { Stage: not ScoreStage.Shares } s, Auxiliary { OfData: false }):
                return s.With(n.Place, null, s.Stage);
            case (Norm { Stage: NormStage.Centred } c, Norm { Stage: NormStage.Centred } d) when c.Input == d.Input:
                return new Norm(n.Place, c.Input, NormStage.Squared, 0);
            case (Norm { Stage: NormStage.InverseDeviation } v, Norm { Stage: NormStage.Centred } c):
                return Normalised(n, c, v);
            case (Norm { Stage: NormStage.Centred } c, Norm { Stage: NormStage.InverseDeviation } v):
                return Normalised(n, c, v);
            case (Norm { Stage: NormStage.Normalised } x, Constant scale) when scale.IsVector(x.Width):
                return new Norm(n.Place, x.Input, NormStage.Scaled, x.Epsilon) { Scale = scale };
            case (Rows x, Constant { IsScalar: true } c):
                return PointwiseFunctions.With(n, x, c.Scalar, (t, s) => t * s);
            case (Rows x, Rows y) when PointwiseFunctions.SameInput(x, y):
                return PointwiseFunctions.Of(n, x, y, (t, s) => t * s);
            default:
                return n.Refuse($"multiplies {Describe.Of(a)} by {Describe.Of(b)}");
        }
    }

    private static GraphValue Normalised(GraphNode n, Norm centred, Norm deviation) =>
        centred.Input == deviation.Input
            ? new Norm(n.Place, centred.Input, NormStage.Normalised, deviation.Epsilon)
            : n.Refuse("divides by the standard deviation of other states");

    private static GraphValue Divide(GraphNode n) =>
        (n[0], n[1]) switch
        {
            (Norm { Stage: NormStage.Centred } c, Norm { Stage: NormStage.Deviation } d) => Normalised(n, c, d),
            (Constant { IsScalar: true, Scalar: 1 }, Norm { Stage: NormStage.Deviation }) => Invert(n),
            (Heads h, Constant { IsScalar: true } c) => h.Scaled(n.Place, 1 / c.Scalar),
            (Heads h, Auxiliary { OfData: false }) => h.Scaled(n.Place, null),
            (Scores { Stage: not ScoreStage.Shares } s, Constant { IsScalar: true } c) => s.With(
                n.Place,
                1 / c.Scalar,
                s.Stage
            ),
            (Scores { Stage: not ScoreStage.Shares } s, Auxiliary { OfData: false }) => s.With(n.Place, null, s.Stage),
            (Rows x, Constant { IsScalar: true } c) => PointwiseFunctions.With(n, x, c.Scalar, (t, s) => t / s),
            _ => n.Refuse($"divides {Describe.Of(n[0])} by {Describe.Of(n[1])}"),
        };

    private static GraphValue Power(GraphNode n) =>
        (n[0], n[1]) switch
        {
            (Norm { Stage: NormStage.Centred } c, Constant { IsScalar: true, Scalar: 2 }) => new Norm(
                n.Place,
                c.Input,
                NormStage.Squared,
                0
            ),
            (Norm { Stage: NormStage.GuardedVariance } v, Constant { IsScalar: true, Scalar: 0.5 or -0.5 } e) =>
                new Norm(n.Place, v.Input, e.Scalar > 0 ? NormStage.Deviation : NormStage.InverseDeviation, v.Epsilon),
            (Rows x, Constant { IsScalar: true } c) => PointwiseFunctions.With(n, x, c.Scalar, Math.Pow),
            _ => n.Refuse($"raises {Describe.Of(n[0])} to a power"),
        };

    private static GraphValue Root(GraphNode n) =>
        n[0] is Norm { Stage: NormStage.GuardedVariance } v
            ? new Norm(n.Place, v.Input, NormStage.Deviation, v.Epsilon)
            : n.Refuse($"takes the square root of {Describe.Of(n[0])}");

    private static GraphValue Invert(GraphNode n) =>
        n.Inputs[^1] is Norm { Stage: NormStage.Deviation } d
            ? new Norm(n.Place, d.Input, NormStage.InverseDeviation, d.Epsilon)
            : n.Refuse($"takes the reciprocal of {Describe.Of(n.Inputs[^1])}");

    private static GraphValue Average(GraphNode n)
    {
        if (n.Integers("axes", 1) is not [-1 or 2])
            return n.Refuse("averages over an axis other than the hidden dimension (pooling over tokens, perhaps)");
        return n[0] switch
        {
            Norm { Stage: NormStage.Squared } s => new Norm(n.Place, s.Input, NormStage.Variance, 0),
            Rows x => new Norm(n.Place, x, NormStage.Mean, 0),
            _ => n.Refuse($"averages {Describe.Of(n[0])}"),
        };
    }

    private static GraphValue Softmax(GraphNode n)
    {
        var axis = n.Integer("axis", n.Opset >= 13 ? -1 : 1);
        return n[0] switch
        {
            Scores { Stage: not ScoreStage.Shares } s when axis is -1 or 3 => s.With(n.Place, 1, ScoreStage.Shares),
            Dense logits when axis is -1 or 1 => new Probabilities(n.Place, logits),
            _ => n.Refuse($"takes the softmax of {Describe.Of(n[0])} over axis {axis}"),
        };
    }

    // A mask written as a choice between scores and a constant, or zeros where probabilities are
    // NaN.
    private static GraphValue Choose(GraphNode n)
    {
        if (n.Inputs is not [Auxiliary or Constant, { } yes, { } no])
            return n.Refuse("selects by a value that is not a mask");
        var swapped = yes is Auxiliary or Constant;
        if (swapped)
            (yes, no) = (no, yes);
        if (yes is not Scores s || no is not (Auxiliary or Constant))
            return n.Refuse($"selects between {Describe.Of(yes)} and {Describe.Of(no)}");
        if (s.Stage != ScoreStage.Shares)
        {
            if (n[0] is Auxiliary { Mask: { } mask } && !(swapped ? mask.OfPadding : mask.OfReal))
                return n.Refuse("keeps the scores of padding, or masks those of real tokens");
            if (no is Constant { IsScalar: true } fill && !MaskValues.Hides(fill.Scalar))
                return n.Refuse(Invariant.Text($"gives padding a score of {fill.Scalar:g4}, which does not mask it"));
        }
        return n[0] is Auxiliary { Patterned: true } || (n[0] is Constant c && IsPatterned(c))
            ? n.Refuse("selects by a mask that depends on positions, as a decoder's does")
            : s.With(n.Place, 1, s.Stage == ScoreStage.Shares ? ScoreStage.Shares : ScoreStage.Masked);
    }
}

/// <summary>A softmax over the outputs of a dense layer.</summary>
internal sealed class Probabilities(string place, Dense logits) : Rows(place, logits.Width)
{
    public Dense Logits { get; } = logits;
}
