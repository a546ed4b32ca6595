// Kept units as text, "0-3,7": ascending runs, in the order of the stored rows.
using System.Globalization;

namespace RobustTickets.Checkpoints;

/// <summary>Lists of heads or neurons as compact ranges (docs/compact-format.md).</summary>
internal static class UnitRanges
{
    /// <summary>
    /// The ranges of a list: <c>0, 1, 2, 3, 7</c> is <c>0-3,7</c>; an empty list is "".
    /// </summary>
    public static string Format(IReadOnlyList<int> units)
    {
        var parts = new List<string>();
        for (var first = 0; first < units.Count; )
        {
            var last = first;
            while (last + 1 < units.Count && units[last + 1] == units[last] + 1)
                last++;
            parts.Add(
                first == last
                    ? units[first].ToString(CultureInfo.InvariantCulture)
                    : string.Create(CultureInfo.InvariantCulture, $"{units[first]}-{units[last]}")
            );
            first = last + 1;
        }
        return string.Join(',', parts);
    }

    /// <summary>The list of ranges, or null when they are malformed or outside 0 to max.</summary>
    /// <param name="ranges">The text.</param>
    /// <param name="max">Highest possible unit.</param>
    public static IReadOnlyList<int>? Parse(string ranges, int max)
    {
        var units = new List<int>();
        if (ranges.Length == 0)
            return units;
        foreach (var part in ranges.Split(','))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || Unit(ends[0]) is not { } first || Unit(ends[^1]) is not { } last || last < first)
                return null;
            // A unit occurs at most once, so a longer list is malformed.
            if (units.Count + (last - first) > max)
                return null;
            units.AddRange(Enumerable.Range(first, last - first + 1));
        }
        return units;

        int? Unit(string text) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var unit) && unit <= max
                ? unit
                : null;
    }
}
