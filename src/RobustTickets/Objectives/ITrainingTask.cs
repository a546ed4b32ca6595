using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Objectives;

/// <summary>Model, batches and objective of a training loop.</summary>
internal interface ITrainingTask
{
    /// <summary>The parameters.</summary>
    ParameterStore Store { get; }

    /// <summary>Model configuration.</summary>
    BertConfig Config { get; }

    /// <summary>Steps per epoch, including a smaller last batch.</summary>
    long StepsPerEpoch { get; }

    /// <summary>
    /// Enables gradients of the parameters that <paramref name="wanted"/> accepts.
    /// </summary>
    void Train(Func<string, bool> wanted);

    /// <summary>Runs all passes of one step and accumulates their gradients.</summary>
    /// <param name="step">The step, from 0, counted over epochs.</param>
    /// <param name="key">Random key of this step.</param>
    /// <param name="penalty">Added once, undivided, to the last pass, or null.</param>
    /// <param name="layerDone">Called in the last backward with each layer whose gradients are
    /// final, from the last layer down, if the task supports it; or null.</param>
    /// <returns>The batch and the result of the objective.</returns>
    (PackedBatch Batch, ObjectiveResult Result) Accumulate(
        long step,
        RandomKey key,
        Func<Tensor>? penalty,
        Action<int>? layerDone
    );
}
