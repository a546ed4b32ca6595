using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Objectives;

/// <summary>Result of one step's objective.</summary>
/// <param name="Loss">The minimised value: mean cross entropy of the training passes, plus
/// regularisers and any penalty.</param>
/// <param name="PassLosses">Undivided cross entropy of every pass, in order.</param>
/// <param name="Passes">Pass counts.</param>
internal sealed record ObjectiveResult(double Loss, IReadOnlyList<double> PassLosses, PassCounts Passes)
{
    /// <summary>Forward passes of the step outside the objective.</summary>
    public PassesBeside Beside { get; init; }
}

/// <summary>
/// Forward passes outside the objective: a search for substitute texts, a teacher.
/// </summary>
/// <param name="Forward">Forward passes over the examples of a step.</param>
/// <param name="Flops">Their floating-point operations.</param>
internal readonly record struct PassesBeside(int Forward, double Flops)
{
    /// <summary>These passes and the given ones.</summary>
    public PassesBeside And(int forward, double flops) => new(Forward + forward, Flops + flops);
}

/// <summary>
/// A training objective. It runs its own forward and backward passes: after a call the model's
/// parameters hold the gradients of the whole step, ready for clipping.
/// </summary>
internal interface IObjective
{
    /// <summary>Runs all passes of one step and accumulates their gradients.</summary>
    /// <param name="model">The network.</param>
    /// <param name="inputs">The batch.</param>
    /// <param name="step">Random key of this step; the keys of passes derive from it.</param>
    /// <param name="penalty">Added once, undivided, to the last pass; the perturbation gets no
    /// gradient from it (EarlyRobust eq. 7). May be null.</param>
    ObjectiveResult Accumulate(
        BertForSequenceClassification model,
        BertInputs inputs,
        RandomKey step,
        Func<Tensor>? penalty
    );
}
