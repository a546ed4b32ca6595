// FreeLB (spec 5, 15.5; Hugging Face version, as EarlyRobust, RobusT and TextDefender run it): K passes on word embeddings + delta, parameter
// gradients of all passes add up, delta climbs between them. A penalty joins the last pass alone, undivided, so the adversary never sees it.
// Deviations are options: count K+1 (fairseq), shared dropout masks (FreeLB's own code), token types dropped (released scripts).
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.Kernels;

namespace RobustTickets.Objectives;

/// <summary>The FreeLB objective.</summary>
/// <param name="options">Steps, sizes and switches.</param>
/// <param name="noise">
/// Uniform numbers in [-1, 1) of shape [T, H] that start the perturbation; null draws them from the step's key. Tests hand in recorded noise.
/// </param>
public sealed class FreeLb(FreeLbOptions options, Func<PackedBatch, Tensor>? noise = null) : IObjective
{
    private const long PerturbationSite = 1_000_003;

    /// <inheritdoc/>
    public ObjectiveResult Accumulate(BertForSequenceClassification model, BertInputs inputs, RandomKey step, Func<Tensor>? penalty)
    {
        using var scope = torch.scope();
        var linf = options.Norm == PerturbationNorm.Linf;
        var passes = options.Count == FreeLbCount.K ? options.Steps : options.Steps + 1;
        var delta = Start(model, inputs.Batch, step, linf); // [T, H]
        var losses = new double[passes];
        var total = 0.0;
        for (var t = 0; t < passes; t++)
        {
            var last = t == passes - 1;
            delta.requires_grad_(!last);
            using var pass = torch.scope();
            var key = step.Derive(options.SyncDropout ? 0L : t);
            var logits = model.Forward(inputs, new PassOptions(true, key, delta, options.PassTokenTypeIds));
            var crossEntropy = BertForSequenceClassification.Loss(logits, inputs);
            var loss = crossEntropy / passes;
            if (last && penalty is not null) loss = loss + penalty();
            loss.backward();
            losses[t] = crossEntropy.item<float>();
            total += loss.item<float>();
            if (last) continue;
            PerturbationKernel.Ascend(delta, delta.grad!, inputs.Batch.Offsets, options.StepSize, options.MaxNorm, linf);
            delta.grad = null;
        }
        return new ObjectiveResult(total, losses, new PassCounts(passes, passes, passes));
    }

    private Tensor Start(BertForSequenceClassification model, PackedBatch batch, RandomKey step, bool linf)
    {
        long[] shape = [batch.Tokens, model.Config.Hidden];
        if (options.InitMagnitude == 0) return torch.zeros(shape);
        Tensor delta;
        if (noise is not null)
        {
            delta = noise(batch);
        }
        else
        {
            delta = torch.empty(shape);
            KeyedMask.UniformSigned(delta, TokenKeys(batch, step.Derive(PerturbationSite)));
        }
        PerturbationKernel.Start(delta, batch.Offsets, options.InitMagnitude, linf);
        return delta;
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
