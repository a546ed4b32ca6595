// Random tickets of EarlyRobust (docs/methods/ablations.md): uniform random coefficients, drawn
// from by the same rule as learned ones, including one head per layer. Layer-wise sparsity
// therefore differs from a learned ticket's.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;

namespace RobustTickets.Tickets;

/// <summary>Random coefficients.</summary>
internal static class RandomCoefficients
{
    /// <summary>
    /// Uniform numbers in [0, 1) for every head and neuron of a model, keyed by kind and layer (the
    /// released code seeds numpy's generator separately for neurons and heads).
    /// </summary>
    public static CoefficientSnapshot Of(BertConfig config, RandomKey key)
    {
        return new CoefficientSnapshot(
            Table(config.HeadsPerLayer, key.Derive(0L)),
            Table(config.NeuronsPerLayer, key.Derive(1L))
        );

        static float[][] Table(IReadOnlyList<int> widths, RandomKey key) =>
            [
                .. widths.Select(
                    (width, l) => Enumerable.Range(0, width).Select(i => key.Derive(l).Uniform((uint)i)).ToArray()
                ),
            ];
    }
}
