// TextAttack `AttackedText.text_window_around_index`: the joined text from the start of the
// window's first word to the end of its last. 0.3.0 searches each word from the start of the
// previous one, so a word contained in its predecessor is found too early (issue 526).

using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks;

/// <summary>Windows of words.</summary>
public static class TextWindow
{
    /// <summary>
    /// The window of <paramref name="size"/> words around the position; null: from the first to the
    /// last word.
    /// </summary>
    public static string Around(AttackedText text, int position, int? size)
    {
        ArgumentNullException.ThrowIfNull(text);
        var n = text.WordArray.Length;
        if (n == 0)
            return "";
        var (first, last) = Bounds(n, position, size);
        if (text.Version == TextAttackVersion.V030 || text.Text.Contains('\u0130'))
        {
            return PythonText.Slice(text.Text, Search(text, first), Search(text, last) + text.WordArray[last].Length);
        }
        var start = text.WordStarts[first];
        return text.Text[start..(text.WordStarts[last] + text.WordArray[last].Length)];
    }

    /// <summary>
    /// The position that defines a candidate's window: the first new position in the iteration
    /// order of a CPython set; -1 when the edit added no word.
    /// </summary>
    public static int Centre(AttackedText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var changed = text.NewPositions;
        if (changed.Count <= 1)
            return changed.Count == 0 ? -1 : changed[0];
        var set = new PythonIntSet();
        foreach (var p in changed)
            set.Add(p);
        return set.ToArray()[0];
    }

    private static (int First, int Last) Bounds(int n, int position, int? size)
    {
        if (size is not { } w)
            return (0, n - 1);
        var half = (w - 1) / 2.0;
        if (position - half < 0)
            return (0, Math.Min(w, n) - 1);
        if (position + half >= n)
            return (Math.Max(0, n - w), n - 1);
        return (position - (int)Math.Ceiling(half), position + (int)Math.Floor(half));
    }

    private static int Search(AttackedText text, int word)
    {
        var lower = PythonText.Lower(text.Text);
        var past = text.Version != TextAttackVersion.V030;
        var at = 0;
        for (var i = 0; i <= word; i++)
        {
            at = PythonText.Find(lower, PythonText.Lower(text.WordArray[i]), at);
            if (past)
                at += text.WordArray[i].Length;
        }
        return past ? at - text.WordArray[word].Length : at;
    }
}
