// Characters that look alike (TextAttack `WordSwapHomoglyphSwap`). They are one of TextBugger's
// five edits, and count as word characters in every release, whether or not they are letters (the
// backtick, U+02D7, the multiplication sign).

namespace RobustTickets.Attacks;

/// <summary>TextAttack's table of look-alike characters.</summary>
internal static class Homoglyphs
{
    private const string From = "-9876543210'abcdefghijklmnopqrstuvwxyz";

    private static readonly int[] To =
    [
        0x02D7,
        0x09ED,
        0x0222,
        0x1D7D5,
        0x0431,
        0x01BC,
        0x13CE,
        0x01B7,
        0x14BF,
        0x006C,
        0x004F,
        0x0060,
        0x0251,
        0x042C,
        0x03F2,
        0x0501,
        0x0435,
        0x1D68F,
        0x0261,
        0x0570,
        0x0456,
        0x03F3,
        0x1D48C,
        0x217C,
        0xFF4D,
        0x0578,
        0x043E,
        0x0440,
        0x051B,
        0x2C85,
        0x0455,
        0x1D69D,
        0x057D,
        0x0475,
        0x051D,
        0x00D7,
        0x0443,
        0x1D22,
    ];

    private static readonly Dictionary<int, int> Table = From.Select((c, i) => (c, i))
        .ToDictionary(p => (int)p.c, p => To[p.i]);
    private static readonly HashSet<int> Values = [.. To];

    /// <summary>The homoglyph of a character; null if it has none (as capitals).</summary>
    public static int? Of(int character) => Table.TryGetValue(character, out var to) ? to : null;

    /// <summary>Whether the character is the homoglyph of another one.</summary>
    public static bool IsLookAlike(int character) => Values.Contains(character);
}
