// Data options in text form: on the command line and in experiment files.

using System.Globalization;

namespace RobustTickets.Attacks.Data;

/// <summary>Parses values of <see cref="DataOptions"/>.</summary>
internal static class DataOptionText
{
    private const string Units = "kmg";

    /// <summary>
    /// Label values in class order (<c>negative,positive</c>) or with their index
    /// (<c>neg=0,pos=1</c>).
    /// </summary>
    /// <exception cref="FormatException">The text has neither form; the message names what was
    /// found and expected.</exception>
    public static LabelMap Labels(string list)
    {
        ArgumentNullException.ThrowIfNull(list);
        var parts = list.Split(',').Select(p => p.Trim()).ToList();
        if (parts.Any(p => p.Length == 0))
            throw new FormatException("an empty label; expected negative,positive or neg=0,pos=1");
        if (parts.All(p => !p.Contains('=')))
        {
            if (parts.Count < 2)
                throw new FormatException("expected at least 2 labels separated by commas, as in negative,positive");
            return parts.Distinct().Count() == parts.Count
                ? LabelMap.FromNames(parts)
                : throw new FormatException("a label occurs twice");
        }
        var labels = new Dictionary<string, int>();
        foreach (var part in parts)
        {
            var cut = part.LastIndexOf('=');
            if (
                cut <= 0
                || !int.TryParse(part.AsSpan(cut + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            )
                throw new FormatException($"\"{part}\" is not value=index; expected negative,positive or neg=0,pos=1");
            if (!labels.TryAdd(part[..cut], index))
                throw new FormatException($"\"{part[..cut]}\" occurs twice");
        }
        return LabelMap.Given(labels);
    }

    /// <summary>The escape character: a single character other than a quote.</summary>
    /// <exception cref="FormatException">The text is not one such character.</exception>
    public static char Escape(string text) =>
        text is { Length: 1 } && text[0] is not ('"' or '\r' or '\n')
            ? text[0]
            : throw new FormatException("expected one character other than a quote, such as \\");

    /// <summary>A number of bytes: 500000, 64k, 512m, 2g.</summary>
    /// <exception cref="FormatException">The text is not a size.</exception>
    public static long Bytes(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var plain = text.Trim().ToLowerInvariant();
        var unit = plain.Length == 0 ? -1 : Units.IndexOf(plain[^1], StringComparison.Ordinal);
        var digits = unit < 0 ? plain : plain[..^1];
        return
            long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count > 0
            && count <= long.MaxValue >> (10 * (unit + 1))
            ? count << (10 * (unit + 1))
            : throw new FormatException("expected a number of bytes, such as 500000, 64k, 512m or 2g");
    }

    /// <summary>Formats a number of bytes: 512 MiB.</summary>
    internal static string Size(long bytes)
    {
        var unit = 0;
        while (unit < Units.Length && bytes >> (10 * (unit + 1)) > 0)
            unit++;
        return unit == 0
            ? $"{bytes} bytes"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{(double)bytes / (1L << (10 * unit)):0.#} {char.ToUpperInvariant(Units[unit - 1])}iB"
            );
    }

    /// <summary>A column separator: one character, or <c>tab</c>.</summary>
    /// <exception cref="FormatException">The text has neither form.</exception>
    public static char Separator(string text) =>
        text switch
        {
            "tab" or "\\t" => '\t',
            { Length: 1 } => text[0],
            _ => throw new FormatException("expected one character, or tab"),
        };
}
