// A libtorch tensor: lifetime, metadata, memory. Operators are in the other parts of this class, by
// topic. Names follow PyTorch in lower case, here and in `torch` only.
using System.Globalization;
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

/// <summary>
/// A reference to a tensor. Created inside a <see cref="TensorScope"/> it is freed with the scope;
/// otherwise it belongs to the caller, who disposes it. Not thread-safe; grad mode, autocast and
/// scopes are per thread, so a computation must stay on one thread and not await. Shapes in the
/// documentation: <c>B</c> examples, <c>T</c> tokens, <c>H</c> hidden size, <c>[]</c> a scalar.
/// </summary>
internal sealed unsafe partial class Tensor : IDisposable
{
    private nint _handle;
    private TensorHandle? _guard;
    private long[]? _shape;

    /// <summary>Wraps an owned native reference.</summary>
    internal Tensor(nint owned)
    {
        _handle = owned;
        if (ScopeFrame.Current is { } frame)
            frame.Add(this);
        else
            _guard = new TensorHandle(owned);
    }

    /// <summary>
    /// Number of live tensor references of this process. Constant from step to step in a program
    /// without leaks.
    /// </summary>
    public static long LiveCount => Shim.rt_live();

    /// <summary>The scope that will free this tensor, or null.</summary>
    internal ScopeFrame? Owner { get; set; }

    internal nint Handle =>
        _handle != 0
            ? _handle
            : throw new ObjectDisposedException(
                nameof(Tensor),
                "the tensor was freed (by Dispose, or with the scope it was created in; use scope.Keep to keep one)"
            );

    /// <summary>True after <see cref="Dispose"/> or the end of the tensor's scope.</summary>
    public bool IsDisposed => _handle == 0;

    /// <summary>
    /// Removes the tensor from its scope: it then belongs to the caller. Returns the tensor.
    /// </summary>
    public Tensor keep()
    {
        _ = Handle;
        if (Owner is not null)
            Guard();
        return this;
    }

    internal void Guard()
    {
        Owner = null;
        _guard ??= new TensorHandle(Handle);
    }

    /// <summary>
    /// Frees this reference; the memory is freed when no other reference and no graph holds it.
    /// Repeated calls have no effect.
    /// </summary>
    public void Dispose()
    {
        var handle = Interlocked.Exchange(ref _handle, 0);
        if (handle == 0)
            return;
        Owner = null;
        if (_guard is { } guard)
            guard.Dispose();
        else
            Shim.rt_free(handle);
    }

    /// <summary>
    /// Another reference to the same tensor (memory, history and gradient slot are shared), owned
    /// like any new tensor.
    /// </summary>
    public Tensor alias()
    {
        var shared = new Tensor(Shim.rt_share(Handle));
        GC.KeepAlive(this);
        return shared;
    }

    /// <summary>Sizes of the dimensions, as a new array.</summary>
    public long[] shape => (long[])Sizes.Clone();

    /// <summary>Sizes of the dimensions without a copy.</summary>
    public ReadOnlySpan<long> sizes => Sizes;

    private long[] Sizes
    {
        get
        {
            if (_shape is { } known)
                return known;
            var sizes = new long[Shim.rt_rank(Handle)];
            fixed (long* p = sizes)
                Shim.rt_shape(Handle, p);
            GC.KeepAlive(this);
            return _shape = sizes;
        }
    }

    /// <summary>Number of dimensions.</summary>
    public int dim => Sizes.Length;

    /// <summary>
    /// Size of dimension <paramref name="d"/>, counted from the end when negative.
    /// </summary>
    public long size(int d)
    {
        var sizes = Sizes;
        var at = d < 0 ? d + sizes.Length : d;
        if ((uint)at >= (uint)sizes.Length)
            throw new ArgumentOutOfRangeException(nameof(d), d, $"{Describe()} has {sizes.Length} dimensions");
        return sizes[at];
    }

    /// <summary>Number of elements.</summary>
    public long numel
    {
        get
        {
            var n = Shim.rt_numel(Handle);
            GC.KeepAlive(this);
            return n;
        }
    }

    /// <summary>Element type.</summary>
    public DType dtype
    {
        get
        {
            var type = (DType)Shim.rt_dtype(Handle);
            GC.KeepAlive(this);
            return type;
        }
    }

