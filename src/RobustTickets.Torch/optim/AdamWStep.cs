namespace RobustTickets.Torch.optim;

/// <summary>Constants of one AdamW update, as needed by the inner loop.</summary>
/// <param name="Torch">torch's flavour instead of Hugging Face's.</param>
/// <param name="LearningRate">Learning rate of this step.</param>
/// <param name="WeightDecay">Decoupled decay of this tensor (0 for the no-decay group).</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Epsilon of the denominator.</param>
/// <param name="Step">1-based update count, for the bias corrections.</param>
/// <param name="GradientScale">Factor on every gradient (the clip factor).</param>
/// <param name="BiasCorrection">Whether the moments are bias-corrected (both papers: true).</param>
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
    /// <summary>c1 = 1 - b1^t, the divisor of the first moment; 1 without correction.</summary>
    internal double FirstCorrection => BiasCorrection ? 1 - Math.Pow(Beta1, Step) : 1.0;

    /// <summary>
    /// sqrt(c2) = sqrt(1 - b2^t), the divisor of the second moment's root; 1 without correction.
    /// </summary>
    internal double RootCorrection => BiasCorrection ? Math.Sqrt(1 - Math.Pow(Beta2, Step)) : 1.0;
}
