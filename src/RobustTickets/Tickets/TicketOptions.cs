using System.Text.Json.Serialization;

namespace RobustTickets.Tickets;

/// <summary>
/// L1 penalty on the slimming coefficients, added once, undivided, to the last pass of each search
/// step (EarlyRobust eq. 7).
/// </summary>
/// <param name="HeadPenalty">lambda_H, weight of the sum of |c_H|.</param>
/// <param name="NeuronPenalty">lambda_F, weight of the sum of |c_F|.</param>
public sealed record SlimmingOptions(double HeadPenalty, double NeuronPenalty);

/// <summary>The snapshot a ticket is drawn from when the search stops.</summary>
public enum DrawAt
{
    /// <summary>The newest snapshot (paper).</summary>
    Newest,

    /// <summary>The anchor that later snapshots agreed with (released code).</summary>
    Anchor,
}

/// <summary>When the search stops: rules on the masks drawn every twentieth of an epoch.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(ConsecutiveStop), Consecutive)]
[JsonDerivedType(typeof(AnchorStop), Anchor)]
[JsonDerivedType(typeof(FifoStop), Fifo)]
[JsonDerivedType(typeof(FixedStop), Fixed)]
public abstract record StopOptions
{
    // Kinds as spelled in files; the 5 is part of the name, the count is a field of the rule.
    private const string Consecutive = "consecutive5",
        Anchor = "anchor-next5",
        Fifo = "fifo5",
        Fixed = "fixed";

    /// <summary>The kind of a rule as spelled in recipes and results.</summary>
    internal static string KindOf(StopOptions stop) =>
        stop switch
        {
            ConsecutiveStop => Consecutive,
            AnchorStop => Anchor,
            FifoStop => Fifo,
            FixedStop => Fixed,
            _ => throw new NotSupportedException($"no kind of {stop.GetType().Name}"),
        };
}

/// <summary>
/// Paper: both distances between consecutive masks are below gamma, <paramref name="Times"/> times
/// in a row; draws from the newest snapshot.
/// </summary>
/// <param name="Gamma">Threshold on the normalised Hamming distance.</param>
/// <param name="Times">Number of consecutive distances.</param>
/// <param name="DrawAt">The snapshot to draw from.</param>
public sealed record ConsecutiveStop(double Gamma = 0.1, int Times = 5, DrawAt DrawAt = DrawAt.Newest) : StopOptions;

/// <summary>
/// Released code, applied during the search: the first snapshot whose next <paramref name="Next"/>
/// masks are all within epsilon of it; draws from that anchor.
/// </summary>
/// <param name="Epsilon">Threshold on the distance, strict.</param>
/// <param name="Next">Number of later masks that must agree.</param>
/// <param name="DrawAt">The snapshot to draw from.</param>
public sealed record AnchorStop(double Epsilon = 0.1, int Next = 5, DrawAt DrawAt = DrawAt.Anchor) : StopOptions;

/// <summary>
/// You et al.: the newest mask is within <paramref name="Epsilon"/> of each of the
/// <paramref name="Length"/>-1 before it.
/// </summary>
/// <param name="Epsilon">Threshold on the distance, inclusive.</param>
/// <param name="Length">Length of the queue, including the newest.</param>
/// <param name="DrawAt">The snapshot to draw from.</param>
public sealed record FifoStop(double Epsilon = 0.1, int Length = 5, DrawAt DrawAt = DrawAt.Newest) : StopOptions;

/// <summary>
/// Stops at a fixed fraction of an epoch (the released IMDB script: 0.2), rounded down to whole
/// steps.
/// </summary>
/// <param name="Fraction">Fraction of an epoch, in (0, 1].</param>
public sealed record FixedStop(double Fraction) : StopOptions;

/// <summary>Which heads are ranked together.</summary>
public enum HeadScope
{
    /// <summary>
    /// All layers together, but each layer keeps at least its largest head (paper).
    /// </summary>
    ModifiedGlobal,

    /// <summary>Each layer separately.</summary>
    Layerwise,
}

/// <summary>Which neurons are ranked together.</summary>
public enum NeuronScope
{
    /// <summary>All layers together.</summary>
    Global,

    /// <summary>Each layer separately.</summary>
    Layerwise,
}

/// <summary>Treatment of equal coefficients at the threshold.</summary>
public enum TieRule
{
    /// <summary>Exact counts: rank by value, then by (layer, index).</summary>
    Rank,

    /// <summary>
    /// Released code: keeps only values strictly above the interpolated quantile; ties at the
    /// quantile are all pruned.
    /// </summary>
    StrictQuantile,
}

/// <summary>How a ticket is drawn from a search's result.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(DrawOptions), "structured")]
[JsonDerivedType(typeof(WeightDrawOptions), "weights")]
[JsonDerivedType(typeof(SavedDraw), "as-saved")]
public abstract record TicketDraw;

/// <summary>How masks are drawn from coefficients (EarlyRobust 3.3.2).</summary>
/// <param name="HeadRatio">Fraction of heads to prune, in [0, 1).</param>
/// <param name="NeuronRatio">Fraction of FFN neurons to prune, in [0, 1).</param>
/// <param name="HeadScope">Which heads are ranked together.</param>
/// <param name="NeuronScope">Which neurons are ranked together.</param>
/// <param name="Ties">Treatment of ties.</param>
/// <param name="MinNeuronsPerLayer">Minimum neurons kept per layer, with
/// <see cref="TieRule.Rank"/>.</param>
public sealed record DrawOptions(
    double HeadRatio,
    double NeuronRatio,
    HeadScope HeadScope = HeadScope.ModifiedGlobal,
    NeuronScope NeuronScope = NeuronScope.Global,
    TieRule Ties = TieRule.Rank,
    int MinNeuronsPerLayer = 1
) : TicketDraw;

/// <summary>The slimming coefficients in a drawn ticket.</summary>
public enum TicketCoefficients
{
    /// <summary>Removed; the ticket is a plain smaller network.</summary>
    Removed,

    /// <summary>Released code: ones, frozen in pruned modules, trainable in others.</summary>
    [JsonStringEnumMemberName("released")]
    AuthorsCode,

    /// <summary>EarlyBERT's code: ones, all trainable.</summary>
    Trainable,
}

/// <summary>Weights of a ticket before retraining.</summary>
public enum StartWeights
{
    /// <summary>Checkpoint-0: the pre-trained encoder and the seeded classifier.</summary>
    PreTrained,

    /// <summary>
    /// Matrices and biases of all layers and of the pooler are re-initialised; embeddings and
    /// LayerNorms stay pre-trained (released code).
    /// </summary>
    RedrawnMatrices,

    /// <summary>Everything is re-initialised, including embeddings and LayerNorms.</summary>
    RedrawnAll,
}

/// <summary>How a mask is applied to the network.</summary>
public enum Realisation
{
    /// <summary>
    /// The ticket: heads and neurons are sliced off, single weights are masked to zero.
    /// </summary>
    Ticket,

    /// <summary>The dense network; pruned parts are re-initialised (papers).</summary>
    DenseRedrawn,

    /// <summary>The dense network; pruned parts start at zero.</summary>
    DenseZero,

    /// <summary>
    /// Released EarlyRobust script: neurons are sliced off, discarded heads are zeroed along the
    /// wrong axis of their matrices, all stay trainable.
    /// </summary>
    [JsonStringEnumMemberName("released")]
    AuthorsCode,
}
