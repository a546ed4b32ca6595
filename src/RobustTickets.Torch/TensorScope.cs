// Scoped ownership of tensors: tensors created inside a scope on this thread are freed at its end,
// without finalizers. A tensor created outside any scope belongs to the caller and has a
// SafeHandle, so that a forgotten one is eventually collected.
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

/// <summary>
/// Frees every tensor created on this thread between its start and its disposal, including results
/// of operators and gradients, except those passed to <see cref="Keep(Tensor?)"/>. Scopes nest: use
/// one per step. <code>using var scope = torch.scope(); ... return scope.Keep(loss);</code>
/// </summary>
internal ref struct TensorScope
{
    private ScopeFrame? _frame;

    internal TensorScope(ScopeFrame frame) => _frame = frame;

    /// <summary>Number of live tensors created in this scope.</summary>
    public readonly int Count => Frame.Living;

    /// <summary>
    /// Moves <paramref name="tensor"/> to the enclosing scope, or to the caller if there is none.
    /// Returns the tensor.
    /// </summary>
    /// <exception cref="ArgumentException">The tensor belongs to another scope.</exception>
    [return: NotNullIfNotNull(nameof(tensor))]
    public readonly Tensor? Keep(Tensor? tensor)
    {
        if (tensor is null)
            return null;
        if (tensor.Owner != Frame)
            throw new ArgumentException(
                $"{tensor.Describe()} was not created in this scope, so this scope cannot keep it",
                nameof(tensor)
            );
        Frame.HandOut(tensor);
        return tensor;
    }

    private readonly ScopeFrame Frame => _frame ?? throw new ObjectDisposedException(nameof(TensorScope));

    /// <summary>Frees the tensors of the scope.</summary>
    /// <exception cref="InvalidOperationException">A scope opened later on this thread is still
    /// open.</exception>
    public void Dispose()
    {
        var frame = _frame;
        _frame = null;
        frame?.Close();
    }
}

/// <summary>
/// The list of a scope's tensors, on a per-thread stack; frames are reused so that a step allocates
/// none.
/// </summary>
internal sealed class ScopeFrame
{
    [ThreadStatic]
    private static ScopeFrame? s_current;

    [ThreadStatic]
    private static ScopeFrame? s_spare;

    private readonly List<Tensor> _made = [];
    private ScopeFrame? _outer;
    private int _compactAt = 256;

    public static ScopeFrame? Current => s_current;

    public static ScopeFrame Open()
    {
        var frame = s_spare ?? new ScopeFrame();
        s_spare = frame._outer;
        frame._outer = s_current;
        return s_current = frame;
    }

    public int Living => _made.Count(t => t.Owner == this);

    public void Add(Tensor tensor)
    {
        // A long loop inside one scope may free its own tensors: removes them, because the list
        // would otherwise grow with the loop.
        if (_made.Count >= _compactAt)
        {
            _made.RemoveAll(t => t.Owner != this);
            _compactAt = Math.Max(256, 2 * _made.Count);
        }
        _made.Add(tensor);
        tensor.Owner = this;
    }

    public void HandOut(Tensor tensor)
    {
        if (_outer is { } outer)
            outer.Add(tensor);
        else
            tensor.Guard();
    }

    public void Close()
    {
        if (s_current != this)
            throw new InvalidOperationException(
                "tensor scopes must be closed in reverse order of opening, on the thread that opened them"
            );
        foreach (var tensor in _made)
        {
            if (tensor.Owner == this)
                tensor.Dispose();
        }
        _made.Clear();
        _compactAt = 256;
        s_current = _outer;
        _outer = s_spare;
        s_spare = this;
    }
}

/// <summary>Owns the native reference of a tensor that belongs to no scope.</summary>
internal sealed class TensorHandle : SafeHandle
{
    public TensorHandle(nint owned)
        : base(0, ownsHandle: true) => SetHandle(owned);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        Shim.rt_free(handle);
        return true;
    }
}
