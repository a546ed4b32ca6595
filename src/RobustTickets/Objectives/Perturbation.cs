// The perturbation delta of one step: a leaf [T, H] that passes add to their word embeddings. Start and ascent are those of spec 4.2, 4.3, 15.1 and 15.2; every
// adversarial objective uses this one, so PGD, FreeLB and InfoBERT differ only in what they do with the gradients.
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.Kernels;

namespace RobustTickets.Objectives;

/// <summary>How far and in which norm an adversary moves.</summary>
/// <param name="StepSize">Length of one ascent step.</param>
/// <param name="InitMagnitude">Size of the random start; 0 starts at the clean input.</param>
/// <param name="MaxNorm">Radius of the ball; 0 leaves it unbounded.</param>
/// <param name="Norm">Norm of start, step and projection.</param>
internal readonly record struct PerturbationSizes(double StepSize, double InitMagnitude, double MaxNorm, PerturbationNorm Norm)
{
    internal bool Linf => Norm != PerturbationNorm.L2;
}

/// <summary>The perturbation of one step.</summary>
internal sealed class Perturbation
{
    private const long Site = 1_000_003;
    private readonly PackedBatch _batch;
    private readonly PerturbationSizes _sizes;

    private Perturbation(PackedBatch batch, PerturbationSizes sizes, Tensor delta) => (_batch, _sizes, Delta) = (batch, sizes, delta);

    /// <summary>The leaf [T, H].</summary>
    internal Tensor Delta { get; }

    /// <summary>Draws the start of a step.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="hidden">H.</param>
    /// <param name="sizes">Sizes and norm.</param>
    /// <param name="step">Key of the step.</param>
    /// <param name="noise">Uniform numbers in [-1, 1) of shape [T, H]; null draws them from the key, each by its example, token and feature.</param>
    internal static Perturbation Start(PackedBatch batch, int hidden, PerturbationSizes sizes, RandomKey step, Func<PackedBatch, Tensor>? noise)
    {
        long[] shape = [batch.Tokens, hidden];
        if (sizes.InitMagnitude == 0) return new Perturbation(batch, sizes, torch.zeros(shape));
        Tensor delta;
        if (noise is not null)
        {
            delta = noise(batch);
        }
        else
        {
            delta = torch.empty(shape);
            KeyedMask.UniformSigned(delta, TokenKeys(batch, step.Derive(Site)));
        }
        PerturbationKernel.Start(delta, batch.Offsets, sizes.InitMagnitude, sizes.Linf);
        return new Perturbation(batch, sizes, delta);
    }

    /// <summary>Moves along a gradient [T, H], projects, and forgets the leaf's own gradient.</summary>
    internal void Ascend(Tensor gradient)
    {
        PerturbationKernel.Ascend(Delta, gradient, _batch.Offsets, _sizes.StepSize, _sizes.MaxNorm, _sizes.Linf, _sizes.Norm == PerturbationNorm.LinfSign);
        Delta.grad = null;
    }

    private static RandomKey[] TokenKeys(PackedBatch batch, RandomKey site)
    {
        var keys = new RandomKey[batch.Tokens];
        for (var b = 0; b < batch.Count; b++)
        {
            var example = site.Derive(batch.ExampleIds[b]);
            for (int i = 0, row = batch.Offsets[b]; row < batch.Offsets[b + 1]; i++, row++) keys[row] = example.Derive(i);
        }
        return keys;
    }
}
