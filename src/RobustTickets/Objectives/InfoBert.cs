// InfoBERT (Wang et al. 2021; docs/methods/infobert.md): FreeLB's K passes with two regularisers in
// each: an upper bound UB that is minimised and contributes to delta's gradient, and a lower bound
// LB that is maximised by a second backward without effect on delta.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Objectives;

/// <summary>
/// The InfoBERT objective. The model's store must contain a critic
/// (<see cref="ObjectiveParameters.Attach"/>).
/// </summary>
/// <param name="options">Steps, sizes, weights and switches.</param>
/// <param name="noise">
/// Uniform numbers in [-1, 1), shape [T, H], that initialise the perturbation; null draws them from
/// the step's key.
/// </param>
internal sealed class InfoBert(InfoBertOptions options, Func<PackedBatch, Tensor>? noise = null) : IObjective
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
        var perturbation = Perturbation.Start(inputs, model.Config.Hidden, _sizes, step, noise);
        var log = new LossLog();
        var backward = 0;
        for (var t = 0; t < options.Steps; t++)
        {
            using var pass = torch.scope();
            var last = t == options.Steps - 1;
            perturbation.Delta.requires_grad_(true); // also in the last pass: it ranks the tokens
            var states = Forward(model, inputs, perturbation.Delta, step, t);
            var crossEntropy = BertForSequenceClassification.Loss(states.Logits, inputs);
            var loss =
                (
                    crossEntropy
                    + (
                        InfoBertTerms.UpperBound(states.Embedded, InfoBertTerms.Partners(step, t, inputs.Batch.Tokens))
                        * (options.Beta * inputs.Loss.Share)
                    )
                ) / options.Steps;
            if (last && penalty is not null)
                loss = loss + penalty();
            loss.backward(retain_graph: options.Alpha != 0);
            log.Add(pass, crossEntropy, loss);
            backward++;
            var gradient = perturbation.Delta.grad!.clone(); // of CE and UB only: LB must not affect delta
            if (
                options.Alpha != 0
                && AnchoredLoss(model, inputs, states, gradient, InfoBertTerms.Order(step, t)) is { } anchored
            )
            {
                anchored.backward();
                log.Add(pass, null, anchored);
                backward++;
            }
            if (!last)
                perturbation.Ascend(gradient);
        }
        var (losses, total) = log.Read();
        return new ObjectiveResult(total, losses, new PassCounts(options.Steps, backward, backward));
    }

    /// <summary>
    /// -alpha LB / K: the mean over chunks of shuffled pairs; null when the examples are too short
    /// for any token to be selected.
    /// </summary>
    private Tensor? AnchoredLoss(
        BertForSequenceClassification model,
        BertInputs inputs,
        States states,
        Tensor gradient,
        RandomKey order
    )
    {
        var batch = inputs.Batch;
        var pairs = InfoBertTerms.Select(
            batch,
            gradient.host<float>(),
            model.Config.Hidden,
            options.LowShare,
            options.HighShare
        );
        if (pairs.Count == 0)
            return null;
        var chunks = order
            .Permutation(pairs.Count)
            .Select(i => pairs[i])
            .Chunk(batch.Count)
            .Select(chunk =>
                InfoBertTerms.LowerBound(
                    model.Store,
                    states.Embedded.index_select(
                        0,
                        torch.vector(Array.ConvertAll(chunk, p => (long)p.Row), gradient.device)
                    ),
                    states.Top.index_select(
                        0,
                        torch.vector(Array.ConvertAll(chunk, p => (long)p.Example), gradient.device)
                    )
                )
            )
            .ToArray();
        return torch.stack(chunks).mean() * (-options.Alpha * inputs.Loss.Share / options.Steps);
    }

    private States Forward(BertForSequenceClassification model, BertInputs inputs, Tensor delta, RandomKey step, int t)
    {
        Tensor? embedded = null,
            top = null;
        var last = $"hidden.{model.Config.Layers}";
        var logits = model.Forward(
            inputs,
            new PassOptions(
                Training: true,
                step.Derive(options.SyncDropout ? 0L : t),
                delta,
                options.PassTokenTypeIds,
                (name, state) =>
                {
                    if (name == "hidden.0")
                        embedded = state;
                    else if (name == last)
                        top = state;
                }
            )
            {
                GateKey = step.Derive(t),
            }
        );
        // The execution may have computed the last layer for [CLS] rows only.
        if (top!.shape[0] != inputs.Batch.Count)
            top = top.index_select(0, inputs.ClsRows);
        return new States(logits, embedded!, top);
    }

    /// <summary>Outputs of a pass.</summary>
    /// <param name="Logits">[B, C].</param>
    /// <param name="Embedded">Embedding output [T, H].</param>
    /// <param name="Top">[CLS] in the last layer [B, H].</param>
    private sealed record States(Tensor Logits, Tensor Embedded, Tensor Top);
}
