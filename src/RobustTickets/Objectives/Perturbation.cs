// The perturbation delta of one step: a leaf [T, H] added to the word embeddings
// (docs/methods/training.md, Perturbations of embeddings). All adversarial objectives share it, so
// PGD, FreeLB and InfoBERT differ only in their use of the gradients.
using RobustTickets.Kernels.Optim;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Objectives;

/// <summary>Step size, norm and radius of an adversary.</summary>
/// <param name="StepSize">Length of one ascent step.</param>
/// <param name="InitMagnitude">Size of the random start; 0 starts at the clean input.</param>
/// <param name="MaxNorm">Radius of the ball; 0 leaves it unbounded.</param>
/// <param name="Norm">Norm of start, step and projection.</param>
internal readonly record struct PerturbationSizes(
    double StepSize,
    double InitMagnitude,
    double MaxNorm,
    PerturbationNorm Norm
)
{
    internal bool Linf => Norm != PerturbationNorm.L2;
}

/// <summary>The perturbation of one step.</summary>
internal sealed class Perturbation
{
    private readonly BertInputs _inputs;
    private readonly PerturbationSizes _sizes;

    private Perturbation(BertInputs inputs, PerturbationSizes sizes, Tensor delta) =>
        (_inputs, _sizes, Delta) = (inputs, sizes, delta);

    /// <summary>The leaf [T, H].</summary>
    internal Tensor Delta { get; }

    /// <summary>Initialises the perturbation of a step.</summary>
    /// <param name="inputs">The batch; the perturbation is created on its device.</param>
    /// <param name="hidden">H.</param>
    /// <param name="sizes">Sizes and norm.</param>
    /// <param name="step">Random key of the step.</param>
    /// <param name="noise">Uniform numbers in [-1, 1), shape [T, H]; null draws them from the key,
    /// each by its example, token and feature.</param>
    internal static Perturbation Start(
        BertInputs inputs,
        int hidden,
        PerturbationSizes sizes,
        RandomKey step,
        Func<PackedBatch, Tensor>? noise
    )
    {
        var (batch, device) = (inputs.Batch, inputs.Ids.device);
        long[] shape = [batch.Tokens, hidden];
        if (sizes.InitMagnitude == 0)
            return new Perturbation(inputs, sizes, torch.zeros(shape, DType.Float32, device));
        var delta = noise is not null
            ? noise(batch).to(device)
            : KeyedTensors.UniformSigned(
                TokenKeys(batch, step.Derive(RandomStreams.Step.Perturbation)),
                hidden,
                device
            );
        if (inputs.Layout is { } layout)
            PerturbationOperators.Start(delta, batch, layout, sizes.InitMagnitude, sizes.Linf);
        else
            PerturbationKernel.Start(delta, batch.Offsets, sizes.InitMagnitude, sizes.Linf);
        return new Perturbation(inputs, sizes, delta);
    }

    /// <summary>
    /// Takes a step along a gradient [T, H], projects, and clears the leaf's own gradient.
    /// </summary>
    internal void Ascend(Tensor gradient)
    {
        var sign = _sizes.Norm == PerturbationNorm.LinfSign;
        if (_inputs.Layout is { } layout)
            PerturbationOperators.Ascend(Delta, gradient, layout, _sizes.StepSize, _sizes.MaxNorm, _sizes.Linf, sign);
        else
            PerturbationKernel.Ascend(
                Delta,
                gradient,
                _inputs.Batch.Offsets,
                _sizes.StepSize,
                _sizes.MaxNorm,
                _sizes.Linf,
                sign
            );
        Delta.grad = null;
    }

    private static RandomKey[] TokenKeys(PackedBatch batch, RandomKey site)
    {
        var keys = new RandomKey[batch.Tokens];
        for (var b = 0; b < batch.Count; b++)
        {
            var example = site.Derive(batch.ExampleIds[b]);
            for (int i = 0, row = batch.Offsets[b]; row < batch.Offsets[b + 1]; i++, row++)
                keys[row] = example.Derive(i);
        }
        return keys;
    }
}
