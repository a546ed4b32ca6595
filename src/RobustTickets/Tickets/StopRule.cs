// Stop rules of a search, on the masks m_1, m_2, ... drawn every twentieth of an epoch. m_0 (all
// ones) is not among them. A rule is a pure function of the masks so far, so a resumed search
// stops at the same step as an uninterrupted one.
namespace RobustTickets.Tickets;

/// <summary>A decision to stop.</summary>
/// <param name="DrawIndex">Index (from 0), in the list of masks, of the mask that becomes the
/// ticket.</param>
internal readonly record struct StopDecision(int DrawIndex);

/// <summary>The four stop rules.</summary>
internal static class StopRule
{
    /// <summary>The decision to stop at the newest mask, or null to continue.</summary>
    public static StopDecision? Decide(StopOptions options, IReadOnlyList<StructuredMask> masks) =>
        options switch
        {
            ConsecutiveStop o => Run(masks, o.Gamma) >= o.Times
                ? new StopDecision(o.DrawAt == DrawAt.Newest ? masks.Count - 1 : masks.Count - 1 - o.Times)
                : null,
            AnchorStop o => Anchor(masks, o.Epsilon, o.Next) is { } anchor
                ? new StopDecision(o.DrawAt == DrawAt.Anchor ? anchor : masks.Count - 1)
                : null,
            FifoStop o => Fifo(masks, o)
                ? new StopDecision(o.DrawAt == DrawAt.Newest ? masks.Count - 1 : masks.Count - o.Length)
                : null,
            FixedStop => null, // decided by the step count alone
            _ => throw new ArgumentException($"no stop rule implements {options.GetType().Name}"),
        };

    /// <summary>Number of masks a rule needs before it can stop.</summary>
    public static long Needs(StopOptions options) =>
        options switch
        {
            ConsecutiveStop o => o.Times + 1L,
            AnchorStop o => o.Next + 1L,
            FifoStop o => o.Length,
            FixedStop => 1,
            _ => throw new ArgumentException($"no stop rule implements {options.GetType().Name}"),
        };

    /// <summary>
    /// Number of consecutive distances, counted back from the newest, that are below gamma.
    /// </summary>
    public static int Run(IReadOnlyList<StructuredMask> masks, double gamma)
    {
        var run = 0;
        for (var g = masks.Count - 1; g >= 1 && MaskDistance.Between(masks[g], masks[g - 1]).Below(gamma); g--)
            run++;
        return run;
    }

    /// <summary>
    /// The first mask whose <paramref name="next"/> successors all have a distance to it strictly
    /// below epsilon, or null.
    /// </summary>
    public static int? Anchor(IReadOnlyList<StructuredMask> masks, double epsilon, int next)
    {
        for (var g = 0; g + next < masks.Count; g++)
        {
            if (
                Enumerable
                    .Range(1, next)
                    .All(j => BelowAsAuthorsCode(MaskDistance.Between(masks[g], masks[g + j]), epsilon))
            )
                return g;
        }
        return null;
    }

    /// <summary>
    /// The released code keeps distances as float32, where 0.02 is slightly less than 0.02 in
    /// float64 and so counts as below it.
    /// </summary>
    private static bool BelowAsAuthorsCode(MaskDistance d, double epsilon) =>
        (float)d.Heads < epsilon && (float)d.Neurons < epsilon;

    private static bool Fifo(IReadOnlyList<StructuredMask> masks, FifoStop o)
    {
        if (masks.Count < o.Length)
            return false;
        var newest = masks[^1];
        return Enumerable
            .Range(2, o.Length - 1)
            .All(back =>
            {
                var d = MaskDistance.Between(newest, masks[^back]);
                return d.Heads <= o.Epsilon && d.Neurons <= o.Epsilon;
            });
    }
}
