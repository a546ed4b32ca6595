// What an ONNX file says of itself, read before a runtime sees it. A file that is malformed, asks
// for other files, or holds what no text model has is refused here by name.
using System.Globalization;
using RobustTickets.Attacks;

namespace RobustTickets.OnnxRuntime.Files;

/// <summary>An input or output as the file declares it; a dimension is null where it
/// varies.</summary>
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

/// <summary>The file's own account.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Inputs">Inputs that are no constants.</param>
/// <param name="Outputs">Outputs.</param>
/// <param name="Operators">Names of operators, those of subgraphs and functions as well.</param>
/// <param name="Metadata">Key and value pairs.</param>
internal sealed record OnnxFileInfo(
    long Bytes,
    IReadOnlyList<OnnxValueInfo> Inputs,
    IReadOnlyList<OnnxValueInfo> Outputs,
    IReadOnlySet<string> Operators,
    IReadOnlyDictionary<string, string> Metadata
)
{
    /// <summary>
    /// Whether a text's outputs depend on the batch around it: activations are quantized by the
    /// range of the whole batch.
    /// </summary>
    public bool QuantizesByBatch => Operators.Any(o => o.StartsWith("DynamicQuantize", StringComparison.Ordinal));

    /// <summary>Reads a file.</summary>
    /// <exception cref="DataException">It is missing, malformed or not to be run.</exception>
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
