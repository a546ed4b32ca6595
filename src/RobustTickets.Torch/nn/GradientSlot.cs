// Keeps a weight's gradient in the same memory across steps. Allocated during backward it would
// fill a hole left by this pass's activations, and the next pass would find none large enough;
// freed after each step it would be allocated again.
namespace RobustTickets.Torch.nn;

/// <summary>
/// Memory for the gradient of one parameter, between the steps in which it holds that gradient. Its
/// contents are from an earlier step.
/// </summary>
internal sealed class GradientSlot : IDisposable
{
    private Tensor? _spare;

    internal GradientSlot(IGradientNormCache? norms) => Norms = norms;

    /// <summary>Is notified of gradients in this memory, or null.</summary>
    public IGradientNormCache? Norms { get; }

    /// <summary>Whether the slot currently contains memory.</summary>
    internal bool IsFilled => _spare is not null;

    /// <summary>
    /// Takes the memory out; null if there is none: never reserved, or currently in use as the
    /// gradient.
    /// </summary>
    internal Tensor? Take()
    {
        var spare = _spare;
        _spare = null;
        return spare;
    }

    /// <summary>Stores memory; frees what was stored.</summary>
    internal void Park(Tensor memory)
    {
        _spare?.Dispose();
        _spare = memory.keep();
    }

    /// <inheritdoc/>
    public void Dispose() => Take()?.Dispose();
}
