// Gives every value of an ONNX graph its meaning in a BERT encoder, node by node: biases, attention
// scores, layer normalisation. Names of nodes and weights are ignored
// (docs/decisions/012-graphs-by-meaning.md).

namespace RobustTickets.Checkpoints.Graphs;

/// <summary>
/// Reads the values of a graph. A value without a known meaning is an Unknown with its reason,
/// reported only if the encoder depends on it.
/// </summary>
/// <param name="heads">Number of heads where the graph does not determine it; null:
/// unknown.</param>
internal sealed partial class GraphReader(int? heads)
{
    private const string Microsoft = "com.microsoft";
    private readonly Dictionary<string, GraphValue> _values = new(StringComparer.Ordinal);
    private Unknown? _quantised;

    /// <summary>The meanings of a graph's outputs, by name.</summary>
    /// <exception cref="CheckpointException">The graph is malformed: a value is defined twice, or
    /// used before its definition.</exception>
    public static IReadOnlyList<(string Name, GraphValue Value)> Outputs(OnnxFile file, int? heads)
    {
        try
        {
            var reader = new GraphReader(heads);
            reader.ReadConstants(file);
            reader.ReadNodes(file);
            return
            [
                .. file.Graph.Output.Select(output =>
                    (
                        output.Name,
                        reader.Told(
                            reader._values.GetValueOrDefault(output.Name)
                                ?? throw new CheckpointException($"no node produces output '{output.Name}'")
                        )
                    )
                ),
            ];
        }
        catch (CheckpointException e)
        {
            throw new CheckpointException($"{file.Path}: {e.Message}", e);
        }
    }

    // In a quantised model, quantisation is the reason for any unknown operator.
    private GraphValue Told(GraphValue value) => value is Unknown && _quantised is { } reason ? reason : value;

    private void ReadConstants(OnnxFile file)
    {
        foreach (var proto in file.Graph.Initializer)
            Define(proto.Name, new Constant("", new OnnxTensor(proto, proto.Name, file.Folder)));
        // Old files list constants among the inputs as well.
        foreach (var input in file.Graph.Input.Where(i => !_values.ContainsKey(i.Name)))
            Define(input.Name, new Auxiliary($"input '{input.Name}'", input.Name));
    }

    private void ReadNodes(OnnxFile file)
    {
        for (var i = 0; i < file.Graph.Node.Count; i++)
        {
            var proto = file.Graph.Node[i];
            var place = proto.Name.Length > 0 ? $"node '{proto.Name}' ({proto.OpType})" : $"node {i} ({proto.OpType})";
            var inputs = new GraphValue?[proto.Input.Count];
            for (var k = 0; k < inputs.Length; k++)
            {
                if (proto.Input[k].Length > 0)
                {
                    inputs[k] =
                        _values.GetValueOrDefault(proto.Input[k])
                        ?? throw new CheckpointException($"{place}: no earlier node produces '{proto.Input[k]}'");
                }
            }
            var node = new GraphNode(proto, place, inputs, file.Opset);
            if (Quantised.Contains(node.Operator))
                _quantised ??= node.Refuse("belongs to a quantised model; import the floating-point model");
            IReadOnlyList<GraphValue> made;
            if (proto.OpType == "Constant" && proto.Domain is "" or "ai.onnx")
                made = [ConstantOf(node, file.Folder)];
            else
                made = Meaning(node);
            for (var k = 0; k < proto.Output.Count; k++)
            {
                if (proto.Output[k].Length > 0)
                    Define(proto.Output[k], k < made.Count ? made[k] : node.Refuse($"output {k} is not supported"));
            }
        }
    }

    private void Define(string name, GraphValue value)
    {
        if (!_values.TryAdd(name, value))
            throw new CheckpointException($"'{name}' is produced twice");
    }

    private static GraphValue ConstantOf(GraphNode node, string folder)
    {
        if (node.Find("value") is { T: { } tensor })
            return new Constant(
                node.Place,
                new OnnxTensor(tensor, node.Proto.Output.FirstOrDefault("constant"), folder)
            );
        foreach (var a in node.Proto.Attribute)
        {
            double[]? values = a.Name switch
            {
                "value_float" => [a.F],
                "value_int" => [a.I],
                "value_floats" => [.. a.Floats],
                "value_ints" => [.. a.Ints],
                _ => null,
            };
            if (values is not null)
                return Known(node.Place, values, a.Name.EndsWith('s') ? [values.Length] : []);
        }
        return node.Refuse("holds no numeric tensor");
    }

    private IReadOnlyList<GraphValue> Meaning(GraphNode node)
    {
        if (node.Proto.Domain is not ("" or "ai.onnx" or Microsoft))
            return [node.Refuse($"is an operator of domain '{node.Proto.Domain}', which is not supported")];
        if (node.Inputs.OfType<Unknown>().FirstOrDefault() is { } unknown)
            return [unknown];
        if (node.Operator is "Identity" or "Cast" or "Dropout" && node[0] is { } same)
            return [same];
        if (Quantised.Contains(node.Operator))
            return [_quantised!];
        if (node.Inputs.All(i => i is null or Auxiliary or Sizes or Constant))
            return node.Operator switch
            {
                "EmbedLayerNormalization" => EmbedNorm(node),
                _ => [OfSizes(node)],
            };
        return node.Operator switch
        {
            "Split" => Split(node),
            "SkipLayerNormalization" => SkipNorm(node),
            _ => [OfStates(node)],
        };
    }

    private static readonly HashSet<string> Quantised = new(StringComparer.Ordinal)
    {
        "DequantizeLinear",
        "DynamicQuantizeLinear",
        "MatMulInteger",
        "MatMulNBits",
        "QAttention",
        "QLinearMatMul",
        "QuantizeLinear",
        "DynamicQuantizeMatMul",
        "MatMulIntegerToFloat",
        "QEmbedLayerNormalization",
    };

    private GraphValue OfStates(GraphNode n) =>
        n.Operator switch
        {
            "MatMul" or "FusedMatMul" => MatMul(n),
            "Gemm" => Gemm(n),
            "Add" or "Sum" when n.Inputs.Length == 2 => Add(n, n[0]!, n[1]!),
            "Sub" => Subtract(n),
            "Mul" => Multiply(n, n[0]!, n[1]!),
            "Div" => Divide(n),
            "Pow" => Power(n),
            "Sqrt" => Root(n),
            "Reciprocal" => Invert(n),
            "ReduceMean" => Average(n),
            "Erf" or "Tanh" or "Relu" or "Sigmoid" or "Gelu" or "QuickGelu" => PointwiseFunctions.Of(n),
            "BiasGelu" or "FastGelu" => BiasActivation(n),
            "LayerNormalization" => LayerNorm(n),
            "Attention" when n.Proto.Domain == Microsoft => FusedAttention(n),
            "MultiHeadAttention" when n.Proto.Domain == Microsoft => MultiHead(n),
            "Softmax" => Softmax(n),
            "Where" => Choose(n),
            "IsNaN" => new Auxiliary(n.Place, ofData: true),
            "Shape" or "Size" => new Auxiliary(n.Place),
            "Reshape" => Reshape(n),
            "Transpose" => Transpose(n),
            "Gather" => Pick(n),
            "Slice" => Slice(n),
            "Squeeze" or "Flatten" when n[0] is Rows rows => rows,
            _ => n.Refuse("is not part of a BERT encoder"),
        };
}
