using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Objectives;

/// <summary>What one step's objective did.</summary>
/// <param name="Loss">The minimised value: cross entropy of the passes that train (their mean),
/// plus what the objective and any penalty add.</param>
/// <param name="PassLosses">Undivided cross entropy of every pass, in order.</param>
/// <param name="Passes">Pass counts.</param>
internal sealed record ObjectiveResult(double Loss, IReadOnlyList<double> PassLosses, PassCounts Passes);

/// <summary>
/// What a stage minimises. It owns its passes: calling it leaves the gradients of the whole step in
/// the model's parameters, ready for clipping.
/// </summary>
internal interface IObjective
{
    /// <summary>Runs all passes of one step and accumulates their gradients.</summary>
    /// <param name="model">The network.</param>
    /// <param name="inputs">The batch, prepared for training.</param>
    /// <param name="step">Key of this step; passes derive theirs from it.</param>
    /// <param name="penalty">Added once, undivided, to the last pass; the adversary never sees it
    /// (EarlyRobust eq. 7). May be null.</param>
    ObjectiveResult Accumulate(
        BertForSequenceClassification model,
        BertInputs inputs,
        RandomKey step,
        Func<Tensor>? penalty
    );
}

/// <summary>Makes objectives from their options.</summary>
internal static class ObjectiveFactory
{
    /// <summary>The objective of some options.</summary>
    public static IObjective Create(ObjectiveOptions options) =>
        options switch
        {
            CleanOptions => new CleanObjective(),
            PgdOptions pgd => new Pgd(pgd),
            FreeLbOptions freelb => new FreeLb(freelb),
            InfoBertOptions infobert => new InfoBert(infobert),
            _ => throw new ArgumentException($"no objective implements {options.GetType().Name}"),
        };
}
