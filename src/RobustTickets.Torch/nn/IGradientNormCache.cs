namespace RobustTickets.Torch.nn;

/// <summary>
/// Sums of squares of gradients, computed early by otherwise idle threads, so that the global norm
/// reads less memory. Summed block by block exactly as by the norm, so results are bit-identical.
/// </summary>
internal interface IGradientNormCache : IDisposable
{
    /// <summary>Adds a gradient that is complete for now: its squares may be summed.</summary>
    void Add(Tensor gradient);

    /// <summary>
    /// Removes the gradient in this memory, which is about to change without a change of its
    /// version counter.
    /// </summary>
    void Forget(nint memory);

    /// <summary>Removes all gradients.</summary>
    void Clear();

    /// <summary>Sums one block of any gradient; false if none is left. Thread-safe.</summary>
    bool SumOne();

    /// <summary>
    /// The known sums of a gradient's first blocks; empty if an operator has written to it since.
    /// </summary>
    ReadOnlyMemory<double> Known(Tensor gradient);
}
