using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Objectives;

/// <summary>What the training loop works on: a network, its batches, and an objective.</summary>
internal interface ITrainingTask
{
    /// <summary>The parameters.</summary>
    ParameterStore Store { get; }

    /// <summary>Shape of the network.</summary>
    BertConfig Config { get; }

    /// <summary>Steps in one epoch, the last and smaller batch included.</summary>
    long StepsPerEpoch { get; }

    /// <summary>
    /// Records gradients of the parameters that <paramref name="wanted"/> accepts.
    /// </summary>
    void Train(Func<string, bool> wanted);

    /// <summary>Runs all passes of one step and accumulates their gradients.</summary>
    /// <param name="step">The step, from 0, counted over epochs.</param>
    /// <param name="key">Key of this step.</param>
    /// <param name="penalty">Added once, undivided, to the last pass, or null.</param>
    /// <param name="layerDone">Told in the last backward of each layer whose gradients are whole,
    /// from the last down, where the task knows; or null.</param>
    /// <returns>The batch and what was done with it.</returns>
    (PackedBatch Batch, ObjectiveResult Result) Accumulate(
        long step,
        RandomKey key,
        Func<Tensor>? penalty,
        Action<int>? layerDone
    );
}
