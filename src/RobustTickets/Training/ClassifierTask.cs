using RobustTickets.Augmentation;
using RobustTickets.Kernels;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Training;

/// <summary>Optional parts of a classifier's training task.</summary>
/// <param name="Augmentation">Text augmentation, or null.</param>
/// <param name="Teacher">Teacher of distillation, or null.</param>
/// <param name="Ranks">This rank's share of a batch.</param>
internal sealed record TaskExtras(
    TextAugmentation? Augmentation = null,
    Teacher? Teacher = null,
    RankShare? Ranks = null
);

/// <summary>Training task of a classifier: model, examples and objective.</summary>
/// <param name="model">The network.</param>
/// <param name="objective">The training objective.</param>
/// <param name="examples">Training examples.</param>
/// <param name="sampler">Selects the examples of each step.</param>
/// <param name="extras">Augmentation, teacher, batch share; or null.</param>
internal sealed class ClassifierTask(
    BertForSequenceClassification model,
    IObjective objective,
    IReadOnlyList<EncodedExample> examples,
    BatchSampler sampler,
    TaskExtras? extras = null
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
    public (PackedBatch Batch, ObjectiveResult Result) Accumulate(
        long step,
        RandomKey key,
        Func<Tensor>? penalty,
        Action<int>? layerDone
    )
    {
        var beside = default(PassesBeside);
        var whole = sampler.Batch(step);
        var own = (extras?.Ranks ?? RankShare.Whole).In(whole, i => examples[i].Ids.Length);
        if (own.Length == 0)
            return (PackedBatch.Empty, new ObjectiveResult(0, [], new PassCounts(0, 0, 0)));
        var chosen = Choose(own, step, key, ref beside);
        var batch = Pack(chosen);
        var teacher = extras?.Teacher?.Ask(batch);
        if (teacher is not null)
            beside = beside.And(1, extras!.Teacher!.Flops(batch));
        var loss = new StepLoss(
            LossTerms.Of(extras?.Augmentation?.Consistency ?? 0, teacher),
            (double)own.Length / whole.Length,
            // Masked weights are non-leaf tensors: their gradients are not final when the layer's
            // backward returns.
            model.Encoder.Masks
                is null
                ? layerDone
                : null
        );
        var inputs = Prepare(batch, loss);
        return (batch, objective.Accumulate(model, inputs, key, penalty) with { Beside = beside });
    }

    private EncodedExample[] Choose(int[] indices, long step, RandomKey key, ref PassesBeside beside)
    {
        if (extras?.Augmentation is not { } augmentation)
            return Pick(indices);
        var candidates = augmentation.Candidates(step);
        if (candidates > 1)
        {
            var hardest = HardestTexts.Pick(model, augmentation, indices, examples, key, candidates, out var flops);
            beside = beside.And(candidates, flops);
            return augmentation.Batch(indices, examples, hardest);
        }
        using var clock = KernelClock.In(KernelPart.Data);
        return augmentation.Batch(indices, examples, augmentation.Changed(indices, examples, key));
    }

    private static PackedBatch Pack(EncodedExample[] chosen)
    {
        using var clock = KernelClock.In(KernelPart.Data);
        return PackedBatch.From(chosen);
    }

    private BertInputs Prepare(PackedBatch batch, StepLoss loss)
    {
        using var clock = KernelClock.In(KernelPart.Data);
        return model.Prepare(batch, training: true, loss);
    }

    private EncodedExample[] Pick(int[] indices) => Array.ConvertAll(indices, i => examples[i]);
}
