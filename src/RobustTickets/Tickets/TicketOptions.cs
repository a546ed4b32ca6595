using System.Text.Json.Serialization;

namespace RobustTickets.Tickets;

/// <summary>
/// L1 penalty on the slimming coefficients, added once, undivided, to the last pass of each search
/// step (EarlyRobust eq. 7).
/// </summary>
/// <param name="HeadPenalty">lambda_H, weight of the sum of |c_H|.</param>
/// <param name="NeuronPenalty">lambda_F, weight of the sum of |c_F|.</param>
public sealed record SlimmingOptions(double HeadPenalty, double NeuronPenalty);

/// <summary>Which snapshot a ticket is drawn from once the rule has decided.</summary>
public enum DrawAt
{
    /// <summary>The newest snapshot (paper).</summary>
    Newest,

    /// <summary>The anchor that later snapshots agreed with (released code).</summary>
    Anchor,
}

/// <summary>
/// When the search ends: rules over the masks drawn at every twentieth of an epoch.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(ConsecutiveStop), Consecutive)]
[JsonDerivedType(typeof(AnchorStop), Anchor)]
[JsonDerivedType(typeof(FifoStop), Fifo)]
[JsonDerivedType(typeof(FixedStop), Fixed)]
public abstract record StopOptions
{
    // Kinds as files spell them; the 5 is part of the word, the count is a field of the rule.
    private const string Consecutive = "consecutive5",
        Anchor = "anchor-next5",
        Fifo = "fifo5",
        Fixed = "fixed";

    /// <summary>The kind of a rule as recipes and results spell it.</summary>
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
/// Paper: both distances between consecutive masks below gamma, <paramref name="Times"/> times in a
/// row; draws at the newest.
/// </summary>
/// <param name="Gamma">Threshold on the normalised Hamming distance.</param>
/// <param name="Times">How many times in a row.</param>
/// <param name="DrawAt">Which snapshot is drawn.</param>
public sealed record ConsecutiveStop(double Gamma = 0.1, int Times = 5, DrawAt DrawAt = DrawAt.Newest) : StopOptions;

/// <summary>
/// Released code, on line: the first snapshot whose next <paramref name="Next"/> masks all stay
/// below epsilon; draws at that anchor.
/// </summary>
/// <param name="Epsilon">Threshold on the distance, strict.</param>
/// <param name="Next">How many later masks must agree.</param>
/// <param name="DrawAt">Which snapshot is drawn.</param>
public sealed record AnchorStop(double Epsilon = 0.1, int Next = 5, DrawAt DrawAt = DrawAt.Anchor) : StopOptions;

/// <summary>
/// You et al.: the newest mask within <paramref name="Epsilon"/> of each of the
/// <paramref name="Length"/>-1 before it.
/// </summary>
/// <param name="Epsilon">Threshold on the distance, inclusive.</param>
/// <param name="Length">Length of the queue, the newest included.</param>
/// <param name="DrawAt">Which snapshot is drawn.</param>
public sealed record FifoStop(double Epsilon = 0.1, int Length = 5, DrawAt DrawAt = DrawAt.Newest) : StopOptions;

/// <summary>
/// Stops at a fixed share of an epoch (the released IMDB script: 0.2), rounded down to whole steps.
/// </summary>
/// <param name="Fraction">Share of an epoch, in (0, 1].</param>
public sealed record FixedStop(double Fraction) : StopOptions;

/// <summary>Over which coefficients heads compete.</summary>
public enum HeadScope
{
    /// <summary>
    /// All layers together, but each layer keeps at least its largest head (paper).
    /// </summary>
    ModifiedGlobal,

    /// <summary>Each layer on its own.</summary>
    Layerwise,
}

/// <summary>Over which coefficients neurons compete.</summary>
public enum NeuronScope
{
    /// <summary>All layers together.</summary>
    Global,

    /// <summary>Each layer on its own.</summary>
    Layerwise,
}

/// <summary>How equal coefficients at the threshold are treated.</summary>
public enum TieRule
{
    /// <summary>Exact counts: rank by value, then by (layer, index).</summary>
    Rank,

    /// <summary>
    /// Released code: keep only what is strictly above the interpolated quantile; ties at it are
    /// all pruned.
    /// </summary>
    StrictQuantile,
}

/// <summary>How a ticket is drawn from what a search found.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(DrawOptions), "structured")]
[JsonDerivedType(typeof(WeightDrawOptions), "weights")]
[JsonDerivedType(typeof(SavedDraw), "as-saved")]
public abstract record TicketDraw;

/// <summary>How masks are drawn from coefficients (EarlyRobust 3.3.2).</summary>
/// <param name="HeadRatio">Share of heads to prune, in [0, 1).</param>
/// <param name="NeuronRatio">Share of FFN neurons to prune, in [0, 1).</param>
/// <param name="HeadScope">Where heads compete.</param>
/// <param name="NeuronScope">Where neurons compete.</param>
/// <param name="Ties">How ties are treated.</param>
/// <param name="MinNeuronsPerLayer">Neurons every layer keeps under
/// <see cref="TieRule.Rank"/>.</param>
public sealed record DrawOptions(
    double HeadRatio,
    double NeuronRatio,
    HeadScope HeadScope = HeadScope.ModifiedGlobal,
    NeuronScope NeuronScope = NeuronScope.Global,
    TieRule Ties = TieRule.Rank,
    int MinNeuronsPerLayer = 1
) : TicketDraw;

/// <summary>What becomes of the coefficients inside the drawn ticket.</summary>
public enum TicketCoefficients
{
    /// <summary>They are gone; the ticket is a plain smaller network.</summary>
    Removed,

    /// <summary>
    /// Released code: ones, frozen in modules that lost something, trainable in untouched ones.
    /// </summary>
    [JsonStringEnumMemberName("released")]
    AuthorsCode,

    /// <summary>EarlyBERT's code: ones, all trainable.</summary>
    Trainable,
}

/// <summary>What the weights of a ticket are before it is trained.</summary>
public enum StartWeights
{
    /// <summary>Checkpoint-0: the pre-trained encoder and the seeded classifier.</summary>
    PreTrained,

    /// <summary>
    /// Matrices and biases of all layers and of the pooler are drawn anew; embeddings and
    /// LayerNorms stay pre-trained (released code).
    /// </summary>
    RedrawnMatrices,

    /// <summary>Everything is drawn anew, embeddings and LayerNorms included.</summary>
    RedrawnAll,
}

/// <summary>How a ticket becomes a network.</summary>
public enum Realisation
{
    /// <summary>
    /// The ticket itself: heads and neurons are cut out, single weights are held at zero.
    /// </summary>
    Ticket,

    /// <summary>
    /// The dense network; what the ticket would leave out is drawn anew (papers).
    /// </summary>
    DenseRedrawn,

    /// <summary>The dense network; what the ticket would leave out starts at zero.</summary>
    DenseZero,

    /// <summary>
    /// Released EarlyRobust script: neurons are cut out, discarded heads are zeroed along the wrong
    /// axis of their matrices, all stay trainable.
    /// </summary>
    [JsonStringEnumMemberName("released")]
    AuthorsCode,
}
