// Online adversarial substitution: of k random changes of each text, the one with the highest loss
// is trained on. One forward pass over all of them, without dropout and gradients.
using RobustTickets.Augmentation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Training;

/// <summary>Selects the hardest change of each text.</summary>
internal static class HardestTexts
{
    /// <summary>Returns the candidate change with the highest loss for each example.</summary>
    /// <param name="model">The network in its current state.</param>
    /// <param name="augmentation">Generates the changes.</param>
    /// <param name="indices">Indices of the examples.</param>
    /// <param name="examples">All original examples, tokenised.</param>
    /// <param name="step">Random key of the step.</param>
    /// <param name="candidates">Number of changes per example.</param>
    /// <param name="flops">FLOPs of the search.</param>
    public static EncodedExample[] Pick(
        BertForSequenceClassification model,
        TextAugmentation augmentation,
        ReadOnlySpan<int> indices,
        IReadOnlyList<EncodedExample> examples,
        RandomKey step,
        int candidates,
        out double flops
    )
    {
        var made = new EncodedExample[candidates * indices.Length];
        for (var c = 0; c < candidates; c++)
            augmentation.Changed(indices, examples, step, c).CopyTo(made, c * indices.Length);
        var batch = PackedBatch.From(made);
        flops = FlopCount.Forward(model.Config, batch);
        var losses = Losses(model, batch);
        var hardest = new EncodedExample[indices.Length];
        for (var i = 0; i < hardest.Length; i++)
        {
            var best = i;
            for (var at = i; at < made.Length; at += hardest.Length)
            {
                if (losses[at] > losses[best])
                    best = at;
            }
            hardest[i] = made[best];
        }
        return hardest;
    }

    private static float[] Losses(BertForSequenceClassification model, PackedBatch batch)
    {
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var inputs = model.Prepare(batch, training: false);
        var logits = model.Forward(inputs, PassOptions.Evaluation);
        return functional.cross_entropy(logits, inputs.Labels, Reduction.None).to_array();
    }
}
