// Levenshtein distance in code points, up to a limit. Ukkonen's band: a path of cost = k stays on
// the diagonals -k..k, so the table has 2k + 1 columns; the common prefix and suffix are removed
// first, which leaves little when only a few words differ.

namespace RobustTickets.Attacks;

/// <summary>
/// The number of single-character insertions, deletions and substitutions between two texts.
/// </summary>
internal static class EditDistance
{
    /// <summary>
    /// The distance if it is at most <paramref name="limit"/>, otherwise limit + 1.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The limit is negative.</exception>
    public static int UpTo(string a, string b, int limit)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        var x = Characters(a).AsSpan();
        var y = Characters(b).AsSpan();
        var prefix = x.CommonPrefixLength(y);
        var suffix = 0;
        while (suffix < Math.Min(x.Length, y.Length) - prefix && x[^(suffix + 1)] == y[^(suffix + 1)])
            suffix++;
        x = x[prefix..^suffix];
        y = y[prefix..^suffix];
        if (Math.Abs(x.Length - y.Length) > limit)
            return limit + 1;
        if (x.Length == 0 || y.Length == 0)
            return Math.Max(x.Length, y.Length);
        return Band(x, y, Math.Min(limit, Math.Max(x.Length, y.Length)), limit);
    }

    // row[d] is the cost of turning i characters of x into i + d - k of y.
    private static int Band(ReadOnlySpan<int> x, ReadOnlySpan<int> y, int k, int limit)
    {
        var row = new int[2 * k + 1];
        var far = limit + 1;
        for (var d = 0; d < row.Length; d++)
            row[d] = d < k ? far : d - k;
        for (var i = 1; i <= x.Length; i++)
        {
            var best = far;
            for (var d = 0; d < row.Length; d++)
            {
                var j = i + d - k;
                var cost = far;
                if (j == 0)
                {
                    cost = i;
                }
                else if (j > 0 && j <= y.Length)
                {
                    cost = row[d] + (x[i - 1] == y[j - 1] ? 0 : 1);
                    if (d > 0)
                        cost = Math.Min(cost, row[d - 1] + 1);
                    if (d + 1 < row.Length)
                        cost = Math.Min(cost, row[d + 1] + 1);
                }
                row[d] = Math.Min(cost, far);
                best = Math.Min(best, row[d]);
            }
            if (best == far)
                return far;
        }
        return row[y.Length - x.Length + k];
    }

    private static int[] Characters(string text)
    {
        var characters = new int[text.Length];
        var n = 0;
        foreach (var rune in text.EnumerateRunes())
            characters[n++] = rune.Value;
        return characters[..n];
    }
}
