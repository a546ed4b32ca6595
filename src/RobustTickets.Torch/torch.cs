// Factory functions and process-wide settings under PyTorch's names.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

/// <summary>PyTorch's top-level functions.</summary>
internal static unsafe partial class torch
{
    /// <summary>
    /// Opens a scope that frees the tensors created in it: <c>using var scope = torch.scope();</c>
    /// </summary>
    public static TensorScope scope() => new(ScopeFrame.Open());

    /// <summary>
    /// Turns recording off on this thread until disposed: <c>using var _ = torch.no_grad();</c>
    /// </summary>
    public static GradMode no_grad() => new(false);

    /// <summary>Turns recording on on this thread until disposed.</summary>
    public static GradMode enable_grad() => new(true);

    /// <summary>Whether operations on this thread are recorded.</summary>
    public static bool is_grad_enabled() => Shim.rt_grad_mode() != 0;

    /// <summary>Version of libtorch's headers that the native library was built with.</summary>
    public static string version => Shim.Text(Shim.rt_torch_version());

    /// <summary>Number of GPUs libtorch sees.</summary>
    public static int cuda_device_count() => device_count(DeviceKind.Cuda);

    /// <summary>Number of devices of a kind that libtorch sees.</summary>
    public static int device_count(DeviceKind kind)
    {
        Shim.Check(Shim.rt_device_count((int)kind, out var count), "device count");
        return count;
    }

    /// <summary>Threads of the loops and products of the calling thread.</summary>
    public static int get_num_threads()
    {
        Shim.Check(Shim.rt_threads(out var threads), "get_num_threads");
        return threads;
    }

    /// <summary>
    /// Sets the threads of loops and products (BLAS included) of the calling thread, of threads
    /// that compute for the first time later, and of those that call
    /// <see cref="TorchParallel.AdoptThreads"/>. A thread that has computed before keeps its number.
    /// </summary>
    public static void set_num_threads(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        TorchParallel.SetThreads(threads);
    }

    /// <summary>Seeds libtorch's generators on all devices.</summary>
    public static void manual_seed(long seed) => Shim.Check(Shim.rt_manual_seed(seed), "manual_seed");

    /// <summary>State of a device's libtorch generator, UInt8 [n].</summary>
    public static Tensor get_rng_state(Device device = default)
    {
        Shim.Check(Shim.rt_rng_state((int)device.Kind, device.NativeIndex, out var state), "get_rng_state");
        return new Tensor(state);
    }

    /// <summary>Sets the state of a device's libtorch generator.</summary>
    public static void set_rng_state(Tensor state, Device device = default)
    {
        Shim.Check(
            Shim.rt_set_rng_state((int)device.Kind, device.NativeIndex, state.Handle),
            "set_rng_state",
            state.Describe
        );
        GC.KeepAlive(state);
    }

    /// <summary>Uninitialised tensor.</summary>
    public static Tensor empty(ReadOnlySpan<long> shape, DType dtype = DType.Float32, Device device = default)
    {
        nint result;
        fixed (long* p = shape)
        {
            var sizes = shape.ToArray();
            Shim.Check(
                Shim.rt_tensor(null, 0, p, shape.Length, (int)dtype, (int)device.Kind, device.NativeIndex, out result),
                "empty",
                () => $"[{string.Join(", ", sizes)}] {dtype} on {device}"
            );
        }
        return new Tensor(result);
    }

    /// <summary>Tensor of zeros.</summary>
    public static Tensor zeros(ReadOnlySpan<long> shape, DType dtype = DType.Float32, Device device = default) =>
        empty(shape, dtype, device).zero_();

    /// <summary>Tensor of ones.</summary>
    public static Tensor ones(ReadOnlySpan<long> shape, DType dtype = DType.Float32, Device device = default) =>
        full(shape, 1, dtype, device);

    /// <summary>Tensor filled with one number.</summary>
    public static Tensor full(
        ReadOnlySpan<long> shape,
        double value,
        DType dtype = DType.Float32,
        Device device = default
    ) => empty(shape, dtype, device).fill_(value);

