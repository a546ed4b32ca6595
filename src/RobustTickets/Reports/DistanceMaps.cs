// Distances between the masks of all snapshots of a search as two heat maps on the same scale, with
// the stop rule's threshold marked (EarlyRobust Fig. 2).
using System.Globalization;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Reports;

/// <summary>Heat maps of mask distances.</summary>
/// <param name="Heads">Heat map of head masks.</param>
/// <param name="Neurons">Heat map of neuron masks.</param>
internal sealed record DistanceMaps(SvgHeatMap Heads, SvgHeatMap Neurons)
{
    /// <summary>The heat maps of a run; null for fewer than two snapshots.</summary>
    /// <param name="run">The run.</param>
    /// <param name="threshold">Threshold to mark if the run's stop rule has none; null for
    /// none.</param>
    public static DistanceMaps? Of(RunRecord run, double? threshold = null)
    {
        if (run.Distances is not { Steps.Count: > 1 } distances)
            return null;
        var names = distances.Steps.Select(s => s.ToString(CultureInfo.InvariantCulture)).ToArray();
        var drawn = run.Result.Ticket is { } ticket ? distances.Steps.ToList().IndexOf(ticket.DrawnAtStep) : -1;
        var max = Math.Max(0.02, distances.Heads.Concat(distances.Neurons).SelectMany(r => r).Max() ?? 0);
        SvgHeatMap Map(string what, IReadOnlyList<IReadOnlyList<double?>> values) =>
            new($"Distance between the {what} masks of all snapshots", names, values)
            {
                Max = max,
                AxisLabel = "step of the snapshot",
                ValueLabel = $"distance of {what} masks",
                Outlined = drawn < 0 ? null : drawn,
                Threshold = Threshold(run) ?? threshold,
                Description = $"{distances.Steps.Count} snapshots, from step {names[0]} to step {names[^1]}.",
            };
        return new DistanceMaps(Map("head", distances.Heads), Map("neuron", distances.Neurons));
    }

    /// <summary>The distance threshold of a run's stop rule, or null.</summary>
    public static double? Threshold(RunRecord run) =>
        double.TryParse(
            run.RecipeValue("search.stop.gamma") ?? run.RecipeValue("search.stop.epsilon"),
            NumberStyles.Float,
            CultureInfo.InvariantCulture,
            out var threshold
        )
            ? threshold
            : null;
}
