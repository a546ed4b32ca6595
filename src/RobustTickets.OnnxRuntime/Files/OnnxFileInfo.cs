// Metadata of an ONNX file, read before ONNX Runtime opens it. A file that is malformed, refers to
// other files, or contains operators that no text model has is rejected with the reason.
using System.Globalization;
using RobustTickets.Attacks;

namespace RobustTickets.OnnxRuntime.Files;

/// <summary>An input or output as declared in the file; a dynamic dimension is null.</summary>
internal sealed record OnnxValueInfo(string Name, int Element, IReadOnlyList<long?>? Shape)
{
    private static readonly string[] Elements =
    [
        "undefined",
        "float",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "double",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
    ];

    /// <summary>Name of the element type.</summary>
    public string ElementName => Element >= 0 && Element < Elements.Length ? Elements[Element] : $"type {Element}";

    /// <summary>Name, type and shape, for messages.</summary>
    public override string ToString() =>
        Shape is null
            ? $"{Name} ({ElementName})"
            : $"{Name} ({ElementName} [{string.Join(", ", Shape.Select(Dimension))}])";

    private static string Dimension(long? size) => size?.ToString(CultureInfo.InvariantCulture) ?? "?";
}

/// <summary>Metadata of an ONNX file.</summary>
/// <param name="Bytes">Length of the file.</param>
/// <param name="Inputs">Inputs other than constants.</param>
/// <param name="Outputs">Outputs.</param>
/// <param name="Operators">Names of operators, including those of subgraphs and functions.</param>
/// <param name="Metadata">Key-value pairs.</param>
internal sealed record OnnxFileInfo(
    long Bytes,
    IReadOnlyList<OnnxValueInfo> Inputs,
    IReadOnlyList<OnnxValueInfo> Outputs,
    IReadOnlySet<string> Operators,
    IReadOnlyDictionary<string, string> Metadata
)
{
    /// <summary>
    /// Of each output, the operator that computes its numbers, before changes of type or shape;
    /// null if unknown.
    /// </summary>
    public IReadOnlyDictionary<string, string?> FinalOperators { get; init; } = new Dictionary<string, string?>();

    /// <summary>
    /// Whether a text's outputs depend on the rest of the batch: activations are quantized by the
    /// range of the whole batch.
    /// </summary>
    public bool QuantizesByBatch => Operators.Any(o => o.StartsWith("DynamicQuantize", StringComparison.Ordinal));

    /// <summary>Reads a file.</summary>
    /// <exception cref="DataException">The file is missing, malformed or rejected.</exception>
    public static OnnxFileInfo Read(string path)
    {
        try
        {
            using var cursor = new OnnxCursor(path);
            return new OnnxFileParser(cursor, path).Model();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
