using Onnx;

namespace RobustTickets.Checkpoints.Graphs;

/// <summary>A node with the meanings of its inputs.</summary>
/// <param name="Proto">The node's message.</param>
/// <param name="Place">Its name in messages.</param>
/// <param name="Inputs">Meanings of the inputs; null where an input is omitted.</param>
/// <param name="Opset">Version of the standard operators.</param>
internal sealed record GraphNode(NodeProto Proto, string Place, GraphValue?[] Inputs, long Opset)
{
    /// <summary>The operator.</summary>
    public string Operator => Proto.OpType;

    /// <summary>An input, or null.</summary>
    public GraphValue? this[int input] => input < Inputs.Length ? Inputs[input] : null;

    /// <summary>A value that no rule covers.</summary>
    public Unknown Refuse(string reason) => new(Place, reason);

    public long Integer(string name, long otherwise) => Find(name)?.I ?? otherwise;

    public double Number(string name, double otherwise) => Find(name) is { } a ? Decimal(a.F) : otherwise;

    public string? Text(string name) => Find(name)?.S.ToStringUtf8();

    public long[]? Integers(string name) => Find(name) is { } a ? [.. a.Ints] : null;

    public AttributeProto? Find(string name) =>
        Proto.Attribute.FirstOrDefault(a => string.Equals(a.Name, name, StringComparison.Ordinal));

    /// <summary>
    /// Integers that are an attribute in old operator sets and an input in new ones; null when
    /// missing or unknown.
    /// </summary>
    public long[]? Integers(string name, int input) =>
        Integers(name) ?? (this[input] is Constant c ? Array.ConvertAll(c.Tensor.ToDoubles(), x => (long)x) : null);

    /// <summary>A float32 as its shortest decimal: 1e-12, not 9.99999996e-13.</summary>
    public static double Decimal(float x) =>
        double.Parse(
            x.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
            System.Globalization.CultureInfo.InvariantCulture
        );
}
