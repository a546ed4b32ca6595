// PGD on word embeddings (Madry et al. 2018; docs/methods/pgd.md): K ascent steps on delta, then
// one pass at the final delta, whose parameter gradients are the step's. K + 1 passes.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Objectives;

/// <summary>
/// The PGD objective. K = 0 is one pass at the random start; without a start it is plain cross
/// entropy.
/// </summary>
/// <param name="options">Steps, sizes and switches.</param>
/// <param name="noise">
/// Uniform numbers in [-1, 1), shape [T, H], that initialise the perturbation; null draws them from
/// the step's key. Tests pass recorded noise.
/// </param>
internal sealed class Pgd(PgdOptions options, Func<PackedBatch, Tensor>? noise = null) : IObjective
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
        if (options.Steps > 0)
        {
            // The ascent steps must not change parameter gradients. Either these are not computed
            // (FreeLB's `std_adv_train_step`) or computed and discarded (TextDefender's); the
            // trajectory is the same.
            using IDisposable aside = options.DeltaGradOnly
                ? new FrozenParameters(model, inputs)
                : new GradientsPutAside(model, inputs);
            for (var t = 0; t < options.Steps; t++)
                Ascend(model, inputs, perturbation, Pass(step, t, perturbation.Delta), log);
        }
        using var pass = torch.scope();
        perturbation.Delta.requires_grad_(false);
        var trained = Pass(step, options.Steps, perturbation.Delta);
        var crossEntropy = model.Loss(inputs, trained with { LayerDone = inputs.Loss.LayerDone });
        log.Backward(pass, crossEntropy, crossEntropy, penalty);
        var passes = options.Steps + 1;
        var (losses, total) = log.Read();
        return new ObjectiveResult(total, losses, new PassCounts(passes, passes, options.DeltaGradOnly ? 1 : passes));
    }

    private PassOptions Pass(RandomKey step, int pass, Tensor delta) =>
        new(Training: true, step.Derive(options.SyncDropout ? 0L : pass), delta, options.PassTokenTypeIds)
        {
            GateKey = step.Derive(pass),
        };

    private static void Ascend(
        BertForSequenceClassification model,
        BertInputs inputs,
        Perturbation perturbation,
        PassOptions pass,
        LossLog log
    )
    {
        using var scope = torch.scope();
        perturbation.Delta.requires_grad_(true);
        var loss = model.Loss(inputs, pass);
        loss.backward();
        perturbation.Ascend(perturbation.Delta.grad!);
        log.Add(scope, loss, null);
    }

    /// <summary>
    /// Discards parameter gradients computed until it is disposed, and restores the earlier ones.
    /// </summary>
    private sealed class GradientsPutAside : IDisposable
    {
        private readonly List<(Tensor Parameter, Tensor? Before)> _aside = [];
        private readonly ParameterStore _store;

        internal GradientsPutAside(BertForSequenceClassification model, BertInputs inputs)
        {
            _store = model.Store;
            foreach (var parameter in FrozenParameters.Of(model, inputs))
            {
                _aside.Add((parameter, parameter.grad));
                parameter.grad = null;
            }
        }

        public void Dispose()
        {
            foreach (var name in _store.Names)
                _store.ClearGradient(name); // keeps the memory for the training pass
            foreach (var (parameter, before) in _aside)
                parameter.grad = before;
        }
    }
}
