namespace RobustTickets.Torch.optim;

/// <summary>
/// The numbers of one AdamW update, already reduced to what the inner loop needs.
/// </summary>
/// <param name="Torch">torch's flavour instead of Hugging Face's.</param>
/// <param name="LearningRate">Learning rate of this step.</param>
/// <param name="WeightDecay">Decoupled decay of this tensor (0 for the no-decay group).</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Guard of the root.</param>
/// <param name="Step">1-based count of updates, for the bias corrections.</param>
/// <param name="GradientScale">Factor on every gradient (the clip factor).</param>
/// <param name="BiasCorrection">Whether the moments are corrected for their start at zero (both
/// papers: true).</param>
internal readonly record struct AdamWStep(
    bool Torch,
    double LearningRate,
    double WeightDecay,
    double Beta1,
    double Beta2,
    double Epsilon,
    long Step,
    float GradientScale,
    bool BiasCorrection = true
)
{
    /// <summary>c1 = 1 - b1^t, what the first moment is divided by; 1 without correction.</summary>
    internal double FirstCorrection => BiasCorrection ? 1 - Math.Pow(Beta1, Step) : 1.0;

    /// <summary>
    /// sqrt(c2) = sqrt(1 - b2^t), what the root of the second moment is divided by; 1 without
    /// correction.
    /// </summary>
    internal double RootCorrection => BiasCorrection ? Math.Sqrt(1 - Math.Pow(Beta2, Step)) : 1.0;
}
