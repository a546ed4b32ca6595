// A weight's gradient lives in the same memory step after step. Allocated during a backward it
// would lie in a hole that the activations of this pass left, and the next pass would find none
// large enough; dropped after each step it would be asked for anew.
namespace RobustTickets.Torch.nn;

/// <summary>
/// Memory for the gradient of one parameter, between the steps in which it is that gradient. The
/// contents are those of a step long done.
/// </summary>
internal sealed class GradientSlot : IDisposable
{
    private Tensor? _spare;

    internal GradientSlot(IGradientNormCache? norms) => Norms = norms;

    /// <summary>
    /// Told of gradients in this memory, or null.
    /// </summary>
    public IGradientNormCache? Norms { get; }

    /// <summary>Whether memory waits here.</summary>
    internal bool IsFilled => _spare is not null;

    /// <summary>
    /// The memory, given away; null where there is none: never reserved, or a gradient at this
    /// moment.
    /// </summary>
    internal Tensor? Take()
    {
        var spare = _spare;
        _spare = null;
        return spare;
    }

    /// <summary>Puts memory in; what was here is freed.</summary>
    internal void Park(Tensor memory)
    {
        _spare?.Dispose();
        _spare = memory.keep();
    }

    /// <inheritdoc/>
    public void Dispose() => Take()?.Dispose();
}