    /// <summary>Zeros of the shape, dtype and device of another.</summary>
    public static Tensor zeros_like(Tensor other) => zeros(other.sizes, other.dtype, other.device);

    /// <summary>start, start + step, ... below end, [n].</summary>
    public static Tensor arange(long start, long end, long step = 1, DType dtype = DType.Int64, Device device = default)
    {
        var call = new OpCall(Ops.Arange);
        call.Add(start);
        call.Add(end);
        call.Add(step);
        call.Add(dtype);
        call.AddNone();
        call.Add(device);
        call.AddNone();
        return call.Tensor();
    }

    /// <summary>0, 1, ... below end, Int64 [end].</summary>
    public static Tensor arange(long end) => arange(0, end);

    /// <summary>Uniform numbers in [0, 1) from libtorch's generator.</summary>
    public static Tensor rand(ReadOnlySpan<long> shape, DType dtype = DType.Float32, Device device = default) =>
        empty(shape, dtype, device).uniform_();

    /// <summary>
    /// Copies numbers to a tensor of the given shape, with the dtype of the element type.
    /// </summary>
    /// <param name="values">Elements in row-major order.</param>
    /// <param name="shape">Shape; empty = one dimension of the values' length.</param>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static Tensor tensor<T>(ReadOnlySpan<T> values, params ReadOnlySpan<long> shape)
        where T : unmanaged => tensor(values, shape, Device.Cpu);

    /// <summary>
    /// Copies numbers to a tensor of the given shape, with the dtype of the element type.
    /// </summary>
    public static Tensor tensor<T>(T[] values, params ReadOnlySpan<long> shape)
        where T : unmanaged => tensor(values.AsSpan(), shape, Device.Cpu);

    /// <summary>Copies numbers to a tensor of the given shape on a device.</summary>
    public static Tensor tensor<T>(ReadOnlySpan<T> values, ReadOnlySpan<long> shape, Device device)
        where T : unmanaged
    {
        var sizes = shape.IsEmpty && values.Length != 1 ? [values.Length] : shape.ToArray();
        var elements = 1L;
        foreach (var size in sizes)
            elements *= size;
        if (elements != values.Length)
            throw new ArgumentException(
                $"{values.Length} values do not fill the shape [{string.Join(", ", sizes)}] of {elements}"
            );
        byte none = 0;
        nint result;
        fixed (T* data = values)
        fixed (long* p = sizes)
        {
            // An empty span has a null address, which the native side takes for "uninitialised".
            Shim.Check(
                Shim.rt_tensor(
                    data is null ? &none : data,
                    (long)values.Length * sizeof(T),
                    p,
                    sizes.Length,
                    (int)DTypes.Of<T>(),
                    (int)device.Kind,
                    device.NativeIndex,
                    out result
                ),
                "tensor",
                () => $"[{string.Join(", ", sizes)}] {typeof(T).Name} on {device}"
            );
        }
        return new Tensor(result);
    }

    /// <summary>Copies numbers to a tensor [n] on a device.</summary>
    public static Tensor vector<T>(T[] values, Device device)
        where T : unmanaged => tensor<T>(values.AsSpan(), [values.Length], device);

    /// <summary>Waits until a device has completed all queued work. No-op for the CPU.</summary>
    public static void synchronize(Device device)
    {
        if (device.IsHost)
            return;
        using var done = zeros([1], DType.Float32, device);
        done.item<float>(); // a copy to the host waits for everything before it on the device's stream
    }

    /// <summary>A number as a tensor of shape [].</summary>
    public static Tensor scalar(double value, DType dtype = DType.Float32, Device device = default) =>
        full([], value, dtype, device);

    /// <summary>Concatenates tensors along a dimension.</summary>
    public static Tensor cat(ReadOnlySpan<Tensor> tensors, int dim = 0) => Joined(Ops.Cat, tensors, dim);

