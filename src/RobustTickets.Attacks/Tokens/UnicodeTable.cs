using System.Globalization;

namespace RobustTickets.Attacks.Tokens;

/// <summary>
/// Character properties for the tokenizer, of one fixed Unicode version (embedded file
/// unicode-table.txt). The runtime's are not used because (1) in the globalization-invariant mode
/// of this program <see cref="string.Normalize()"/> returns its input unchanged, so canonical
/// decomposition needs its own table; (2) a new .NET version would silently change tokens.
/// Categories follow <c>unicodedata.category</c>, lower case follows <c>str.lower</c> of one
/// character (Python 3.11, Unicode 14).
/// </summary>
internal static class UnicodeTable
{
    [Flags]
    private enum Property : byte
    {
        None = 0,

        /// <summary>
        /// Category C*: dropped by the tokenizer (except tab, line feed and carriage return, which
        /// are whitespace there).
        /// </summary>
        Control = 1,
        Punctuation = 2,
        Blank = 4,

        /// <summary>Category Mn.</summary>
        Accent = 8,

        /// <summary>
        /// Has a canonical decomposition or a combining class, i.e. NFD must process it.
        /// </summary>
        Canonical = 16,
        HasLower = 32,
    }

    private const int LastCodePoint = 0x10FFFF;
    private const int HangulFirst = 0xAC00,
        HangulCount = 11172,
        HangulL = 0x1100,
        HangulV = 0x1161,
        HangulT = 0x11A7,
        VCount = 21,
        TCount = 28;

    // One byte per code point: 1.1 MB, built once; a two-stage table would save memory but cost an
    // extra load per character.
    private static readonly Property[] Properties = new Property[LastCodePoint + 1];
    private static readonly Dictionary<int, int> LowerOf = [];
    private static readonly Dictionary<int, int[]> DecompositionOf = [];
    private static readonly Dictionary<int, int> ClassOf = [];

    static UnicodeTable()
    {
        const string name = "RobustTickets.Attacks.Tokens.unicode-table.txt";
        using var stream =
            typeof(UnicodeTable).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the embedded resource {name} is missing from the build");
        using var reader = new StreamReader(stream);
        Version = "";
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            var field = line.Split(' ');
            if (field[0] == "U")
            {
                Version = field[1];
                continue;
            }
            var number = Array.ConvertAll(
                field[1..],
                text => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            );
            Add(field[0], number);
        }
        Mark(Property.Canonical, HangulFirst, HangulFirst + HangulCount - 1);
    }

    /// <summary>The Unicode version of the table, for instance <c>14.0.0</c>.</summary>
    public static string Version { get; }

    /// <summary>Category C* (including unassigned code points and lone surrogates).</summary>
    public static bool IsControl(int codePoint) => (Properties[codePoint] & Property.Control) != 0;

    /// <summary>Category P*.</summary>
    public static bool IsPunctuation(int codePoint) => (Properties[codePoint] & Property.Punctuation) != 0;

    /// <summary>Category Zs.</summary>
    public static bool IsBlank(int codePoint) => (Properties[codePoint] & Property.Blank) != 0;

    /// <summary>Category Mn.</summary>
    public static bool IsAccent(int codePoint) => (Properties[codePoint] & Property.Accent) != 0;

    /// <summary>
    /// Appends the lower case of a single character: no final-sigma rule; U+0130 becomes U+0069
    /// U+0307.
    /// </summary>
    public static void AppendLower(List<int> output, int codePoint)
    {
        if (codePoint == 0x130)
        {
            output.Add('i');
            output.Add(0x307);
        }
        else
        {
            output.Add((Properties[codePoint] & Property.HasLower) == 0 ? codePoint : LowerOf[codePoint]);
        }
    }

    /// <summary>
    /// Canonical decomposition (NFD) of a sequence of code points: full decomposition, then
    /// combining marks in canonical order.
    /// </summary>
    public static List<int> Decompose(List<int> input)
    {
        var plain = true;
        foreach (var c in input)
            plain &= (Properties[c] & Property.Canonical) == 0;
        if (plain)
            return input;

        var output = new List<int>(input.Count + 8);
        foreach (var c in input)
            AppendDecomposition(output, c);
        // Canonical order: a stable sort by combining class within each run of nonzero classes.
        for (var start = 0; start < output.Count; start++)
        {
            var end = start;
            while (end < output.Count && Class(output[end]) != 0)
                end++;
            if (end - start < 2)
                continue;
            var sorted = output.GetRange(start, end - start).OrderBy(Class).ToList();
            for (var i = 0; i < sorted.Count; i++)
                output[start + i] = sorted[i];
            start = end;
        }
        return output;
    }

    private static void AppendDecomposition(List<int> output, int c)
    {
        if ((Properties[c] & Property.Canonical) == 0)
        {
            output.Add(c);
        }
        else if (c is >= HangulFirst and < HangulFirst + HangulCount)
        {
            var index = c - HangulFirst;
            output.Add(HangulL + index / (VCount * TCount));
            output.Add(HangulV + index % (VCount * TCount) / TCount);
            if (index % TCount != 0)
                output.Add(HangulT + index % TCount);
        }
        else if (DecompositionOf.TryGetValue(c, out var parts))
        {
            output.AddRange(parts);
        }
        else
        {
            output.Add(c);
        }
    }

    private static int Class(int c) => (Properties[c] & Property.Canonical) == 0 ? 0 : ClassOf.GetValueOrDefault(c);

    private static void Add(string kind, int[] number)
    {
        switch (kind)
        {
            case "C":
                Mark(Property.Control, number[0], number[1]);
                break;
            case "P":
                Mark(Property.Punctuation, number[0], number[1]);
                break;
            case "S":
                Mark(Property.Blank, number[0], number[1]);
                break;
            case "N":
                Mark(Property.Accent, number[0], number[1]);
                break;
            case "K":
                Mark(Property.Canonical, number[0], number[1]);
                for (var c = number[0]; c <= number[1]; c++)
                    ClassOf[c] = number[2];
                break;
            case "L":
                for (int c = number[0], to = number[3]; c <= number[1]; c += number[2], to += number[2])
                {
                    Mark(Property.HasLower, c, c);
                    LowerOf[c] = to;
                }
                break;
            case "D":
                Mark(Property.Canonical, number[0], number[0]);
                DecompositionOf[number[0]] = number[1..];
                break;
            default:
                throw new InvalidOperationException(
                    $"unicode-table.txt: record kind '{kind}' is not one of C P S N K L D U"
                );
        }
    }

    private static void Mark(Property property, int first, int last)
    {
        for (var c = first; c <= last; c++)
            Properties[c] |= property;
    }
}
