// Python's string order: by Unicode code point. `string.CompareOrdinal` orders UTF-16 units, which
// puts characters beyond U+FFFF before U+E000..U+FFFF; candidates are sorted by text, so the order
// decides between equal scores.

namespace RobustTickets.Attacks.Python;

/// <summary>Orders strings by Unicode code point, as Python's <c>&lt;</c> does.</summary>
internal sealed class CodePointOrder : IComparer<string>
{
    /// <summary>The only instance.</summary>
    public static CodePointOrder Instance { get; } = new();

    private CodePointOrder() { }

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        if (ReferenceEquals(x, y))
            return 0;
        if (x is null)
            return -1;
        if (y is null)
            return 1;
        var common = x.AsSpan().CommonPrefixLength(y);
        if (common == x.Length || common == y.Length)
            return x.Length.CompareTo(y.Length);
        var a = x[common];
        var b = y[common];
        var aSurrogate = char.IsSurrogate(a);
        // Two surrogates compare as units; a surrogate is greater than any other unit.
        if (aSurrogate != char.IsSurrogate(b))
            return aSurrogate ? 1 : -1;
        return a.CompareTo(b);
    }
}
