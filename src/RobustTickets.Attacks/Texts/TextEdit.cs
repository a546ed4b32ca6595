// One edit of an attacked text: a word replaced by a string of any number of words. What it does to
// positions is TextAttack's `AttackedText.modified_indices` and `original_index_map`.

namespace RobustTickets.Attacks;

/// <summary>One edit.</summary>
/// <param name="Position">The word that was replaced.</param>
/// <param name="Replacement">What stands in its place.</param>
/// <param name="Added">Words of the replacement.</param>
/// <param name="RemovedBefore">Spaces removed before the word.</param>
/// <param name="Removed">Spaces removed in all.</param>
/// <param name="Derivable">Whether the new text's words follow from the old ones.</param>
internal readonly record struct TextEdit(
    int Position,
    string Replacement,
    int Added,
    int RemovedBefore = 0,
    int Removed = 0,
    bool Derivable = false
)
{
    /// <summary>By how much later words move.</summary>
    public int Shift => Added - 1;

    /// <summary>
    /// Positions modified so far and by this edit, both ascending and in the numbering of the new
    /// text.
    /// </summary>
    /// <param name="before">Positions modified before, in the numbering of the old text.</param>
    /// <param name="differs">Whether the replacement is another string than the word.</param>
    public (int[] Modified, int[] New) Track(IReadOnlyList<int> before, bool differs)
    {
        var modified = new List<int>(before.Count + Added);
        foreach (var m in (int[])before)
        {
            if (Shift == 0 || m < Position)
                modified.Add(m);
            else if (m > Position)
                modified.Add(m + Shift);
        }
        if (!differs)
            return ([.. modified], []);
        var added = new int[Added];
        for (var j = 0; j < added.Length; j++)
        {
            added[j] = Position + j;
            var at = modified.BinarySearch(Position + j);
            if (at < 0)
                modified.Insert(~at, Position + j);
        }
        return ([.. modified], added);
    }

    /// <summary>Moves a map of original words to positions on; -1 is a word that is gone.</summary>
    public void Move(int[] map, string oldWord, TextAttackVersion version)
    {
        if (Shift == 0)
            return;
        // Text inserted before the word itself moves the word; anything else leaves it at its
        // place.
        var movesWord = Shift > 0 && oldWord != WordSplitter.Words(Replacement, version)[0];
        for (var i = 0; i < map.Length; i++)
        {
            if (map[i] == Position && Shift == -1)
                map[i] = -1;
            else if (map[i] > Position || (map[i] == Position && movesWord))
                map[i] += Shift;
        }
    }
}
