using RobustTickets.Torch.optim;

namespace RobustTickets.Training;

/// <summary>
/// What a stage does with the gradients of a step between the objective and the update, where that
/// is more than clipping (RobusT's mask search).
/// </summary>
internal interface IGradientRule
{
    /// <summary>
    /// Whether gradients of a parameter are recorded although the optimiser does not train it.
    /// </summary>
    bool Records(string name);

    /// <summary>Limits the gradients of a step and adds what is not limited.</summary>
    /// <param name="optimizer">The optimiser about to update.</param>
    /// <param name="options">Clipping of the stage.</param>
    /// <param name="done">Updates made before.</param>
    /// <returns>The norm before limiting, and the factor that the update still has to
    /// apply.</returns>
    GradientNorm Apply(AdamW optimizer, OptimizerOptions options, long done);

    /// <summary>Drops the gradients that do not outlive the step.</summary>
    void Clear();
}
