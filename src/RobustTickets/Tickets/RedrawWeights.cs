using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;

namespace RobustTickets.Tickets;

/// <summary>
/// Re-initialises the weights pruned by a ticket of single weights, in place: the ablation "w/o
/// Structure".
/// </summary>
internal static class RedrawWeights
{
    /// <summary>
    /// Weights outside the mask become N(0, initializer_range), keyed by name and position; weights
    /// inside it and all biases are kept.
    /// </summary>
    /// <param name="model">The dense model.</param>
    /// <param name="mask">The kept weights.</param>
    /// <param name="key">Random key; null sets them to zero instead.</param>
    /// <exception cref="TicketShapeException">The mask and the network have different
    /// shapes.</exception>
    public static void Outside(BertForSequenceClassification model, WeightMask mask, RandomKey? key)
    {
        mask.RequireShapes(FixedMasks.Shapes(model), "ticket");
        foreach (var matrix in mask.Matrices)
        {
            var name = BertParameters.Weight(matrix.Site);
            var weight = model.Store[name];
            if (key is not { } k)
            {
                FixedMasks.Zero(weight, matrix);
                continue;
            }
            using var fresh = BertFiles.Fresh([(name, weight.shape)], model.Config, k);
            var from = fresh[name].span<float>();
            using var to = weight.edit<float>();
            for (var i = 0; i < to.Span.Length; i++)
                if (!matrix[i])
                    to.Span[i] = from[i];
        }
    }
}
