// Element types and devices.
namespace RobustTickets.Torch;

/// <summary>Element type of a tensor; the numbers are libtorch's <c>ScalarType</c>.</summary>
internal enum DType
{
    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8 = 0,

    /// <summary>Signed 8-bit integer.</summary>
    Int8 = 1,

    /// <summary>Signed 16-bit integer.</summary>
    Int16 = 2,

    /// <summary>Signed 32-bit integer.</summary>
    Int32 = 3,

    /// <summary>Signed 64-bit integer: ids, labels, indices.</summary>
    Int64 = 4,

    /// <summary>IEEE half precision.</summary>
    Float16 = 5,

    /// <summary>Single precision: the type of weights, optimizer state and coefficients.</summary>
    Float32 = 6,

    /// <summary>Double precision.</summary>
    Float64 = 7,

    /// <summary>Booleans, one byte each.</summary>
    Bool = 11,

    /// <summary>Upper half of single precision.</summary>
    BFloat16 = 15,
}

/// <summary>Properties of element types.</summary>
internal static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType dtype) =>
        dtype switch
        {
            DType.UInt8 or DType.Int8 or DType.Bool => 1,
            DType.Int16 or DType.Float16 or DType.BFloat16 => 2,
            DType.Int32 or DType.Float32 => 4,
            DType.Int64 or DType.Float64 => 8,
            _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "unsupported element type"),
        };

    /// <summary>
    /// The dtype of <typeparamref name="T"/> (<see cref="bool"/>, <see cref="byte"/> ...
    /// <see cref="double"/>, <see cref="Half"/>).
    /// </summary>
    /// <exception cref="ArgumentException">There is no such dtype (bfloat16 has no .NET
    /// type).</exception>
    public static DType Of<T>()
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
            return DType.Float32;
        if (typeof(T) == typeof(long))
            return DType.Int64;
        if (typeof(T) == typeof(int))
            return DType.Int32;
        if (typeof(T) == typeof(double))
            return DType.Float64;
        if (typeof(T) == typeof(bool))
            return DType.Bool;
        if (typeof(T) == typeof(byte))
            return DType.UInt8;
        if (typeof(T) == typeof(sbyte))
            return DType.Int8;
        if (typeof(T) == typeof(short))
            return DType.Int16;
        if (typeof(T) == typeof(Half))
            return DType.Float16;
        throw new ArgumentException(
            $"tensors have no elements of type {typeof(T).Name}; expected float, double, Half, long, int, "
                + "short, sbyte, byte or bool"
        );
    }
}

/// <summary>Kind of a device; the numbers are libtorch's <c>DeviceType</c>.</summary>
public enum DeviceKind
{
    /// <summary>The CPU with host memory.</summary>
    Cpu = 0,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda = 1,

    /// <summary>
    /// A device of a libtorch extension (PyTorch's <c>privateuseone</c>). The tests register one in
    /// host memory.
    /// </summary>
    Extension = 20,
}

/// <summary>Device of a tensor. <c>default</c> is the CPU.</summary>
/// <param name="Kind">CPU, CUDA, or an extension.</param>
/// <param name="Index">Ordinal of the GPU; 0 for the CPU.</param>
public readonly record struct Device(DeviceKind Kind, int Index = 0)
{
    /// <summary>The CPU.</summary>
    public static Device Cpu => default;

    /// <summary>GPU number <paramref name="index"/>.</summary>
    public static Device Cuda(int index = 0) => new(DeviceKind.Cuda, index);

    /// <summary>
    /// Whether the device uses host memory, which managed code can read and write.
    /// </summary>
    public bool IsHost => Kind == DeviceKind.Cpu;

    /// <summary>
    /// Parses <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>, and <c>privateuseone</c> if an extension
    /// registers such a device.
    /// </summary>
    /// <exception cref="FormatException">The text is not a device.</exception>
    public static Device Parse(string text) =>
        text switch
        {
            "cpu" => Cpu,
            "cuda" => Cuda(),
            "privateuseone" => new Device(DeviceKind.Extension),
            _ when text.StartsWith("cuda:", StringComparison.Ordinal)
                    && int.TryParse(text.AsSpan(5), out var i)
                    && i >= 0 => Cuda(i),
            _ => throw new FormatException($"device '{text}': expected cpu, cuda, cuda:0, cuda:1 ..."),
        };

    internal int NativeIndex => Kind == DeviceKind.Cpu ? -1 : Index;

    /// <inheritdoc/>
    public override string ToString() =>
        Kind switch
        {
            DeviceKind.Cpu => "cpu",
            DeviceKind.Cuda => $"cuda:{Index}",
            _ => "privateuseone",
        };
}
