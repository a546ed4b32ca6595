using RobustTickets.Torch.optim;

namespace RobustTickets.Training;

/// <summary>
/// Custom processing of a step's gradients between the objective and the update, in place of
/// clipping (RobusT's mask search).
/// </summary>
internal interface IGradientRule
{
    /// <summary>
    /// Whether gradients of a parameter are computed although the optimiser does not train it.
    /// </summary>
    bool Records(string name);

    /// <summary>Clips the gradients of a step and adds terms that are not clipped.</summary>
    /// <param name="optimizer">The optimiser that will update.</param>
    /// <param name="options">Clipping of the stage.</param>
    /// <param name="done">Number of updates before this one.</param>
    /// <returns>The norm before clipping, and the factor that the update must still
    /// apply.</returns>
    GradientNorm Apply(AdamW optimizer, OptimizerOptions options, long done);

    /// <summary>Clears the gradients that do not persist across steps.</summary>
    void Clear();
}
