// The meaning of a graph's value in a BERT encoder. Values are compared by reference: a residual
// connection adds the same value object that the block started from.
namespace RobustTickets.Checkpoints.Graphs;

/// <summary>The meaning of one value.</summary>
/// <param name="place">The node it comes from, for messages.</param>
internal abstract class GraphValue(string place)
{
    /// <summary>The node it comes from.</summary>
    public string Place { get; } = place;
}

/// <summary>
/// A value without a known meaning; the reason is reported when the value is needed.
/// </summary>
internal sealed class Unknown(string place, string reason) : GraphValue(place)
{
    public string Reason { get; } = reason;
}

/// <summary>A constant; a matrix may be transposed.</summary>
internal sealed class Constant(string place, OnnxTensor tensor, bool transposed = false) : GraphValue(place)
{
    public OnnxTensor Tensor { get; } = tensor;

    public bool Transposed { get; } = transposed;

    public long[] Dims { get; } = transposed ? [tensor.Dims[1], tensor.Dims[0]] : tensor.Dims;

    public bool IsScalar => Tensor.Count == 1;

    public double Scalar => Tensor.ToDoubles()[0];

    /// <summary>
    /// Whether it is a vector of a given length, possibly with leading sizes of 1.
    /// </summary>
    public bool IsVector(long length) =>
        Tensor.IsFloat && Tensor.Count == length && Dims.Length > 0 && Dims[^1] == length;
}

/// <summary>Ids, masks, positions, sizes: any value that is not a hidden state.</summary>
internal sealed class Auxiliary(string place, string? input = null, bool ofData = false, bool patterned = false)
    : GraphValue(place)
{
    /// <summary>The graph input that it equals; null when computed.</summary>
    public string? Input { get; } = input;

    /// <summary>Whether it depends on the inputs' contents rather than only their sizes.</summary>
    public bool OfData { get; } = ofData || input is not null;

    /// <summary>Whether it depends on a table over positions, such as a causal mask.</summary>
    public bool Patterned { get; } = patterned;

    /// <summary>Its values computed from a mask; null if unknown.</summary>
    public MaskValues? Mask { get; init; } = input is null ? null : MaskValues.Input;
}

/// <summary>Integers of which some are known: the target of a Reshape.</summary>
internal sealed class Sizes(string place, IReadOnlyList<long?> values) : GraphValue(place)
{
    public IReadOnlyList<long?> Values { get; } = values;
}

/// <summary>Hidden states of tokens, [.., W].</summary>
internal abstract class Rows(string place, long width) : GraphValue(place)
{
    public long Width { get; } = width;
}

/// <summary>Rows of a table.</summary>
internal sealed class Embedding(string place, Constant table, GraphValue index) : Rows(place, table.Dims[1])
{
    public Constant Table { get; } = table;

    public GraphValue Index { get; } = index;
}

/// <summary>A sum of hidden states.</summary>
internal sealed class Sum(string place, IReadOnlyList<Rows> terms) : Rows(place, terms[0].Width)
{
    public IReadOnlyList<Rows> Terms { get; } = terms;
}

/// <summary>A layer normalisation, or a part of one.</summary>
internal sealed class Norm(string place, Rows input, NormStage stage, double epsilon) : Rows(place, input.Width)
{
    public Rows Input { get; } = input;

    public NormStage Stage { get; } = stage;

    public double Epsilon { get; } = epsilon;

    public Constant? Scale { get; init; }

    public Constant? Shift { get; init; }
}

/// <summary>Progress of a decomposed layer normalisation.</summary>
internal enum NormStage
{
    Mean,
    Centred,
    Squared,
    Variance,
    GuardedVariance,
    Deviation,
    InverseDeviation,
    Normalised,
    Scaled,
    Complete,
}

/// <summary>A dense layer, x Wᵀ + b.</summary>
internal sealed class Dense(string place, Rows input, MatrixPart weight) : Rows(place, weight.Outputs)
{
    public Rows Input { get; } = input;

    public MatrixPart Weight { get; } = weight;

    public VectorPart? Bias { get; init; }

    public Dense With(VectorPart bias) => new(Place, Input, Weight) { Bias = bias };

