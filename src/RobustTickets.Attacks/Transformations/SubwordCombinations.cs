// BERT-Attack on a word of several pieces: the first K combinations of the pieces' candidates, in
// lexicographic order, that join to exactly one word. Generated one at a time with a character
// automaton, so that branches without results are not explored.

namespace RobustTickets.Attacks.Transformations;

/// <summary>Generates combinations of word pieces that form one word.</summary>
internal static class SubwordCombinations
{
    // States: words seen (none, one open, one closed) and whether a single # is pending, which a
    // second one would turn into a deleted ##.
    private const int Words = 3;
    private const int States = 2 * Words;
    private const int None = 0;
    private const int Open = 1;
    private const int Closed = 2;
    private const int Dead = -1;

    /// <summary>
    /// The first <paramref name="count"/> joined strings that are one word, in lexicographic order
    /// of the lists (last list fastest).
    /// </summary>
    /// <param name="pieces">For each piece its candidates, best first.</param>
    /// <param name="count">Maximum number of results.</param>
    public static IEnumerable<string> OneWord(IReadOnlyList<IReadOnlyList<string>> pieces, int count)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        var steps = pieces.Select(list => list.Select(Steps).ToArray()).ToArray();
        // alive[j][s]: from state s before list j, some choice of the lists from j on ends with
        // exactly one word.
        var alive = new bool[pieces.Count + 1][];
        alive[^1] = [.. Enumerable.Range(0, States).Select(s => s % Words != None)];
        for (var j = pieces.Count - 1; j >= 0; j--)
        {
            alive[j] =
            [
                .. Enumerable
                    .Range(0, States)
                    .Select(s => steps[j].Any(step => step[s] != Dead && alive[j + 1][step[s]])),
            ];
        }
        return Descend(pieces, steps, alive, "", None, 0).Take(count);
    }

    private static IEnumerable<string> Descend(
        IReadOnlyList<IReadOnlyList<string>> pieces,
        int[][][] steps,
        bool[][] alive,
        string prefix,
        int state,
        int depth
    )
    {
        if (!alive[depth][state])
            yield break;
        if (depth == pieces.Count)
        {
            yield return prefix.Replace("##", "", StringComparison.Ordinal);
            yield break;
        }
        for (var i = 0; i < pieces[depth].Count; i++)
        {
            var next = steps[depth][i][state];
            if (next == Dead)
                continue;
            foreach (var word in Descend(pieces, steps, alive, prefix + pieces[depth][i], next, depth + 1))
                yield return word;
        }
    }

    // The state after a piece, for each state before it.
    private static int[] Steps(string piece)
    {
        var result = new int[States];
        for (var s = 0; s < States; s++)
        {
            var (words, waiting) = (s % Words, s >= Words);
            for (var i = 0; i < piece.Length && words != Dead; )
            {
                if (piece[i] == '#')
                {
                    waiting = !waiting;
                    i++;
                    continue;
                }
                if (waiting && words == Open)
                    words = Closed;
                waiting = false;
                var (kind, length) = WordSplitter.KindAt(piece, i);
                words = kind switch
                {
                    CharacterKind.Word => words == Closed ? Dead : Open,
                    CharacterKind.Inner => words,
                    _ => words == Open ? Closed : words,
                };
                i += length;
            }
            result[s] = words == Dead ? Dead : words + (waiting ? Words : 0);
        }
        return result;
    }
}
