// FreeLB (docs/methods/freelb.md; Hugging Face's version, as EarlyRobust, RobusT and TextDefender
// run it): K passes on word embeddings + delta. Parameter gradients accumulate over the passes;
// delta takes a gradient ascent step between them. Deviations are options.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Objectives;

/// <summary>The FreeLB objective.</summary>
/// <param name="options">Steps, sizes and switches.</param>
/// <param name="noise">
/// Uniform numbers in [-1, 1), shape [T, H], that initialise the perturbation; null draws them from
/// the step's key. Tests pass recorded noise.
/// </param>
internal sealed class FreeLb(FreeLbOptions options, Func<PackedBatch, Tensor>? noise = null) : IObjective
{
    private readonly PerturbationSizes _sizes = new(
        options.StepSize,
        options.InitMagnitude,
        options.MaxNorm,
        options.Norm
    );

    /// <inheritdoc/>
    public ObjectiveResult Accumulate(
        BertForSequenceClassification model,
        BertInputs inputs,
        RandomKey step,
        Func<Tensor>? penalty
    )
    {
        using var scope = torch.scope();
        var passes = options.Count == FreeLbCount.K ? options.Steps : options.Steps + 1;
        var perturbation = Perturbation.Start(inputs, model.Config.Hidden, _sizes, step, noise);
        var delta = perturbation.Delta;
        var log = new LossLog();
        for (var t = 0; t < passes; t++)
        {
            var last = t == passes - 1;
            delta.requires_grad_(!last);
            using var pass = torch.scope();
            var key = step.Derive(options.SyncDropout ? 0L : t);
            var crossEntropy = model.Loss(
                inputs,
                new PassOptions(Training: true, key, delta, options.PassTokenTypeIds)
                {
                    GateKey = step.Derive(t),
                    LayerDone = last ? inputs.Loss.LayerDone : null,
                }
            );
            // The penalty joins the last pass only: no gradient of it reaches delta.
            log.Backward(pass, crossEntropy, crossEntropy / passes, last ? penalty : null);
            if (!last)
                perturbation.Ascend(delta.grad!);
        }
        var (losses, total) = log.Read();
        return new ObjectiveResult(total, losses, new PassCounts(passes, passes, passes));
    }
}
