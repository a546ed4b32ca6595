// Distances between the masks of all snapshots of a search as two heat maps on one scale, the
// threshold of the stop rule marked (EarlyRobust Fig. 2).
using System.Globalization;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Reports;

/// <summary>Heat maps of mask distances.</summary>
/// <param name="Heads">Of heads.</param>
/// <param name="Neurons">Of neurons.</param>
internal sealed record DistanceMaps(SvgHeatMap Heads, SvgHeatMap Neurons)
{
    /// <summary>The maps of a run; null for fewer than two snapshots.</summary>
    /// <param name="run">The run.</param>
    /// <param name="threshold">Distances below it count as equal where the run's rule has no such
    /// threshold; null for none.</param>
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

    /// <summary>The distance below which the stop rule of a run takes masks for equal, or
    /// null.</summary>
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
