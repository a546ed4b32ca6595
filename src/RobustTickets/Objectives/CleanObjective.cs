using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Objectives;

/// <summary>Plain cross entropy, one pass.</summary>
internal sealed class CleanObjective : IObjective
{
    /// <inheritdoc/>
    public ObjectiveResult Accumulate(
        BertForSequenceClassification model,
        BertInputs inputs,
        RandomKey step,
        Func<Tensor>? penalty
    )
    {
        using var scope = torch.scope();
        var loss = model.Loss(
            inputs,
            new PassOptions(Training: true, step.Derive(0L)) { LayerDone = inputs.Loss.LayerDone }
        );
        var log = new LossLog();
        log.Backward(scope, loss, loss, penalty);
        var (losses, sum) = log.Read();
        return new ObjectiveResult(sum, losses, new PassCounts(1, 1, 1));
    }
}
