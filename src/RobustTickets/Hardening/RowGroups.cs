// Rows that belong together: equal texts, and adversarial versions of the same row. They stay in
// one part, and only one of them is held out as evidence.
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Runs;

namespace RobustTickets.Hardening;

/// <summary>Groups of rows that are not independent of each other.</summary>
internal static class RowGroups
{
    /// <summary>The groups, in the order of their first rows.</summary>
    public static List<List<Example>> Of(IReadOnlyList<Example> rows)
    {
        var parent = Enumerable.Range(0, rows.Count).ToArray();
        int Root(int i)
        {
            while (parent[i] != i)
                i = parent[i] = parent[parent[i]];
            return i;
        }
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < rows.Count; i++)
        {
            foreach (var key in new[] { "t" + TrainedTexts.Content(rows[i]), rows[i].Origin is { } o ? "o" + o : null })
            {
                if (key is null)
                    continue;
                if (first.TryGetValue(key, out var other))
                    parent[Root(i)] = Root(other);
                else
                    first[key] = i;
            }
        }
        return [.. Enumerable.Range(0, rows.Count).GroupBy(Root).Select(g => g.Select(i => rows[i]).ToList())];
    }

    /// <summary>
    /// One row of each group: the first that is no adversarial version, if there is one.
    /// </summary>
    public static IReadOnlyList<Example> First(IReadOnlyList<Example> rows) => [.. Of(rows).Select(One)];

    /// <summary>
    /// Holds out one row of each of some groups, class by class in the order of a content hash,
    /// independent of the order of the file; the other rows of these groups are dropped.
    /// </summary>
    /// <param name="rows">The rows.</param>
    /// <param name="quota">(groups of a class, those that may be held out, all groups) -> number to
    /// hold out.</param>
    /// <param name="seen">Whether a row, and with it its group, must not be held out.</param>
    /// <param name="name">Name of the part, which determines the order.</param>
    /// <returns>The rows held out and the rows left.</returns>
    public static (IReadOnlyList<Example> Held, IReadOnlyList<Example> Left) HoldOut(
        IReadOnlyList<Example> rows,
        Func<int, int, int, double> quota,
        Func<Example, bool> seen,
        string name
    )
    {
        var groups = Of(rows);
        var held = new HashSet<List<Example>>();
        foreach (var of in groups.GroupBy(g => One(g).Label))
        {
            var free = of.Where(g => !g.Exists(e => seen(e)))
                .OrderBy(g => Key(One(g), name), StringComparer.Ordinal)
                .ToList();
            var wanted = (int)Math.Ceiling(quota(of.Count(), free.Count, groups.Count));
            // At least one group stays.
            held.UnionWith(free.Take(Math.Min(wanted, of.Count() - 1)));
        }
        var gone = held.SelectMany(g => g).ToHashSet<Example>(ReferenceEqualityComparer.Instance);
        return ([.. groups.Where(held.Contains).Select(One)], [.. rows.Where(e => !gone.Contains(e))]);
    }

    private static Example One(List<Example> group) => group.Find(e => e.Origin is null) ?? group[0];

    private static string Key(Example example, string part) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{part}\n{TrainedTexts.Content(example)}")));
}
