// One edit of an attacked text: a word replaced by a string of any number of words. Updates
// positions as TextAttack's `AttackedText.modified_indices` and `original_index_map`.

namespace RobustTickets.Attacks;

/// <summary>One edit.</summary>
/// <param name="Position">Position of the replaced word.</param>
/// <param name="Replacement">The new string.</param>
/// <param name="Added">Number of words in the replacement.</param>
/// <param name="RemovedBefore">Spaces removed before the word.</param>
/// <param name="Removed">Total spaces removed.</param>
/// <param name="Derivable">Whether the new text's words can be derived from the old ones.</param>
internal readonly record struct TextEdit(
    int Position,
    string Replacement,
    int Added,
    int RemovedBefore = 0,
    int Removed = 0,
    bool Derivable = false
)
{
    /// <summary>How far later words move.</summary>
    public int Shift => Added - 1;

    /// <summary>
    /// Positions modified so far and by this edit, both ascending and in the new text's numbering.
    /// </summary>
    /// <param name="before">Positions modified before, in the old text's numbering.</param>
    /// <param name="differs">Whether the replacement differs from the word.</param>
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

    /// <summary>Updates a map from original words to positions; -1 is a deleted word.</summary>
    public void Move(int[] map, string oldWord, TextAttackVersion version)
    {
        if (Shift == 0)
            return;
        // Text inserted before the word moves it; any other edit leaves it at its position.
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
