// Gradients of RobusT's mask search: clips the adversarial loss's gradients, then adds lambda(t)
// dR/da, which is not clipped; AdamW updates only the scores. The authors' code never freezes the
// network: its stale gradients accumulate and enter the clipping norm (docs/methods/robust.md).
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Tickets;
using RobustTickets.Torch.optim;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Clipping and penalty of a mask search.</summary>
/// <param name="model">The masked network.</param>
/// <param name="masks">Its masks.</param>
/// <param name="options">lambda and its ramp.</param>
/// <param name="total">Number of steps T of the search, the unit of the ramp.</param>
/// <param name="freezeBase">Whether the network is frozen; false reproduces the authors' gradient
/// leak.</param>
internal sealed class MaskGradients(
    BertForSequenceClassification model,
    HardConcreteMasks masks,
    HardConcreteOptions options,
    double total,
    bool freezeBase
) : IGradientRule
{
    /// <summary>lambda in the last step.</summary>
    public double Lambda { get; private set; }

    /// <summary>Parameters whose gradients persist across steps: none in a frozen search.</summary>
    public IEnumerable<string> Leaking =>
        freezeBase
            ? []
            : model.Store.Names.Where(name => !BertParameters.IsMaskScores(name) && !InfoBertCritic.Owns(name));

    /// <inheritdoc/>
    public bool Records(string name) => !freezeBase;

    /// <inheritdoc/>
    public GradientNorm Apply(AdamW optimizer, OptimizerOptions clip, long done)
    {
        var norm = optimizer.MeasureNorm(clip.Clip == ClipMode.Norm ? clip.ClipValue : 0, Leaking);
        if (clip.Clip == ClipMode.Value)
            optimizer.ClampGradients(clip.ClipValue);
        foreach (var name in Leaking)
        {
            if (model.Store[name].grad is { } gradient)
                gradient.mul_(norm.Factor);
        }
        Lambda = options.PenaltyAt(done + 1, total);
        masks.AddPenaltyGradient(Lambda, norm.Factor);
        return norm with { Factor = 1f };
    }

    /// <inheritdoc/>
    public void Clear()
    {
        if (freezeBase)
            model.Store.ClearGradients();
        else
            foreach (
                var name in model.Store.Names.Where(name =>
                    BertParameters.IsMaskScores(name) || InfoBertCritic.Owns(name)
                )
            )
                model.Store[name].grad = null;
    }
}
