using RobustTickets.Augmentation;
using RobustTickets.Kernels;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Training;

/// <summary>A classifier, its training examples, and what is minimised on them.</summary>
/// <param name="model">The network.</param>
/// <param name="objective">What a step minimises.</param>
/// <param name="examples">Training examples.</param>
/// <param name="sampler">Which of them make up a step.</param>
/// <param name="augmentation">What happens to their texts, or null.</param>
internal sealed class ClassifierTask(
    BertForSequenceClassification model,
    IObjective objective,
    IReadOnlyList<EncodedExample> examples,
    BatchSampler sampler,
    TextAugmentation? augmentation = null
) : ITrainingTask
{
    /// <inheritdoc/>
    public ParameterStore Store => model.Store;

    /// <inheritdoc/>
    public BertConfig Config => model.Config;

    /// <inheritdoc/>
    public long StepsPerEpoch => sampler.StepsPerEpoch;

    /// <inheritdoc/>
    public void Train(Func<string, bool> wanted) => model.Train(wanted);

    /// <inheritdoc/>
    public (PackedBatch Batch, ObjectiveResult Result) Accumulate(long step, RandomKey key, Func<Tensor>? penalty)
    {
        var (batch, inputs) = Prepare(step, key);
        return (batch, objective.Accumulate(model, inputs, key, penalty));
    }

    private (PackedBatch, BertInputs) Prepare(long step, RandomKey key)
    {
        using var clock = KernelClock.In(KernelPart.Data);
        var indices = sampler.Batch(step);
        var batch = PackedBatch.From(augmentation?.Batch(indices, examples, key) ?? Pick(indices));
        return (batch, model.Prepare(batch, training: true));
    }

    private EncodedExample[] Pick(ReadOnlySpan<int> indices)
    {
        var picked = new EncodedExample[indices.Length];
        for (var i = 0; i < picked.Length; i++)
            picked[i] = examples[indices[i]];
        return picked;
    }
}
