namespace RobustTickets.Torch.optim;

/// <summary>
/// Reference implementation of AdamW in double precision, one element at a time, for tests of the
/// fused kernel.
/// </summary>
internal static class AdamWReference
{
    /// <summary>
    /// One update of one element; returns the new (parameter, first moment, second moment).
    /// </summary>
    public static (double Parameter, double First, double Second) Update(
        double parameter,
        double gradient,
        double first,
        double second,
        in AdamWStep step
    )
    {
        var g = gradient * step.GradientScale;
        if (step.Torch)
            parameter *= 1 - (step.LearningRate * step.WeightDecay);
        first = (step.Beta1 * first) + ((1 - step.Beta1) * g);
        second = (step.Beta2 * second) + ((1 - step.Beta2) * g * g);
        var c1 = step.BiasCorrection ? 1 - Math.Pow(step.Beta1, step.Step) : 1;
        var c2 = step.BiasCorrection ? 1 - Math.Pow(step.Beta2, step.Step) : 1;
        if (step.Torch)
        {
            parameter -= step.LearningRate / c1 * first / ((Math.Sqrt(second) / Math.Sqrt(c2)) + step.Epsilon);
        }
        else
        {
            parameter -= step.LearningRate * Math.Sqrt(c2) / c1 * first / (Math.Sqrt(second) + step.Epsilon);
            parameter -= step.LearningRate * step.WeightDecay * parameter;
        }
        return (parameter, first, second);
    }
}
