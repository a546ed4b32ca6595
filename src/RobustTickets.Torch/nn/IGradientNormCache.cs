namespace RobustTickets.Torch.nn;

/// <summary>
/// Squares of gradients, summed early by threads that would be idle; the global norm then reads
/// less memory. Summed block by block as the norm itself would, so no bit depends on it.
/// </summary>
internal interface IGradientNormCache : IDisposable
{
    /// <summary>A gradient is complete for now: its squares may be summed.</summary>
    void Add(Tensor gradient);

    /// <summary>
    /// The gradient in this memory is about to change past libtorch's operators, which its version
    /// does not tell.
    /// </summary>
    void Forget(nint memory);

    /// <summary>Forgets all gradients.</summary>
    void Clear();

    /// <summary>Sums one block of any gradient; false where none is left. Any thread.</summary>
    bool SumOne();

    /// <summary>
    /// Sums of a gradient's first blocks, as many as are known; none where an operator wrote into
    /// it since.
    /// </summary>
    ReadOnlyMemory<double> Known(Tensor gradient);
}
