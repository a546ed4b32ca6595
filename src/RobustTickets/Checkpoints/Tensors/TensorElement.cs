// Element types of a checkpoint: those that PyTorch writes for BERT-like models. Others (8-bit
// floats, unsigned 16/32/64) are rejected by name on reading, because no part of the program uses
// them.

namespace RobustTickets.Checkpoints.Tensors;

/// <summary>Element type of a stored tensor; all are stored little-endian.</summary>
internal enum TensorElement
{
    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a binary32.</summary>
    BF16,

    /// <summary>IEEE 754 binary64.</summary>
    F64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>One byte, 0 or 1.</summary>
    Bool,
}

/// <summary>Size and safetensors spelling of <see cref="TensorElement"/>.</summary>
internal static class TensorElements
{
    private static readonly (TensorElement Element, string Name)[] Names =
    [
        (TensorElement.F32, "F32"),
        (TensorElement.F16, "F16"),
        (TensorElement.BF16, "BF16"),
        (TensorElement.F64, "F64"),
        (TensorElement.I64, "I64"),
        (TensorElement.I32, "I32"),
        (TensorElement.I16, "I16"),
        (TensorElement.I8, "I8"),
        (TensorElement.U8, "U8"),
        (TensorElement.Bool, "BOOL"),
    ];

    /// <summary>All safetensors names, for messages.</summary>
    internal static string Known => string.Join(", ", Names.Select(n => n.Name));

    /// <summary>Bytes of one element.</summary>
    public static int Size(this TensorElement element) =>
        element switch
        {
            TensorElement.F64 or TensorElement.I64 => 8,
            TensorElement.F32 or TensorElement.I32 => 4,
            TensorElement.F16 or TensorElement.BF16 or TensorElement.I16 => 2,
            TensorElement.I8 or TensorElement.U8 or TensorElement.Bool => 1,
            _ => throw new ArgumentOutOfRangeException(nameof(element), element, "unknown element type"),
        };

    /// <summary>Whether the element is a floating-point number.</summary>
    public static bool IsFloat(this TensorElement element) =>
        element is TensorElement.F32 or TensorElement.F16 or TensorElement.BF16 or TensorElement.F64;

    /// <summary>The name in a safetensors header (<c>F32</c>, <c>BOOL</c>, ...).</summary>
    public static string SafetensorsName(this TensorElement element) =>
        Array.Find(Names, n => n.Element == element).Name;

    /// <summary>The name in <c>torch_dtype</c> (<c>float32</c>, <c>bfloat16</c>, ...).</summary>
    internal static string TorchName(this TensorElement element) =>
        element switch
        {
            TensorElement.F16 => "float16",
            TensorElement.BF16 => "bfloat16",
            TensorElement.F64 => "float64",
            TensorElement.F32 => "float32",
            _ => throw new ArgumentOutOfRangeException(nameof(element), element, "not a floating-point element"),
        };

    /// <summary>The element of a safetensors name.</summary>
    /// <returns>False when the name is not a supported one.</returns>
    public static bool TryParse(string name, out TensorElement element)
    {
        foreach (var (candidate, candidateName) in Names)
        {
            if (candidateName != name)
                continue;
            element = candidate;
            return true;
        }
        element = default;
        return false;
    }
}