    /// <summary>Stacks tensors of the same shape along a new dimension.</summary>
    public static Tensor stack(ReadOnlySpan<Tensor> tensors, int dim = 0) => Joined(Ops.Stack, tensors, dim);

    /// <summary>a where the condition is true, b elsewhere.</summary>
    public static Tensor where(Tensor condition, Tensor a, Tensor b) => condition.where(a, b);

    /// <summary>Matrix product, see <see cref="Tensor.matmul"/>.</summary>
    public static Tensor matmul(Tensor a, Tensor b) => a.matmul(b);

    /// <summary>input + a x b, see <see cref="Tensor.addmm"/>.</summary>
    public static Tensor addmm(Tensor input, Tensor a, Tensor b, double beta = 1, double alpha = 1) =>
        input.addmm(a, b, beta, alpha);

    /// <summary>
    /// Gradients of the sum of scalar outputs with respect to inputs, without changing
    /// <see cref="Tensor.grad"/>.
    /// </summary>
    /// <param name="outputs">Tensors to differentiate.</param>
    /// <param name="inputs">Tensors to differentiate with respect to.</param>
    /// <param name="retain_graph">Keep the graph's saved tensors for another backward.</param>
    /// <param name="allow_unused">Return null for an input that the outputs do not depend on,
    /// instead of failing.</param>
    /// <param name="grad_outputs">Gradient of the final value with respect to each output, of its
    /// shape; null means 1 for scalars.</param>
    public static Tensor?[] grad(
        ReadOnlySpan<Tensor> outputs,
        ReadOnlySpan<Tensor> inputs,
        bool retain_graph = false,
        bool allow_unused = false,
        ReadOnlySpan<Tensor> grad_outputs = default
    )
    {
        if (!grad_outputs.IsEmpty && grad_outputs.Length != outputs.Length)
            throw new ArgumentException($"{outputs.Length} outputs but {grad_outputs.Length} gradients of them");
        Span<nint> from = new nint[outputs.Length],
            by = new nint[inputs.Length],
            seeds = new nint[grad_outputs.Length],
            found = new nint[inputs.Length];
        for (var i = 0; i < outputs.Length; i++)
            from[i] = outputs[i].Handle;
        for (var i = 0; i < inputs.Length; i++)
            by[i] = inputs[i].Handle;
        for (var i = 0; i < grad_outputs.Length; i++)
            seeds[i] = grad_outputs[i].Handle;
        // Keeps the tensors of the raw handles reachable until the call returns.
        Tensor[] alive = [.. outputs, .. inputs, .. grad_outputs];
        fixed (
            nint* o = from,
                n = by,
                s = seeds,
                r = found
        )
        {
            Shim.Check(
                Shim.rt_grad_of(
                    o,
                    from.Length,
                    n,
                    by.Length,
                    grad_outputs.IsEmpty ? null : s,
                    retain_graph ? 1 : 0,
                    0,
                    allow_unused ? 1 : 0,
                    r
                ),
                "grad",
                () => string.Join(", ", alive.Select(t => t.Describe()))
            );
        }
        GC.KeepAlive(alive);
        var gradients = new Tensor?[inputs.Length];
        for (var i = 0; i < gradients.Length; i++)
            gradients[i] = found[i] == 0 ? null : new Tensor(found[i]);
        return gradients;
    }

    private static Tensor Joined(Op op, ReadOnlySpan<Tensor> tensors, int dim)
    {
        var call = new OpCall(op);
        call.Add((ReadOnlySpan<Tensor?>)tensors);
        call.Add((long)dim);
        return call.Tensor();
    }
}

/// <summary>Sets the grad mode of this thread and restores it when disposed.</summary>
internal ref struct GradMode
{
    private int _former;

    internal GradMode(bool enabled)
    {
        _former = Shim.rt_grad_mode();
        Shim.rt_set_grad_mode(enabled ? 1 : 0);
    }

    /// <summary>Restores the previous mode.</summary>
    public void Dispose()
    {
        if (_former >= 0)
            Shim.rt_set_grad_mode(_former);
        _former = -1;
    }
}