    /// <summary>Device of the tensor.</summary>
    public Device device
    {
        get
        {
            int index;
            var kind = (DeviceKind)Shim.rt_device(Handle, &index);
            GC.KeepAlive(this);
            return new Device(kind, Math.Max(index, 0));
        }
    }

    /// <summary>Whether the elements are in row-major order without gaps.</summary>
    public bool is_contiguous
    {
        get
        {
            var yes = Shim.rt_is_contiguous(Handle) != 0;
            GC.KeepAlive(this);
            return yes;
        }
    }

    /// <summary>Address of the first element, valid while this tensor lives.</summary>
    /// <exception cref="InvalidOperationException">The tensor is on another device, whose addresses
    /// are not valid in this process.</exception>
    public IntPtr data_ptr
    {
        get
        {
            if (!device.IsHost)
                throw new InvalidOperationException($"{Describe()}: expected a tensor on the CPU");
            var address = (nint)Shim.rt_data(Handle);
            GC.KeepAlive(this);
            return address;
        }
    }

    /// <summary>
    /// The elements in place. Accesses through the span are invisible to autograd, and it is valid
    /// only while the tensor lives: keep the tensor reachable (a field, a <c>using</c>, a scope)
    /// while the span is used.
    /// </summary>
    /// <exception cref="InvalidOperationException">The tensor is not on the CPU, not contiguous, or
    /// has elements of another type.</exception>
    public Span<T> span<T>()
        where T : unmanaged
    {
        if (
            sizeof(T) != dtype.Size()
            || (typeof(T) != typeof(ushort) && typeof(T) != typeof(byte) && DTypes.Of<T>() != dtype)
        )
        {
            throw new InvalidOperationException($"{Describe()} has no elements of type {typeof(T).Name}");
        }
        if (device.Kind != DeviceKind.Cpu)
            throw new InvalidOperationException($"{Describe()} is on {device}: copy it to the CPU first");
        if (!is_contiguous)
            throw new InvalidOperationException($"{Describe()} is not contiguous: call contiguous() first");
        return new Span<T>((void*)data_ptr, checked((int)numel));
    }

    /// <summary>
    /// A copy of all elements in row-major order, converted to <typeparamref name="T"/>'s dtype if
    /// necessary.
    /// </summary>
    public T[] to_array<T>()
        where T : unmanaged
    {
        if (dtype != DTypes.Of<T>())
        {
            using var scope = torch.scope();
            using var quiet = torch.no_grad();
            return to(DTypes.Of<T>()).to_array<T>();
        }
        var array = new T[numel];
        fixed (T* p = array)
            Shim.Check(Shim.rt_read(Handle, p, array.LongLength * sizeof(T)), "read a tensor", Describe);
        GC.KeepAlive(this);
        return array;
    }

    /// <summary>
    /// The elements for reading on the host: in place if they are contiguous in host memory,
    /// otherwise a copy. Valid while the tensor lives.
    /// </summary>
    public ReadOnlySpan<T> host<T>()
        where T : unmanaged => device.IsHost && is_contiguous ? span<T>() : to_array<T>();

    /// <summary>
    /// The elements for modification on the host: in place if they are in host memory, otherwise a
    /// copy that is written back when the result is disposed.
    /// </summary>
    /// <exception cref="InvalidOperationException">The tensor has elements of another type, or is
    /// not contiguous on the host.</exception>
    public HostElements<T> edit<T>()
        where T : unmanaged => new(this);

    /// <summary>A copy of all elements as <see cref="float"/>, in row-major order.</summary>
    public float[] to_array() => to_array<float>();

    /// <summary>
    /// The single element of a tensor of any shape, converted to <typeparamref name="T"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The tensor does not have exactly one
    /// element.</exception>
    public T item<T>()
        where T : unmanaged =>
        numel == 1
            ? to_array<T>()[0]
            : throw new InvalidOperationException($"{Describe()} has {numel} elements, item needs exactly one");

    /// <summary>Shape and type for messages, e.g. <c>[32, 768] float32</c>.</summary>
    internal string Describe() =>
        _handle == 0
            ? "freed tensor"
            : $"[{string.Join(", ", Sizes)}] "
                + $"{dtype.ToString().ToLowerInvariant()}{(device.Kind == DeviceKind.Cpu ? "" : " " + device)}";

    /// <summary>Shape and type; also the elements if there are at most 16.</summary>
    public override string ToString() =>
        _handle != 0 && numel <= 16
            ? $"{Describe()} ({string.Join(", ", to_array<double>().Select(Text))})"
            : Describe();

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
