using System.Text.Json.Serialization;

namespace RobustTickets.Objectives;

/// <summary>Norm of the adversary's steps.</summary>
public enum PerturbationNorm
{
    /// <summary>Euclidean norm over all entries of one example.</summary>
    L2,

    /// <summary>
    /// Largest absolute entry of one example; the step is proportional to the gradient, the
    /// projection clamps every entry.
    /// </summary>
    Linf,

    /// <summary>
    /// As <see cref="Linf"/>, but every entry moves by the step size along the sign of its gradient
    /// (Madry et al.).
    /// </summary>
    LinfSign,
}

/// <summary>
/// How FreeLB's passes are counted: K passes (Hugging Face version, used by both papers) or K+1
/// (fairseq version).
/// </summary>
public enum FreeLbCount
{
    /// <summary>K passes, K-1 ascents, each loss divided by K.</summary>
    K,

    /// <summary>1+K passes, K ascents, each loss divided by K+1.</summary>
    [JsonStringEnumMemberName("k-plus-1")]
    KPlus1,
}

/// <summary>
/// Training objective of a stage; each objective runs its own forward and backward passes.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(CleanOptions), "clean")]
[JsonDerivedType(typeof(PgdOptions), "pgd")]
[JsonDerivedType(typeof(FreeLbOptions), "freelb")]
[JsonDerivedType(typeof(InfoBertOptions), "infobert")]
[JsonDerivedType(typeof(HullOptions), "hull")]
public abstract record ObjectiveOptions;

/// <summary>Plain cross entropy, one pass per step.</summary>
public sealed record CleanOptions() : ObjectiveOptions;

/// <summary>
/// PGD (Madry et al.) on word embeddings: K ascent steps whose gradients update only the
/// perturbation, then one pass that trains.
/// </summary>
/// <param name="Steps">K, number of ascent steps; K + 1 passes per step.</param>
/// <param name="StepSize">eta, length of one ascent step.</param>
/// <param name="InitMagnitude">eps0, size of the random start; 0 starts at the clean input.</param>
/// <param name="MaxNorm">Radius the perturbation is projected to; 0 leaves it unbounded, as both
/// papers do.</param>
/// <param name="Norm">Norm of start, step and projection.</param>
/// <param name="DeltaGradOnly">
/// Whether the ascent steps compute only the perturbation's gradient (FreeLB's own PGD), or also
/// parameter gradients, which are discarded (TextDefender's). The trajectory is the same; the
/// second costs an additional weight gradient per ascent step.
/// </param>
/// <param name="PassTokenTypeIds">Whether perturbed passes use the token types of pairs; the
/// released scripts drop them.</param>
/// <param name="SyncDropout">Whether all passes of a step share their dropout masks (FreeLB's own
/// PGD) or sample new ones (TextDefender's).</param>
public sealed record PgdOptions(
    int Steps,
    double StepSize,
    double InitMagnitude,
    double MaxNorm = 0.0,
    PerturbationNorm Norm = PerturbationNorm.L2,
    bool DeltaGradOnly = true,
    bool PassTokenTypeIds = true,
    bool SyncDropout = false
) : ObjectiveOptions;

/// <summary>FreeLB: K perturbed passes per step whose parameter gradients accumulate.</summary>
/// <param name="Steps">K, number of passes.</param>
/// <param name="StepSize">eta, length of one ascent step.</param>
/// <param name="InitMagnitude">eps0, size of the random start; 0 starts at the clean input.</param>
/// <param name="MaxNorm">Radius the perturbation is projected to; 0 leaves it unbounded, as both
/// papers do.</param>
/// <param name="Norm">Norm of start, step and projection.</param>
/// <param name="Count">K passes or K+1.</param>
/// <param name="PassTokenTypeIds">Whether perturbed passes use the token types of pairs; the
/// released scripts drop them.</param>
/// <param name="SyncDropout">Whether all passes of a step share their dropout masks (FreeLB's own
/// code) or sample new ones (both papers' scripts).</param>
public sealed record FreeLbOptions(
    int Steps,
    double StepSize,
    double InitMagnitude,
    double MaxNorm = 0.0,
    PerturbationNorm Norm = PerturbationNorm.L2,
    FreeLbCount Count = FreeLbCount.K,
    bool PassTokenTypeIds = true,
    bool SyncDropout = false
) : ObjectiveOptions;

/// <summary>
/// InfoBERT: FreeLB's loop with an information-bottleneck term and an anchored-feature term in
/// every pass.
/// </summary>
/// <param name="Steps">K, number of passes.</param>
/// <param name="StepSize">eta, length of one ascent step.</param>
/// <param name="InitMagnitude">eps0, size of the random start.</param>
/// <param name="Alpha">Weight of the anchored-feature term, a lower bound of mutual information
/// that is maximised.</param>
/// <param name="Beta">Weight of the information-bottleneck term, an upper bound that is
/// minimised.</param>
/// <param name="LowShare">c_l: tokens whose rank by |d loss / d delta| is below this fraction are
/// excluded as not sensitive enough.</param>
/// <param name="HighShare">c_h: tokens whose rank is at or above this fraction are excluded as too
/// sensitive.</param>
/// <param name="MaxNorm">Radius the perturbation is projected to; 0 leaves it unbounded.</param>
/// <param name="Norm">Norm of start, step and projection.</param>
/// <param name="PassTokenTypeIds">Whether perturbed passes use the token types of pairs.</param>
/// <param name="SyncDropout">Whether all passes of a step share their dropout masks (InfoBERT's own
/// code) or sample new ones (TextDefender's).</param>
/// <param name="TrainCritic">Whether the critic is trained (InfoBERT's own code) or stays at its
/// random initialisation (TextDefender's).</param>
/// <param name="CriticHidden">Width of the critic's hidden layer.</param>
public sealed record InfoBertOptions(
    int Steps,
    double StepSize,
    double InitMagnitude,
    double Alpha,
    double Beta,
    double LowShare = 0.5,
    double HighShare = 0.9,
    double MaxNorm = 0.0,
    PerturbationNorm Norm = PerturbationNorm.L2,
    bool PassTokenTypeIds = true,
    bool SyncDropout = true,
    bool TrainCritic = true,
    int CriticHidden = 300
) : ObjectiveOptions;

/// <summary>
/// Training in the convex hull of neighbours: the embedding of each word is a mixture of its own
/// and its neighbours' (DNE, Zhou et al. 2021), with weights updated by some ascent steps (ASCC,
/// Dong et al. 2021). Words on TextFooler's stop list, and words without neighbours of the same
/// number of word pieces, are unchanged.
/// </summary>
/// <param name="Alpha">Dirichlet concentration of each neighbour.</param>
/// <param name="OwnAlpha">Dirichlet concentration of the word itself.</param>
/// <param name="Steps">K, number of ascent steps on the weights; K + 1 passes per step.</param>
/// <param name="StepSize">Length of one ascent step in the softmax's logits, over all words of an
/// example.</param>
/// <param name="Sparsity">Weight of the entropy, which ascent steps decrease, so that few
/// neighbours get most of the weight.</param>
/// <param name="Neighbours">Maximum neighbours per word, nearest first.</param>
/// <param name="HeldOutShare">Fraction of all words, by hash, that have no hull and are in no
/// hull.</param>
public sealed record HullOptions(
    double Alpha = 1.0,
    double OwnAlpha = 1.0,
    int Steps = 0,
    double StepSize = 1.0,
    double Sparsity = 0.0,
    int Neighbours = 8,
    double HeldOutShare = 0.0
) : ObjectiveOptions;
