// The only globals a weights file may name. Python's unpickler imports and calls any global; this
// one gives each allowed name a fixed meaning, so that a file can only describe tensors.
using RobustTickets.Attacks.Pickles;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints.Pickles;

/// <summary>Allowed globals and what they mean.</summary>
internal static class PickleAllowList
{
    public static readonly PickleGlobal OrderedDict = new("collections", "OrderedDict");
    public static readonly PickleGlobal RebuildTensor = new("torch._utils", "_rebuild_tensor_v2");
    public static readonly PickleGlobal RebuildParameter = new("torch._utils", "_rebuild_parameter");

    private static readonly (string Name, TensorElement Element)[] Storages =
    [
        ("FloatStorage", TensorElement.F32),
        ("HalfStorage", TensorElement.F16),
        ("BFloat16Storage", TensorElement.BF16),
        ("DoubleStorage", TensorElement.F64),
        ("LongStorage", TensorElement.I64),
        ("IntStorage", TensorElement.I32),
        ("ShortStorage", TensorElement.I16),
        ("CharStorage", TensorElement.I8),
        ("ByteStorage", TensorElement.U8),
        ("BoolStorage", TensorElement.Bool),
        // An untyped storage of bytes.
        ("UntypedStorage", TensorElement.U8),
    ];

    private static readonly HashSet<PickleGlobal> Known =
    [
        OrderedDict,
        RebuildTensor,
        RebuildParameter,
        .. Storages.SelectMany(s =>
            new[] { new PickleGlobal("torch", s.Name), new PickleGlobal("torch.storage", s.Name) }
        ),
    ];

    public static string Described =>
        $"{OrderedDict}, {RebuildTensor}, {RebuildParameter} and "
        + $"torch.{{{string.Join(", ", Storages.Select(s => s.Name))}}}";

    public static bool Contains(PickleGlobal global) => Known.Contains(global);

    /// <summary>The element type of a storage class, or null for another global.</summary>
    public static TensorElement? ElementOf(PickleGlobal global)
    {
        if (global.Module is not ("torch" or "torch.storage"))
            return null;
        var found = Array.Find(Storages, s => s.Name == global.Name);
        return found.Name is null ? null : found.Element;
    }
}
