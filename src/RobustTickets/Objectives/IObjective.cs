using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Objectives;

/// <summary>What one step's objective did.</summary>
/// <param name="Loss">The minimised value: cross entropy of the passes that train (their mean),
/// plus what the objective and any penalty add.</param>
/// <param name="PassLosses">Undivided cross entropy of every pass, in order.</param>
/// <param name="Passes">Pass counts.</param>
internal sealed record ObjectiveResult(double Loss, IReadOnlyList<double> PassLosses, PassCounts Passes)
{
    /// <summary>Forward passes of the step beside the objective's.</summary>
    public PassesBeside Beside { get; init; }
}

/// <summary>Forward passes that choose or judge texts: a search, a teacher.</summary>
/// <param name="Forward">Passes over the examples of a step.</param>
/// <param name="Flops">Their floating-point operations.</param>
internal readonly record struct PassesBeside(int Forward, double Flops)
{
    /// <summary>These and some more.</summary>
    public PassesBeside And(int forward, double flops) => new(Forward + forward, Flops + flops);
}

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
