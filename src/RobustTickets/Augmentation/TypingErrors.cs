// One typing error in a word: the edits of DeepWordBug (swap, substitution, deletion, insertion)
// and TextBugger (a space inside the word, a homoglyph), and a neighbouring key. Edit, position and
// letter are keyed random draws; docs/methods/augmentation.md.
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Kernels.Randomness;

namespace RobustTickets.Augmentation;

/// <summary>Generates typing errors.</summary>
internal static class TypingErrors
{
    private const int Edits = 7;

    // Feature indices of the word's key; 0 and 1 choose the table and the substitute.
    private const uint EditDraw = 2,
        PlaceDraw = 3,
        LetterDraw = 4;

    /// <summary>
    /// The word with one error; unchanged if the drawn edit has no possible position.
    /// </summary>
    /// <param name="word">The word.</param>
    /// <param name="where">The letters that may change.</param>
    /// <param name="key">Random key of the word at this step.</param>
    public static string In(string word, TypingErrorPlace where, RandomKey key)
    {
        Rune[] letters = [.. word.EnumerateRunes()];
        var count = letters.Length;
        if (count < 2)
            return word;
        var inner = where == TypingErrorPlace.Inner;
        // Letters [first, end) may change.
        var (first, end) = inner ? (1, count - 1) : (0, count);
        var edit = key.Below(EditDraw, Edits);
        var places = edit switch
        {
            0 => Range(first, end - 1), // swap with the next letter
            3 => Range(first, inner ? count : end), // insert a letter before
            4 => Range(1, count - 1), // insert a space before
            5 => Range(first, end).Where(i => KeyboardSwap.KeysBeside(letters[i]).Length > 0),
            6 => Range(first, end).Where(i => Homoglyphs.Of(letters[i].Value) is not null),
            _ => Range(first, end),
        };
        int[] possible = [.. places];
        if (possible.Length == 0)
            return word;
        var at = possible[key.Below(PlaceDraw, possible.Length)];
        var made = new StringBuilder(word.Length + 2);
        for (var i = 0; i < count; i++)
        {
            if (i != at)
            {
                made.Append(letters[i]);
                continue;
            }
            switch (edit)
            {
                case 0:
                    made.Append(letters[i + 1]).Append(letters[i]);
                    i++;
                    break;
                case 1:
                    made.Append(Letter(key));
                    break;
                case 2:
                    break;
                case 3:
                    made.Append(Letter(key)).Append(letters[i]);
                    break;
                case 4:
                    made.Append(' ').Append(letters[i]);
                    break;
                case 5:
                    var keys = KeyboardSwap.KeysBeside(letters[i]);
                    made.Append(keys[key.Below(LetterDraw, keys.Length)]);
                    break;
                default:
                    made.Append(new Rune(Homoglyphs.Of(letters[i].Value)!.Value));
                    break;
            }
        }
        return made.ToString();
    }

    private static char Letter(RandomKey key) =>
        CharacterSwap.AsciiLetters[key.Below(LetterDraw, CharacterSwap.AsciiLetters.Length)];

    private static IEnumerable<int> Range(int first, int end) => Enumerable.Range(first, Math.Max(0, end - first));
}
