using System.Text.Json.Serialization;

namespace RobustTickets.Objectives;

/// <summary>Norm in which the adversary's step is measured.</summary>
public enum PerturbationNorm
{
    /// <summary>Euclidean norm over all entries of one example.</summary>
    L2,

    /// <summary>Largest absolute entry of one example.</summary>
    Linf,
}

/// <summary>How FreeLB's passes are counted: K passes (Hugging Face version, used by both papers) or K+1 (fairseq version).</summary>
public enum FreeLbCount
{
    /// <summary>K passes, K-1 ascents, each loss divided by K.</summary>
    K,

    /// <summary>1+K passes, K ascents, each loss divided by K+1.</summary>
    [JsonStringEnumMemberName("k-plus-1")]
    KPlus1,
}

/// <summary>What is minimised in a stage; each objective owns its forward and backward passes.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(CleanOptions), "clean")]
[JsonDerivedType(typeof(FreeLbOptions), "freelb")]
public abstract record ObjectiveOptions;

/// <summary>Plain cross entropy, one pass a step (spec 15.3).</summary>
public sealed record CleanOptions() : ObjectiveOptions;

/// <summary>FreeLB: K perturbed passes a step whose parameter gradients accumulate (spec 5, 15.5).</summary>
/// <param name="Steps">K, number of passes.</param>
/// <param name="StepSize">eta, length of one ascent step.</param>
/// <param name="InitMagnitude">eps0, size of the random start; 0 starts at the clean input.</param>
/// <param name="MaxNorm">Radius the perturbation is projected to; 0 leaves it unbounded, as both papers do.</param>
/// <param name="Norm">Norm of start, step and projection.</param>
/// <param name="Count">K passes or K+1.</param>
/// <param name="PassTokenTypeIds">Whether perturbed passes see the token types of pairs; the released scripts drop them (spec 1.5).</param>
/// <param name="SyncDropout">Whether all passes of a step share their dropout masks (FreeLB's own code) or draw fresh ones (both papers' scripts).</param>
public sealed record FreeLbOptions(
    int Steps,
    double StepSize,
    double InitMagnitude,
    double MaxNorm = 0.0,
    PerturbationNorm Norm = PerturbationNorm.L2,
    FreeLbCount Count = FreeLbCount.K,
    bool PassTokenTypeIds = true,
    bool SyncDropout = false) : ObjectiveOptions;
