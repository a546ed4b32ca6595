// Data options as people write them: on a command line, and in experiment files.

using System.Globalization;

namespace RobustTickets.Attacks.Data;

/// <summary>Reads values of <see cref="DataOptions"/> from text.</summary>
internal static class DataOptionText
{
    /// <summary>
    /// Label values in class order (<c>negative,positive</c>) or with their index
    /// (<c>neg=0,pos=1</c>).
    /// </summary>
    /// <exception cref="FormatException">The text is neither; the message says what was found and
    /// what was expected.</exception>
    public static LabelMap Labels(string list)
    {
        ArgumentNullException.ThrowIfNull(list);
        var parts = list.Split(',').Select(p => p.Trim()).ToList();
        if (parts.Any(p => p.Length == 0))
            throw new FormatException("an empty label; expected negative,positive or neg=0,pos=1");
        if (parts.All(p => !p.Contains('=')))
        {
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
                throw new FormatException($"\"{part}\" is no value=index; expected negative,positive or neg=0,pos=1");
            if (!labels.TryAdd(part[..cut], index))
                throw new FormatException($"\"{part[..cut]}\" occurs twice");
        }
        return LabelMap.Given(labels);
    }

    /// <summary>A column separator: one character, or <c>tab</c>.</summary>
    /// <exception cref="FormatException">The text is neither.</exception>
    public static char Separator(string text) =>
        text switch
        {
            "tab" or "\\t" => '\t',
            { Length: 1 } => text[0],
            _ => throw new FormatException("expected one character, or tab"),
        };
}
