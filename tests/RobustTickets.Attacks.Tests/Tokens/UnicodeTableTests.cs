using System.Globalization;
using System.Text;
using RobustTickets.Attacks.Tokens;
using Xunit;

namespace RobustTickets.Attacks.Tests.Tokens;

/// <summary>
/// The pinned character table against the runtime's own tables (a newer Unicode) and against
/// decompositions known by hand.
/// </summary>
public class UnicodeTableTests
{
    /// <summary>
    /// Code points whose category changed between Unicode 14 and the runtime's version: U+1171E was
    /// Mn and became Mc.
    /// </summary>
    private static readonly HashSet<int> Recategorised = [0x1171E];

    [Fact]
    public void Categories_agree_with_the_runtime_where_both_know_the_character()
    {
        var newer = 0;
        for (var c = 0; c <= 0x10FFFF; c++)
        {
            var category = CharUnicodeInfo.GetUnicodeCategory(c);
            var control =
                category
                is UnicodeCategory.Control
                    or UnicodeCategory.Format
                    or UnicodeCategory.Surrogate
                    or UnicodeCategory.PrivateUse
                    or UnicodeCategory.OtherNotAssigned;
            if (UnicodeTable.IsControl(c) && !control)
            {
                newer++;
                continue;
            }
            if (Recategorised.Contains(c))
                continue;
            if (!(control == UnicodeTable.IsControl(c)))
                Assert.Fail($"U+{c:X4} control");
            if (!(category is UnicodeCategory.NonSpacingMark == UnicodeTable.IsAccent(c)))
                Assert.Fail($"U+{c:X4} accent");
            if (!(category is UnicodeCategory.SpaceSeparator == UnicodeTable.IsBlank(c)))
                Assert.Fail($"U+{c:X4} blank");
            if (
                !(
                    category is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation
                    == UnicodeTable.IsPunctuation(c)
                )
            )
                Assert.Fail($"U+{c:X4} punctuation");
        }
        Assert.InRange(newer, 0, 50_000);
        Assert.Equal("14.0.0", UnicodeTable.Version);
    }

    [Fact]
    public void Lower_case_agrees_with_the_runtime_but_for_dotted_capital_i()
    {
        for (var c = 0; c <= 0x10FFFF; c++)
        {
            if (c is >= 0xD800 and < 0xE000 || UnicodeTable.IsControl(c))
                continue;
            var lower = new List<int>();
            UnicodeTable.AppendLower(lower, c);
            int[] expected = c == 0x130 ? ['i', 0x307] : [Rune.ToLowerInvariant(new Rune(c)).Value];
            if (!(expected.SequenceEqual(lower)))
                Assert.Fail($"U+{c:X4} became {string.Join(' ', lower.Select(x => $"U+{x:X4}"))}");
        }
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\u00e9", "e\u0301")]
    [InlineData("\u1ebf", "e\u0302\u0301")] // two levels
    [InlineData("\uac00\uac01", "\u1100\u1161\u1100\u1161\u11a8")] // Hangul without and with a final consonant
    [InlineData("\ud7a3", "\u1112\u1175\u11c2")] // the last syllable
    [InlineData("\u212b", "A\u030a")] // the Angstrom sign, a singleton
    [InlineData("a\u0301\u0323", "a\u0323\u0301")] // marks in canonical order: dot below (220) before acute (230)
    [InlineData("\u1e0b\u0323", "d\u0323\u0307")] // order across a decomposition
    [InlineData("a\u0315\u0300\u05ae\u0062", "a\u05ae\u0300\u0315b")] // from NormalizationTest.txt
    [InlineData("\ufb01", "\ufb01")] // compatibility decompositions are left alone
    [InlineData("\U0002f800", "\u4e3d")]
    public void Decomposition_is_canonical(string text, string expected)
    {
        var points = text.EnumerateRunes().Select(rune => rune.Value).ToList();
        var decomposed = string.Concat(UnicodeTable.Decompose(points).Select(c => new Rune(c).ToString()));
        Assert.Equal(expected, decomposed);
    }

    [Fact]
    public void A_long_run_of_marks_is_sorted_stably_and_quickly()
    {
        // 60,000 marks of two classes, alternating; a quadratic sort would take minutes.
        var points = Enumerable
            .Range(0, 60_000)
            .Select(i => i % 2 == 0 ? 0x0301 + i % 4 / 2 : 0x0323)
            .Prepend('a')
            .ToList();
        var sorted = UnicodeTable.Decompose(points);
        Assert.All(sorted[1..30_001], c => Assert.Equal(0x0323, c));
        Assert.Equal(points.Where(c => c is 0x0301 or 0x0302), sorted[30_001..]);
    }
}
