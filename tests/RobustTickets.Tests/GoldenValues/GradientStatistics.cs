using System.Text.Json;
using RobustTickets.Tests.Models;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>
/// Compares tensors with the few numbers that the golden folder keeps of each: l2, largest absolute
/// value, first values.
/// </summary>
internal static class GradientStatistics
{
    /// <summary>
    /// Compares every tensor that <paramref name="statistics"/> names. <paramref name="share"/> is
    /// the relative tolerance of l2, <paramref name="tolerance"/> the absolute
    /// one of single elements and the floor of l2. Gradients that are noise by mathematics are left
    /// out.
    /// </summary>
    public static void Compare(
        Comparison comparison,
        JsonElement statistics,
        IReadOnlyDictionary<string, float[]> found,
        double share,
        double tolerance
    )
    {
        foreach (var entry in statistics.EnumerateObject())
        {
            if (entry.Name == "__total_norm__")
            {
                comparison.NearRelative(
                    "total norm",
                    Math.Sqrt(found.Values.Sum(v => Math.Pow(Gradients.L2(v), 2))),
                    entry.Value.GetDouble(),
                    share
                );
                continue;
            }
            if (Gradients.IsNoise(entry.Name))
                continue;
            if (!found.TryGetValue(entry.Name, out var values))
            {
                comparison.Same($"presence of {entry.Name}", false, true);
                continue;
            }
            comparison.NearRelative(
                $"l2 of {entry.Name}",
                Gradients.L2(values),
                entry.Value.GetProperty("l2").GetDouble(),
                share,
                tolerance
            );
            comparison.Near(
                $"largest of {entry.Name}",
                values.Select(x => Math.Abs((double)x)).DefaultIfEmpty(0).Max(),
                entry.Value.GetProperty("absmax").GetDouble(),
                tolerance
            );
            var first = entry.Value.GetProperty("first").EnumerateArray().Select(x => (float)x.GetDouble()).ToArray();
            comparison.Near(
                $"first of {entry.Name}",
                values.AsSpan(0, Math.Min(first.Length, values.Length)),
                first,
                tolerance
            );
        }
    }
}
