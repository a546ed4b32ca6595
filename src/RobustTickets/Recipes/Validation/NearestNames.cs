// Suggestions for a misspelled name, by edit distance (insert, delete, substitute, swap of
// neighbours), closest first.
namespace RobustTickets.Recipes.Validation;

/// <summary>Suggests similar names for an unknown one.</summary>
internal static class NearestNames
{
    /// <summary>"did you mean ..." if a name is similar, then every possible name.</summary>
    public static string Hint(string found, IReadOnlyCollection<string> possible)
    {
        if (possible.Count == 0)
            return "nothing is possible here";
        var near = Near(found, possible);
        var all = "possible: " + string.Join(", ", possible);
        return near.Count == 0 ? all : $"did you mean {string.Join(" or ", near)}? {all}";
    }

    /// <summary>At most three similar names, closest first.</summary>
    public static IReadOnlyList<string> Near(string found, IEnumerable<string> possible) =>
        [
            .. possible
                .Select(name => (Name: name, Distance: Distance(found, name)))
                .Where(c =>
                    c.Distance <= Math.Max(2, found.Length / 3) || c.Name.StartsWith(found, StringComparison.Ordinal)
                )
                .OrderBy(c => c.Distance)
                .ThenBy(c => c.Name, StringComparer.Ordinal)
                .Take(3)
                .Select(c => c.Name),
        ];

    /// <summary>Optimal string alignment distance, ignoring case and treating '_' as '-'.</summary>
    internal static int Distance(string a, string b)
    {
        a = a.ToLowerInvariant().Replace('_', '-');
        b = b.ToLowerInvariant().Replace('_', '-');
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
