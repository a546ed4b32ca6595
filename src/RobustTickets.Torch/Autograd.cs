// A recorded step whose forward and backward are managed code: the forward is computed by the
// caller without recording, then its outputs are given one graph node that calls back here. This is
// how fused kernels enter autograd.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

/// <summary>Managed nodes in libtorch's autograd graph.</summary>
internal static unsafe class Autograd
{
    /// <summary>
    /// Gives <paramref name="outputs"/>, computed from <paramref name="inputs"/> under
    /// <see cref="torch.no_grad"/>, a history.
    /// </summary>
    /// <param name="inputs">What the outputs were computed from; gradients are asked for in this
    /// order. Null for an absent one.</param>
    /// <param name="outputs">Fresh tensors without history, not views of inputs.</param>
    /// <param name="backward">
    /// Gets the gradient of each output (null = zero; freed after the call) and returns one of each
    /// input, of its shape (null = none). It runs
    /// without recording inside a scope of its own: what it makes and does not return is freed. On
    /// the CPU it runs on the thread that called backward.
    /// What it throws is the inner exception of the <see cref="TorchException"/> that backward
    /// throws.
    /// </param>
    /// <param name="saved">
    /// What <paramref name="backward"/> needs from the forward pass, usually
    /// <see cref="SavedTensors"/>. It is disposed exactly once: after the node's
    /// backward when the graph is not retained, when the graph is freed, or at once when no history
    /// is due. The closure must not hold an output itself:
    /// node and output would keep each other alive; <see cref="SavedTensors"/> holds detached
    /// references for that reason.
    /// </param>
    /// <param name="name">Name in error messages.</param>
    /// <returns>False when no history is due: recording is off or no input requires a
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
        // From here on the native side owns the state: it calls Release exactly once, also when
        // this call fails.
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

    /// <summary>The form for one output: gives it a history and returns it.</summary>
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
    /// Asked inside a managed backward: what becomes of the gradient of an input. A backward that
    /// knows may skip what nobody wants, or add to a leaf's
    /// <see cref="Tensor.grad"/> itself and return null, which saves a matrix of memory and a pass
    /// over it.
    /// </summary>
    /// <param name="input">Position of the input in the node's list.</param>
    public static GradientUse Wanted(int input) => (GradientUse)Shim.rt_backward_wants(input);

    /// <summary>
    /// Calls <paramref name="done"/> in every backward once the gradient of a tensor is whole, so
    /// that all that was computed from it has had its backward. What it throws is the inner
    /// exception of the <see cref="TorchException"/> that backward throws.
    /// </summary>
    /// <param name="tensor">A tensor with a history.</param>
    /// <param name="done">On the CPU it runs on the thread that called backward.</param>
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

/// <summary>What becomes of the gradient of a managed node's input.</summary>
internal enum GradientUse
{
    /// <summary>Nobody wants it.</summary>
    None = 0,

    /// <summary>It was asked for by name (<see cref="torch.grad"/>): return it.</summary>
    Result = 1,

    /// <summary>It flows on; where the input is a leaf it is added to the leaf's slot.</summary>
    Accumulated = 2,
}

/// <summary>
/// Tensors saved for a backward: detached references of their own, outside every scope, so that the
/// step's inner scopes may end before the backward runs
/// and no cycle with the graph arises. Memory is shared with the originals; do not write into those
/// until the backward has run.
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

    /// <summary>Saved tensor <paramref name="index"/>, or null where null was saved.</summary>
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
