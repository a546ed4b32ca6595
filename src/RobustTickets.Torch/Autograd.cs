// Custom autograd functions with managed forward and backward: the caller computes the forward
// without recording, then its outputs get one graph node that calls back into managed code. Fused
// kernels enter autograd this way.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

/// <summary>Custom autograd functions in libtorch's graph.</summary>
internal static unsafe class Autograd
{
    /// <summary>
    /// Records one autograd node for <paramref name="outputs"/>, which were computed from
    /// <paramref name="inputs"/> under <see cref="torch.no_grad"/>.
    /// </summary>
    /// <param name="inputs">The inputs of the outputs; backward returns gradients in this order.
    /// Null for an absent one.</param>
    /// <param name="outputs">New tensors without history, not views of inputs.</param>
    /// <param name="backward">
    /// Gets the gradient of each output (null = zero; freed after the call) and returns one per
    /// input, of its shape (null = none). It runs without recording in its own scope: tensors that
    /// it creates and does not return are freed. On the CPU it runs on the thread that called
    /// backward. An exception it throws becomes the inner exception of the
    /// <see cref="TorchException"/> thrown by backward.
    /// </param>
    /// <param name="saved">
    /// State that <paramref name="backward"/> needs from the forward pass, usually
    /// <see cref="SavedTensors"/>. It is disposed exactly once: after the node's backward when the
    /// graph is not retained, when the graph is freed, or immediately when nothing is recorded. The
    /// closure must not reference an output: node and output would keep each other alive; therefore
    /// <see cref="SavedTensors"/> holds detached references.
    /// </param>
    /// <param name="name">Name in error messages.</param>
    /// <returns>False when nothing is recorded: grad mode is off or no input requires a
    /// gradient.</returns>
    public static bool Custom(
        ReadOnlySpan<Tensor?> inputs,
        ReadOnlySpan<Tensor> outputs,
        Func<Tensor?[], Tensor?[]> backward,
        IDisposable? saved = null,
        string name = "managed node"
    )
    {
        Span<nint> from = new nint[inputs.Length],
            to = new nint[outputs.Length];
        for (var i = 0; i < inputs.Length; i++)
            from[i] = inputs[i]?.Handle ?? 0;
        for (var i = 0; i < outputs.Length; i++)
            to[i] = outputs[i].Handle;
        Tensor?[] alive = [.. inputs, .. outputs];
        var state = GCHandle.Alloc(new Node(backward, saved, name));
        var label = Encoding.UTF8.GetBytes(name + '\0');
        // From here on the native side owns the state: it calls Release exactly once, also if this
        // call fails.
        fixed (
            nint* i = from,
                o = to
        )
        fixed (byte* l = label)
        {
            Shim.Check(
                Shim.rt_custom_node(
                    i,
                    from.Length,
                    o,
                    to.Length,
                    &Backward,
                    &Release,
                    GCHandle.ToIntPtr(state),
                    l,
                    out var attached
                ),
                name,
                () => string.Join(", ", alive.Select(t => t?.Describe() ?? "none"))
            );
            GC.KeepAlive(alive);
            return attached != 0;
        }
    }

    /// <summary>Overload for one output, which it returns.</summary>
    /// <inheritdoc cref="Custom(ReadOnlySpan{Tensor}, ReadOnlySpan{Tensor}, Func{Tensor[], Tensor[]}, IDisposable, string)"/>
    public static Tensor Custom(
        ReadOnlySpan<Tensor?> inputs,
        Tensor output,
        Func<Tensor?, Tensor?[]> backward,
        IDisposable? saved = null,
        string name = "managed node"
    )
    {
        Custom(inputs, [output], gradients => backward(gradients[0]), saved, name);
        return output;
    }

    /// <summary>
    /// Called within a managed backward: how the gradient of an input will be used. A backward may
    /// skip gradients that are not needed, or add to a leaf's <see cref="Tensor.grad"/> itself and
    /// return null, which saves a matrix of memory and a pass over it.
    /// </summary>
    /// <param name="input">Index of the input in the node's list.</param>
    public static GradientUse Wanted(int input) => (GradientUse)Shim.rt_backward_wants(input);

