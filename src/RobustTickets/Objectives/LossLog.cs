using RobustTickets.Torch;

namespace RobustTickets.Objectives;

/// <summary>
/// Losses of a step as tensors, read together at its end: reading one earlier would make the host
/// wait for the device instead of queueing the next pass.
/// </summary>
internal sealed class LossLog
{
    private readonly List<Tensor> _passes = [];
    private readonly List<Tensor> _shares = [];

    /// <summary>
    /// Records the losses of a pass; they are kept in the scope outside <paramref name="pass"/>.
    /// </summary>
    /// <param name="pass">Scope of the pass.</param>
    /// <param name="crossEntropy">Undivided cross entropy of a pass, or null.</param>
    /// <param name="share">Contribution to the minimised total, or null.</param>
    internal void Add(TensorScope pass, Tensor? crossEntropy, Tensor? share)
    {
        if (crossEntropy is not null)
            _passes.Add(pass.Keep(crossEntropy.detach()));
        if (share is not null)
            _shares.Add(pass.Keep(share.detach()));
    }

    /// <summary>
    /// Runs backward on a pass's share of the loss and on the undivided penalty, and records both.
    /// </summary>
    /// <param name="pass">Scope of the pass.</param>
    /// <param name="crossEntropy">Undivided cross entropy.</param>
    /// <param name="share">The minimised share of it.</param>
    /// <param name="penalty">The penalty, or null.</param>
    internal void Backward(TensorScope pass, Tensor crossEntropy, Tensor share, Func<Tensor>? penalty)
    {
        var loss = penalty is null ? share : share + penalty();
        loss.backward();
        Add(pass, crossEntropy, loss);
    }

    /// <summary>
    /// Cross entropy of every pass and the sum of all shares. Synchronises with the device once.
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
