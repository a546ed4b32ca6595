// Masked language modelling (BERT, section 3.1): cross entropy of the original tokens at the
// selected positions, one pass.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Objectives;

/// <summary>One masked batch.</summary>
/// <param name="Batch">Packed tokens after masking.</param>
/// <param name="Rows">[M] packed rows to predict.</param>
/// <param name="Targets">[M] the original token ids.</param>
/// <param name="Share">This rank's share of the targets of all ranks.</param>
internal sealed record MaskedBatch(PackedBatch Batch, long[] Rows, long[] Targets, double Share = 1)
{
    /// <summary>A batch without examples and targets.</summary>
    public static MaskedBatch Empty { get; } = new(PackedBatch.Empty, [], []);
}

/// <summary>Masked-language-model training of a network.</summary>
/// <param name="model">The network.</param>
/// <param name="stepsPerEpoch">Steps per epoch.</param>
/// <param name="batches">Returns the batch of a step.</param>
internal sealed class MaskedLanguageModel(BertForMaskedLM model, long stepsPerEpoch, Func<long, MaskedBatch> batches)
    : ITrainingTask
{
    /// <inheritdoc/>
    public ParameterStore Store => model.Store;

    /// <inheritdoc/>
    public BertConfig Config => model.Encoder.Config;

    /// <inheritdoc/>
    public long StepsPerEpoch => stepsPerEpoch;

    /// <inheritdoc/>
    public void Train(Func<string, bool> wanted) => model.Store.RequireGradient(wanted);

    /// <summary>
    /// Runs one step. A batch of few, short examples may have no targets: it then runs no pass, and
    /// its loss is NaN.
    /// </summary>
    /// <inheritdoc/>
    public (PackedBatch Batch, ObjectiveResult Result) Accumulate(
        long step,
        RandomKey key,
        Func<Tensor>? penalty,
        Action<int>? layerDone
    )
    {
        var masked = batches(step);
        if (masked.Rows.Length == 0)
            return (masked.Batch, new ObjectiveResult(double.NaN, [], new PassCounts(0, 0, 0)));
        var inputs = model.Prepare(masked.Batch, training: true);
        var rows = torch.tensor<long>(masked.Rows, masked.Rows.Length);
        var targets = torch.tensor<long>(masked.Targets, masked.Targets.Length);
        var scores = model.Forward(inputs, rows, new PassOptions(Training: true, key) { LayerDone = layerDone });
        var mean = torch.nn.functional.cross_entropy(scores, targets);
        if (masked.Share != 1)
            mean = mean * masked.Share;
        var total = penalty is null ? mean : mean + penalty();
        total.backward();
        double crossEntropy = mean.item<float>();
        return (
            masked.Batch,
            new ObjectiveResult(
                penalty is null ? crossEntropy : total.item<float>(),
                [crossEntropy],
                new PassCounts(1, 1, 1)
            )
        );
    }
}