    /// <summary>
    /// Calls <paramref name="done"/> in every backward once the gradient of a tensor is complete,
    /// i.e. backward has run for everything computed from it. An exception it throws becomes the
    /// inner exception of the <see cref="TorchException"/> thrown by backward.
    /// </summary>
    /// <param name="tensor">A tensor with a history.</param>
    /// <param name="done">The callback; on the CPU it runs on the thread that called
    /// backward.</param>
    public static void OnGradient(Tensor tensor, Action done)
    {
        var state = GCHandle.Alloc(done);
        Shim.Check(
            Shim.rt_on_gradient(tensor.Handle, &Done, &ReleaseHook, GCHandle.ToIntPtr(state)),
            "hook on a gradient",
            tensor.Describe
        );
        GC.KeepAlive(tensor);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Done(nint context)
    {
        try
        {
            using var scope = torch.scope();
            ((Action)GCHandle.FromIntPtr(context).Target!)();
            return 0;
        }
        catch (Exception e)
        {
            return ManagedErrors.Keep(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReleaseHook(nint context) => GCHandle.FromIntPtr(context).Free();

    private sealed record Node(Func<Tensor?[], Tensor?[]> Backward, IDisposable? Saved, string Name);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Backward(nint context, nint* gradients, int count, nint* results, int resultCount)
    {
        try
        {
            var node = (Node)GCHandle.FromIntPtr(context).Target!;
            using var scope = torch.scope();
            var given = new Tensor?[count];
            for (var i = 0; i < count; i++)
                given[i] = gradients[i] == 0 ? null : new Tensor(gradients[i]);
            var found = node.Backward(given);
            if (found.Length != resultCount)
                throw new InvalidOperationException(
                    $"the backward of {node.Name} returned {found.Length} gradients for {resultCount} inputs"
                );
            for (var i = 0; i < resultCount; i++)
                results[i] = found[i] is { } tensor ? Shim.rt_share(tensor.Handle) : 0;
            GC.KeepAlive(found);
            return 0;
        }
        catch (Exception e)
        {
            return ManagedErrors.Keep(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Release(nint context)
    {
        var handle = GCHandle.FromIntPtr(context);
        var node = (Node)handle.Target!;
        handle.Free();
        node.Saved?.Dispose();
    }
}

/// <summary>How the gradient of a managed node's input is used.</summary>
internal enum GradientUse
{
    /// <summary>Not needed.</summary>
    None = 0,

    /// <summary>Requested by <see cref="torch.grad"/>: it must be returned.</summary>
    Result = 1,

    /// <summary>Propagated further; for a leaf, added to its gradient slot.</summary>
    Accumulated = 2,
}

/// <summary>
/// Tensors saved for backward: detached references outside every scope, so that the step's inner
/// scopes may end before backward runs and no reference cycle with the graph arises. Memory is
/// shared with the originals, which must not be modified until backward has run.
/// </summary>
internal sealed class SavedTensors : IDisposable
{
    private Tensor?[]? _tensors;

    /// <summary>Saves references to <paramref name="tensors"/>; null stays null.</summary>
    public SavedTensors(params ReadOnlySpan<Tensor?> tensors)
    {
        _tensors = new Tensor?[tensors.Length];
        for (var i = 0; i < tensors.Length; i++)
            _tensors[i] = tensors[i]?.WithoutHistory().keep();
    }

    /// <summary>Saved tensor <paramref name="index"/>.</summary>
    /// <exception cref="ObjectDisposedException">The node was freed.</exception>
    public Tensor this[int index] =>
        Saved[index] ?? throw new InvalidOperationException($"nothing was saved at {index}");

    /// <summary>Saved tensor <paramref name="index"/>, or null if null was saved.</summary>
    public Tensor? Optional(int index) => Saved[index];

    private Tensor?[] Saved => _tensors ?? throw new ObjectDisposedException(nameof(SavedTensors));

    /// <summary>Frees the references.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _tensors, null) is not { } tensors)
            return;
        foreach (var tensor in tensors)
            tensor?.Dispose();
    }
}
