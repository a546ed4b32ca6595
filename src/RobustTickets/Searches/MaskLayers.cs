using RobustTickets.Runs;
using RobustTickets.Tickets;

namespace RobustTickets.Searches;

/// <summary>Converts masks to log entries.</summary>
internal static class MaskLayers
{
    /// <summary>The layers of a mask, in order.</summary>
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
