using RobustTickets.Torch;

namespace RobustTickets.Objectives;

/// <summary>
/// Losses of a step as tensors, read together at its end: a number read in between would make the
/// host wait for a device that could be at work on the next pass.
/// </summary>
internal sealed class LossLog
{
    private readonly List<Tensor> _passes = [];
    private readonly List<Tensor> _shares = [];

    /// <summary>
    /// Notes what a pass computed; it lives on in the scope around <paramref name="pass"/>.
    /// </summary>
    /// <param name="pass">Scope of the pass.</param>
    /// <param name="crossEntropy">Undivided cross entropy of a pass, or null.</param>
    /// <param name="share">What is minimised and therefore counts in the total, or null.</param>
    internal void Add(TensorScope pass, Tensor? crossEntropy, Tensor? share)
    {
        if (crossEntropy is not null)
            _passes.Add(pass.Keep(crossEntropy.detach()));
        if (share is not null)
            _shares.Add(pass.Keep(share.detach()));
    }

    /// <summary>
    /// Gradients of a pass's share of the loss and of the penalty, which is undivided; both are
    /// noted.
    /// </summary>
    /// <param name="pass">Scope of the pass.</param>
    /// <param name="crossEntropy">Undivided cross entropy.</param>
    /// <param name="share">What of it is minimised.</param>
    /// <param name="penalty">What is added, or null.</param>
    internal void Backward(TensorScope pass, Tensor crossEntropy, Tensor share, Func<Tensor>? penalty)
    {
        var loss = penalty is null ? share : share + penalty();
        loss.backward();
        Add(pass, crossEntropy, loss);
    }

    /// <summary>
    /// Cross entropy of every pass and the sum of all shares. Waits for the device, once.
    /// </summary>
    internal (double[] Losses, double Total) Read()
    {
        var read = torch.stack([.. _passes, .. _shares]).to_array();
        var total = 0.0;
        foreach (var share in read.AsSpan(_passes.Count))
            total += share;
        return (Array.ConvertAll(read[.._passes.Count], loss => (double)loss), total);
    }
}
