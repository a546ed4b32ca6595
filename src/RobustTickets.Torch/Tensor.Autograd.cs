// Gradients of a tensor.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

internal sealed unsafe partial class Tensor
{
    /// <summary>Whether operations on this tensor are recorded.</summary>
    public bool requires_grad
    {
        get
        {
            var yes = Shim.rt_requires_grad(Handle) != 0;
            GC.KeepAlive(this);
            return yes;
        }
    }

    /// <summary>Turns recording on or off for a leaf. Returns this tensor.</summary>
    /// <exception cref="TorchException">The tensor is not a leaf, or not floating
    /// point.</exception>
    public Tensor requires_grad_(bool requires = true)
    {
        Shim.Check(Shim.rt_set_requires_grad(Handle, requires ? 1 : 0), "requires_grad_", Describe);
        GC.KeepAlive(this);
        return this;
    }

    /// <summary>Whether the tensor was not created by a recorded operation.</summary>
    public bool is_leaf
    {
        get
        {
            var yes = Shim.rt_is_leaf(Handle) != 0;
            GC.KeepAlive(this);
            return yes;
        }
    }

    /// <summary>
    /// The accumulated gradient, of this tensor's shape, or null. Each read returns a new reference
    /// to the same gradient; setting shares the given tensor.
    /// </summary>
    public Tensor? grad
    {
        get
        {
            Shim.Check(Shim.rt_grad(Handle, out var handle), "grad", Describe);
            GC.KeepAlive(this);
            return handle == 0 ? null : new Tensor(handle);
        }
        set
        {
            Shim.Check(Shim.rt_set_grad(Handle, value?.Handle ?? 0), "set grad", Describe);
            GC.KeepAlive(this);
            GC.KeepAlive(value);
        }
    }

    /// <summary>A tensor on the same memory without history.</summary>
    public Tensor detach() => Call.Unary(Ops.Detach, this);

    /// <summary>
    /// A tensor on the same memory without history that also bypasses autograd's version counter:
    /// cheaper than <see cref="detach"/>, for kernels that only read memory.
    /// </summary>
    internal Tensor WithoutHistory()
    {
        Shim.Check(Shim.rt_without_history(Handle, out var handle), "without history", Describe);
        GC.KeepAlive(this);
        return new Tensor(handle);
    }

    /// <summary>
    /// This tensor if nothing else references it or its memory, otherwise a copy; a managed
    /// backward may then accumulate into it. Gradients passed to a backward may be shared (a sum
    /// passes the same gradient to both terms).
    /// </summary>
    internal Tensor Own() => is_contiguous && Shim.rt_is_sole(Handle) != 0 ? this : detach().clone().contiguous();

    /// <summary>Accumulates the gradients of this scalar in every leaf it depends on.</summary>
    /// <param name="retain_graph">Keep the graph's saved tensors for another backward.</param>
    /// <exception cref="TorchException">The tensor has no history, is not a scalar, or a managed
    /// backward threw (the inner exception).</exception>
    public void backward(bool retain_graph = false) => backward(null, retain_graph);

    /// <summary>Accumulates vector-Jacobian products in every leaf.</summary>
    /// <param name="gradient">Gradient of the final value with respect to this tensor, of its
    /// shape; null means 1 for a scalar.</param>
    /// <param name="retain_graph">Keep the graph's saved tensors for another backward.</param>
    public void backward(Tensor? gradient, bool retain_graph = false)
    {
        var root = Handle;
        var seed = gradient?.Handle ?? 0;
        Shim.Check(
            Shim.rt_backward(&root, 1, gradient is null ? null : &seed, retain_graph ? 1 : 0),
            "backward",
            Describe
        );
        GC.KeepAlive(this);
        GC.KeepAlive(gradient);
    }
}
