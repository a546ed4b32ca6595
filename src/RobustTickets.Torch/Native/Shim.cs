// Declares the C ABI of native/rt.h. All functions are blittable; Shim.Check checks statuses. Entry
// points of kernels are declared with their kernels, in RobustTickets.Kernels.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RobustTickets.Torch.Native;

/// <summary>
/// One argument or result of a boxed operator call, laid out as <c>Value</c> in native/rt.h (16
/// bytes).
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct RtValue
{
    [FieldOffset(0)]
    public RtTag Tag;

    [FieldOffset(4)]
    public int Count;

    [FieldOffset(8)]
    public long Integer;

    [FieldOffset(8)]
    public double Real;

    [FieldOffset(8)]
    public nint Pointer;
}

/// <summary>Kinds of <see cref="RtValue"/>, numbered as <c>Tag</c> in native/rt.h.</summary>
internal enum RtTag
{
    None = 0,
    Tensor = 1,
    Int = 2,
    Double = 3,
    Bool = 4,
    IntList = 5,
    TensorList = 6,
    String = 7,
    DoubleList = 8,
    Device = 9,
}

internal static unsafe partial class Shim
{
    /// <summary>The ABI version of this assembly (RT_ABI in native/rt.h).</summary>
    public const int Abi = 12;

    private const string Library = ShimLibrary.ImportName;

    // Runs before the first native call of this class and not earlier, so that a process without
    // computation never loads libtorch.
    static Shim() => ShimLibrary.ResolveImportsOf(typeof(Shim).Assembly);

    [LibraryImport(Library)]
    public static partial byte* rt_last_error();

    [LibraryImport(Library)]
    public static partial byte* rt_torch_version();

    [LibraryImport(Library)]
    public static partial int rt_describe(int what, byte** text);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int rt_op_resolve(string name, string overload, out nint op);

    [LibraryImport(Library)]
    public static partial int rt_op_schema(
        nint op,
        out byte* text,
        out int arguments,
        out int required,
        out int results
    );

    [LibraryImport(Library)]
    public static partial int rt_op_call(
        nint op,
        RtValue* arguments,
        int count,
        RtValue* results,
        int capacity,
        int* produced
    );

    [LibraryImport(Library)]
    public static partial void rt_free_list(nint* tensors);

    [LibraryImport(Library)]
    public static partial long rt_live();

    [LibraryImport(Library)]
    public static partial void rt_free(nint handle);

    [LibraryImport(Library)]
    public static partial nint rt_share(nint handle);

    [LibraryImport(Library)]
    public static partial int rt_without_history(nint handle, out nint result);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int rt_is_sole(nint handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int rt_version(nint handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void rt_bump_version(nint handle);

    [LibraryImport(Library)]
    public static partial int rt_tensor(
        void* data,
        long bytes,
        long* shape,
        int rank,
        int dtype,
        int deviceType,
        int deviceIndex,
        out nint result
    );

    [LibraryImport(Library)]
    public static partial int rt_read(nint handle, void* data, long bytes);

    // Sub-microsecond getters: no lock, no callback, no exception, so the GC transition is skipped.
    [LibraryImport(Library), SuppressGCTransition]
    public static partial void* rt_data(nint handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int rt_rank(nint handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial long rt_numel(nint handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int rt_dtype(nint handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int rt_device(nint handle, int* index);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void rt_shape(nint handle, long* shape);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int rt_is_contiguous(nint handle);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int rt_requires_grad(nint handle);

    [LibraryImport(Library)]
    public static partial int rt_is_leaf(nint handle);

    [LibraryImport(Library)]
    public static partial int rt_set_requires_grad(nint handle, int value);

    [LibraryImport(Library)]
    public static partial int rt_grad(nint handle, out nint result);

    [LibraryImport(Library)]
    public static partial int rt_set_grad(nint handle, nint grad);

    [LibraryImport(Library)]
    public static partial int rt_backward(nint* roots, int count, nint* gradients, int retainGraph);

    [LibraryImport(Library)]
    public static partial int rt_grad_of(
        nint* outputs,
        int outputCount,
        nint* inputs,
        int inputCount,
        nint* gradients,
        int retainGraph,
        int createGraph,
        int allowUnused,
        nint* results
    );

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int rt_grad_mode();

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void rt_set_grad_mode(int enabled);

    [LibraryImport(Library)]
    public static partial int rt_custom_node(
        nint* inputs,
        int inputCount,
        nint* outputs,
        int outputCount,
        delegate* unmanaged[Cdecl]<nint, nint*, int, nint*, int, long> backward,
        delegate* unmanaged[Cdecl]<nint, void> release,
        nint context,
        byte* label,
        out int attached
    );

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int rt_backward_wants(int input);

    [LibraryImport(Library)]
    public static partial void rt_heap_state(out long reached, out long used, out long holes);

    [LibraryImport(Library)]
    public static partial int rt_threads(out int threads);

    [LibraryImport(Library)]
    public static partial int rt_set_threads(int threads);

    [LibraryImport(Library)]
    public static partial int rt_parallel_for(
        long n,
        long grain,
        delegate* unmanaged[Cdecl]<long, long, nint, void> body,
        nint context
    );

    [LibraryImport(Library)]
    public static partial int rt_device_count(int deviceType, out int count);

    [LibraryImport(Library)]
    public static partial int rt_manual_seed(long seed);

    [LibraryImport(Library)]
    public static partial int rt_rng_state(int deviceType, int deviceIndex, out nint state);

    [LibraryImport(Library)]
    public static partial int rt_set_rng_state(int deviceType, int deviceIndex, nint state);

    [LibraryImport(Library)]
    public static partial int rt_autocast(int deviceType, int enabled, int dtype, out int former, out int formerDtype);

    [LibraryImport(Library)]
    public static partial int rt_on_gradient(
        nint tensor,
        delegate* unmanaged[Cdecl]<nint, long> done,
        delegate* unmanaged[Cdecl]<nint, void> release,
        nint context
    );

    [LibraryImport(Library)]
    public static partial int rt_group_supported();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int rt_store_open(
        string host,
        int port,
        int server,
        int seconds,
        out int bound,
        out nint store
    );

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int rt_store_file(string path, int size, int seconds, out nint store);

    [LibraryImport(Library)]
    public static partial int rt_store_close(nint store);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int rt_group_open(
        nint store,
        string address,
        int rank,
        int size,
        int seconds,
        out nint group
    );

    [LibraryImport(Library)]
    public static partial int rt_group_sum(nint group, nint* tensors, int count, out nint work);

    [LibraryImport(Library)]
    public static partial int rt_group_broadcast(nint group, nint tensor, int root, out nint work);

    [LibraryImport(Library)]
    public static partial int rt_work_wait(nint work, int milliseconds, out int done);

    [LibraryImport(Library)]
    public static partial int rt_work_free(nint work);

    [LibraryImport(Library)]
    public static partial int rt_group_close(nint group);

    /// <summary>Message of the last failure on this thread.</summary>
    public static string LastError() => Text(rt_last_error());

    public static string Text(byte* utf8) => utf8 is null ? "" : Marshal.PtrToStringUTF8((nint)utf8) ?? "";

    /// <summary>
    /// Converts a failed status to an exception with the function and its arguments.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(int status, string place, Func<string>? arguments = null)
    {
        if (status != 0)
            throw ManagedErrors.Translate(place, arguments?.Invoke() ?? "", LastError());
    }
}
