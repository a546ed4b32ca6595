// Matrix products of an exported graph: float32, or 8 bit with dynamic quantization of activations
// and per-channel weights (by output row).
using System.Runtime.InteropServices;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Models;

namespace RobustTickets.Export.Onnx;

/// <summary>Constants of a graph from a checkpoint, each added once.</summary>
internal sealed class OnnxTensors(OnnxGraph graph, ITensorSource weights)
{
    /// <summary>A tensor with its name and shape, as float32.</summary>
    public string Whole(string name)
    {
        if (graph.Has(name))
            return name;
        var info = weights.Info(name);
        return graph.Constant(
            new OnnxInitializer(
                name,
                OnnxElement.Float,
                info.Shape,
                info.Count * sizeof(float),
                stream => stream.Write(MemoryMarshal.AsBytes(weights.ReadFinite(name).AsSpan()))
            )
        );
    }

    /// <summary>Vectors concatenated into one.</summary>
    public string Joined(string name, IReadOnlyList<string> parts)
    {
        float[] values = [.. parts.SelectMany(weights.ReadFinite)];
        return Floats(name, [values.Length], values);
    }

    /// <summary>A new constant of floats.</summary>
    public string Floats(string name, long[] shape, float[] values) =>
        graph.Constant(
            new OnnxInitializer(
                name,
                OnnxElement.Float,
                shape,
                values.Length * (long)sizeof(float),
                stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan()))
            )
        );

    /// <summary>
    /// A matrix [R, C] with each row rounded to integers of magnitude at most
    /// <paramref name="most"/>: w = scale q.
    /// </summary>
    public (sbyte[] Values, float[] Scales, int Rows, int Columns) Rounded(string name, int most)
    {
        var shape = weights.Info(name).Shape;
        var (rows, columns) = ((int)shape[0], (int)shape[1]);
        var values = weights.ReadFinite(name);
        var (rounded, scales) = (new sbyte[values.Length], new float[rows]);
        for (var r = 0; r < rows; r++)
        {
            var row = values.AsSpan(r * columns, columns);
            var largest = 0f;
            foreach (var w in row)
                largest = Math.Max(largest, Math.Abs(w));
            // A row of zeros can have any scale.
            var scale = largest > 0 ? largest / most : 1f;
            scales[r] = scale;
            for (var c = 0; c < columns; c++)
                rounded[(r * columns) + c] = (sbyte)Math.Clamp(MathF.Round(row[c] / scale), -most, most);
        }
        return (rounded, scales, rows, columns);
    }
}

/// <summary>
/// Products with the matrices of dense layers, whose weights are [outputs, inputs].
/// </summary>
internal interface IOnnxDense
{
    /// <summary>Prepares an input for several products.</summary>
    string Prepare(string x);

    /// <summary>x W^T of a prepared input; the bias is not added.</summary>
    string Product(string dense, string prepared);

    /// <summary>Embedding rows of ids.</summary>
    string Lookup(string table, string ids);

    /// <summary>x E^T with an embedding table.</summary>
    string Tied(string table, string x);
}

/// <summary>Single precision.</summary>
internal sealed class OnnxDenseFp32(OnnxGraph graph, OnnxTensors tensors) : IOnnxDense
{
    /// <inheritdoc/>
    public string Prepare(string x) => x;

    /// <inheritdoc/>
    public string Product(string dense, string prepared) => Tied(BertParameters.Weight(dense), prepared);

    /// <inheritdoc/>
    public string Lookup(string table, string ids) => graph.Node("Gather", [tensors.Whole(table), ids]);

    /// <inheritdoc/>
    public string Tied(string table, string x)
    {
        // Runtimes fold the transposition when they load the file.
        var turned = graph.Node("Transpose", [tensors.Whole(table)], new OnnxAttribute("perm", new[] { 1L, 0 }));
        return graph.Node("MatMul", [x, turned]);
    }
}

/// <summary>
/// Eight bits: y = s_x s_w (q_x - z_x) q_w. Runtimes fuse the nodes into one kernel.
/// </summary>
internal sealed class OnnxDenseInt8(OnnxGraph graph, OnnxTensors tensors) : IOnnxDense
{
    // Processors without VNNI add pairs of products in 16 bits with saturation: 255 * 64 * 2 fits.
    private const int MostOfProduct = 64,
        MostOfTable = 127;

    private readonly Dictionary<string, (string Values, string Zero, string Scale)> _prepared = [];

    /// <inheritdoc/>
    public string Prepare(string x)
    {
        if (!_prepared.ContainsKey(x))
        {
            var parts = graph.Node("DynamicQuantizeLinear", [x], outputs: 3);
            _prepared[x] = (parts[0], parts[2], parts[1]);
        }
        return x;
    }

    /// <inheritdoc/>
    public string Product(string dense, string prepared)
    {
        var name = BertParameters.Weight(dense);
        var (values, scales, rows, columns) = tensors.Rounded(name, MostOfProduct);
        // [inputs, outputs], as MatMulInteger requires.
        var turned = new sbyte[values.Length];
        for (var r = 0; r < rows; r++)
        for (var c = 0; c < columns; c++)
            turned[(c * rows) + r] = values[(r * columns) + c];
        var weight = Bytes($"{name}_quantized", [columns, rows], turned);
        var scale = tensors.Floats($"{name}_scale", [rows], scales);
        var zero = Bytes($"{name}_zero_point", [rows], new sbyte[rows]);
        var x = _prepared[prepared];
        var product = graph.Node("MatMulInteger", [x.Values, weight, x.Zero, zero]);
        var floats = graph.Node("Cast", [product], new OnnxAttribute("to", (long)OnnxElement.Float));
        return graph.Node("Mul", [floats, graph.Node("Mul", [x.Scale, scale])]);
    }

    /// <inheritdoc/>
    public string Lookup(string table, string ids)
    {
        var (values, scales, rows, columns) = tensors.Rounded(table, MostOfTable);
        var quantized = Bytes($"{table}_quantized", [rows, columns], values);
        var scale = tensors.Floats($"{table}_scale", [rows, 1], scales);
        var found = graph.Node("Gather", [quantized, ids]);
        var floats = graph.Node("Cast", [found], new OnnxAttribute("to", (long)OnnxElement.Float));
        return graph.Node("Mul", [floats, graph.Node("Gather", [scale, ids])]);
    }

    /// <inheritdoc/>
    public string Tied(string table, string x)
    {
        // A second copy of the table, in float: scores over a vocabulary are close together.
        var turned = graph.Node("Transpose", [tensors.Whole(table)], new OnnxAttribute("perm", new[] { 1L, 0 }));
        return graph.Node("MatMul", [x, turned]);
    }

    private string Bytes(string name, long[] shape, sbyte[] values) =>
        graph.Constant(
            new OnnxInitializer(
                name,
                OnnxElement.Int8,
                shape,
                values.Length,
                stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan()))
            )
        );
}
