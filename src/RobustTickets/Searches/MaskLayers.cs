using RobustTickets.Runs;
using RobustTickets.Tickets;

namespace RobustTickets.Searches;

/// <summary>Masks as the log of a run has them.</summary>
internal static class MaskLayers
{
    /// <summary>The layers of a mask, the first one first.</summary>
    public static IReadOnlyList<MaskLayer> Of(StructuredMask mask) =>
        [
            .. mask.Heads.Zip(
                mask.Neurons,
                (heads, neurons) =>
                    new MaskLayer(
                        string.Concat(heads.Select(kept => kept ? '1' : '0')),
                        neurons.Count(kept => kept),
                        neurons.Length
                    )
            ),
        ];
}