    /// <summary>A range of its outputs.</summary>
    public Dense Part(long start, long count) =>
        new(Place, Input, Weight with { Start = Weight.Start + start, Outputs = count })
        {
            Bias = Bias is null ? null : Bias with { Start = Bias.Start + start, Count = count },
        };
}

/// <summary>An elementwise function, identified by its values at some points.</summary>
internal sealed class Pointwise(string place, Rows input, double[] values) : Rows(place, input.Width)
{
    public Rows Input { get; } = input;

    public double[] Values { get; } = values;
}

/// <summary>The state of the first token.</summary>
internal sealed class First(string place, Rows input) : Rows(place, input.Width)
{
    public Rows Input { get; } = input;
}

/// <summary>The concatenated outputs of the heads, [.., A d].</summary>
internal sealed class Joined(string place, Context context) : Rows(place, context.Query.Width)
{
    public Context Context { get; } = context;
}

/// <summary>States split into heads; the axes are batch, sequence, head, dimension.</summary>
internal sealed class Heads(string place, Rows source, long count, string axes, double? scale) : GraphValue(place)
{
    public Rows Source { get; } = source;

    public long Count { get; } = count;

    public long Size => Source.Width / Count;

    /// <summary>Order of the axes, such as bshd.</summary>
    public string Axes { get; } = axes;

    /// <summary>The factor they were multiplied by; null if it is computed from sizes.</summary>
    public double? Scale { get; } = scale;

    public Heads Permuted(string place, string axes) => new(place, Source, Count, axes, Scale);

    public Heads Scaled(string place, double? by) => new(place, Source, Count, Axes, Scale * by);
}

/// <summary>Attention scores, [B, A, S, S], or the probabilities computed from them.</summary>
internal sealed class Scores(string place, Heads query, Heads key, double? scale, ScoreStage stage) : GraphValue(place)
{
    public Heads Query { get; } = query;

    public Heads Key { get; } = key;

    public double? Scale { get; } = scale;

    public ScoreStage Stage { get; } = stage;

    public Scores With(string place, double? by, ScoreStage stage) => new(place, Query, Key, Scale * by, stage);
}

/// <summary>Progress of a decomposed attention.</summary>
internal enum ScoreStage
{
    Raw,
    Masked,
    Shares,
}

/// <summary>The outputs of the heads; a null scale is computed from sizes.</summary>
internal sealed class Context(string place, Rows query, Rows key, Rows value, long heads, double? scale, string axes)
    : GraphValue(place)
{
    public Rows Query { get; } = query;

    public Rows Key { get; } = key;

    public Rows Value { get; } = value;

    public long Heads { get; } = heads;

    public double? Scale { get; } = scale;

    public string Axes { get; } = axes;

    public Context Permuted(string place, string axes) => new(place, Query, Key, Value, Heads, Scale, axes);
}

/// <summary>Rows Start..Start+Outputs of a matrix [outputs, inputs].</summary>
/// <param name="Tensor">The constant.</param>
/// <param name="InputsFirst">Whether it is stored as [inputs, outputs].</param>
/// <param name="Start">First output.</param>
/// <param name="Outputs">Number of outputs.</param>
/// <param name="Inputs">Number of inputs.</param>
internal sealed record MatrixPart(OnnxTensor Tensor, bool InputsFirst, long Start, long Outputs, long Inputs)
{
    /// <summary>The matrix [outputs, inputs].</summary>
    public float[] ToFloats()
    {
        var all = Tensor.ToFloats();
        if (!InputsFirst)
            return all[(int)(Start * Inputs)..(int)((Start + Outputs) * Inputs)];
        var columns = Tensor.Dims[^1];
        var part = new float[Outputs * Inputs];
        for (long i = 0; i < Inputs; i++)
        {
            for (long o = 0; o < Outputs; o++)
                part[(o * Inputs) + i] = all[(i * columns) + Start + o];
        }
        return part;
    }
}

/// <summary>A range of a vector.</summary>
internal sealed record VectorPart(OnnxTensor Tensor, long Start, long Count)
{
    public float[] ToFloats() => Tensor.ToFloats()[(int)Start..(int)(Start + Count)];
}
