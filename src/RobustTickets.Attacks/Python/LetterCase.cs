// Transfers letter case from the replaced word to its substitute (TextAttack `recover_word_case`).

using System.Text;

namespace RobustTickets.Attacks.Python;

/// <summary>Transfers letter case from the replaced word to its substitute.</summary>
internal static class LetterCase
{
    /// <summary>
    /// All-lower stays lower, all-upper (more than one character) becomes upper,
    /// first-upper-rest-lower is capitalised; anything else is unchanged.
    /// </summary>
    public static string Restore(string substitute, string reference)
    {
        ArgumentNullException.ThrowIfNull(substitute);
        ArgumentException.ThrowIfNullOrEmpty(reference);
        if (PythonText.IsLower(reference))
            return PythonText.Lower(substitute);
        Rune.DecodeFromUtf16(reference, out var first, out var used);
        var rest = reference.AsSpan(used);
        if (rest.Length > 0 && PythonText.IsUpper(reference))
            return PythonText.Upper(substitute);
        return PythonText.IsUpperRune(first) && PythonText.IsLower(rest)
            ? PythonText.Capitalise(substitute)
            : substitute;
    }
}
