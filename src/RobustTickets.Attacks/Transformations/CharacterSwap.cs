// Single-character edits (code points) within a word: insertion, deletion, substitution, swap of
// neighbours; at one random position or at every eligible one. An edit that does not change the
// word gives no candidate.

using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Edits one character of a word.</summary>
/// <param name="RandomPlace">One random position; otherwise every position, left to right, of words
/// of at most 256 UTF-16 units.</param>
/// <param name="KeepFirst">The first character is kept.</param>
/// <param name="KeepLast">The last character is kept.</param>
public abstract record CharacterSwap(bool RandomPlace, bool KeepFirst, bool KeepLast) : Transformation
{
    /// <summary>
    /// TextAttack's letters (Python's <c>string.ascii_letters</c>); the order affects random
    /// choices.
    /// </summary>
    public const string AsciiLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    /// <summary>The letters that the edit draws from; empty if it needs none.</summary>
    protected virtual string LetterChoice => "";

    /// <inheritdoc/>
    public sealed override IEnumerable<SearchRequest> Apply(
        AttackedText current,
        IReadOnlyList<int> positions,
        List<Candidate> candidates
    )
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(positions);
        ArgumentNullException.ThrowIfNull(candidates);
        foreach (var p in positions)
        {
            var word = current.WordArray[p];
            var starts = Starts(word);
            var (start, end) = Places(starts.Length - 1);
            if (starts.Length <= 2 || start >= end || (!RandomPlace && word.Length > LongestWord))
                continue;
            if (RandomPlace)
            {
                var draw = RandomRequest.Integer(start, end);
                yield return draw;
                (start, end) = (draw.Value, draw.Value + 1);
            }
            for (var place = start; place < end; place++)
            {
                var letter = default(char);
                if (LetterChoice.Length > 0)
                {
                    var choice = RandomRequest.Choice(LetterChoice.Length);
                    yield return choice;
                    letter = LetterChoice[choice.Value];
                }
                var edited = Edit(word, starts.AsSpan(place), letter);
                if (edited != word)
                    candidates.Add(new Candidate(current.Replace(p, edited)));
            }
        }
    }

    /// <summary>
    /// The range [Start, End) of character positions where a word of that length may be edited.
    /// </summary>
    protected virtual (int Start, int End) Places(int characters) =>
        (KeepFirst ? 1 : 0, KeepLast ? characters - 1 : characters);

    /// <summary>The edited word.</summary>
    /// <param name="word">The word.</param>
    /// <param name="at">Start, in UTF-16 units, of the character at the chosen position, of each
    /// later one, and the word's end.</param>
    /// <param name="letter">The drawn letter, if any.</param>
    protected abstract string Edit(string word, ReadOnlySpan<int> at, char letter);

    private static int[] Starts(string word)
    {
        var starts = new List<int>(word.Length + 1);
        for (var i = 0; i < word.Length; i++)
        {
            if (i == 0 || !char.IsSurrogatePair(word[i - 1], word[i]))
                starts.Add(i);
        }
        starts.Add(word.Length);
        return [.. starts];
    }
}

/// <summary>Inserts a letter before a character.</summary>
/// <param name="Letters">The letters to draw from.</param>
/// <param name="RandomPlace">One random position; otherwise every position.</param>
/// <param name="KeepFirst">No insertion before the first character.</param>
/// <param name="KeepLast">No insertion before the last character.</param>
public sealed record CharacterInsertion(
    string Letters = CharacterSwap.AsciiLetters,
    bool RandomPlace = true,
    bool KeepFirst = false,
    bool KeepLast = false
) : CharacterSwap(RandomPlace, KeepFirst, KeepLast)
{
    /// <inheritdoc/>
    public override string Name => Letters == " " ? "space-insertion" : "character-insertion";

    /// <inheritdoc/>
    protected override string LetterChoice => Letters;

    /// <summary>
    /// TextBugger's edit: a space, never before the first or the last character. The choice of the
    /// space also consumes a random draw.
    /// </summary>
    public static CharacterInsertion Space(bool randomPlace = true) =>
        new(" ", randomPlace, KeepFirst: true, KeepLast: true);

    /// <inheritdoc/>
    protected override string Edit(string word, ReadOnlySpan<int> at, char letter) =>
        string.Concat(word.AsSpan(0, at[0]), [letter], word.AsSpan(at[0]));
}

/// <summary>Deletes a character.</summary>
/// <param name="RandomPlace">One random position; otherwise every position.</param>
/// <param name="KeepFirst">The first character is kept.</param>
/// <param name="KeepLast">The last character is kept.</param>
public sealed record CharacterDeletion(bool RandomPlace = true, bool KeepFirst = false, bool KeepLast = false)
    : CharacterSwap(RandomPlace, KeepFirst, KeepLast)
{
    /// <inheritdoc/>
    public override string Name => "character-deletion";

    /// <inheritdoc/>
    protected override string Edit(string word, ReadOnlySpan<int> at, char letter) =>
        string.Concat(word.AsSpan(0, at[0]), word.AsSpan(at[1]));
}

/// <summary>Replaces a character by a random letter.</summary>
/// <param name="RandomPlace">One random position; otherwise every position.</param>
public sealed record CharacterSubstitution(bool RandomPlace = true)
    : CharacterSwap(RandomPlace, KeepFirst: false, KeepLast: false)
{
    /// <inheritdoc/>
    public override string Name => "character-substitution";

    /// <inheritdoc/>
    protected override string LetterChoice => AsciiLetters;

    /// <inheritdoc/>
    protected override string Edit(string word, ReadOnlySpan<int> at, char letter) =>
        string.Concat(word.AsSpan(0, at[0]), [letter], word.AsSpan(at[1]));
}

/// <summary>Swaps a character with the next one.</summary>
/// <param name="RandomPlace">One random position; otherwise every position.</param>
/// <param name="KeepFirst">The first character is kept.</param>
/// <param name="KeepLast">The last character is kept.</param>
public sealed record NeighbourSwap(bool RandomPlace = true, bool KeepFirst = false, bool KeepLast = false)
    : CharacterSwap(RandomPlace, KeepFirst, KeepLast)
{
    /// <inheritdoc/>
    public override string Name => "neighbour-swap";

    /// <inheritdoc/>
    protected override (int Start, int End) Places(int characters) =>
        (KeepFirst ? 1 : 0, KeepLast ? characters - 2 : characters - 1);

    /// <inheritdoc/>
    protected override string Edit(string word, ReadOnlySpan<int> at, char letter) =>
        string.Concat(
            word.AsSpan(0, at[0]),
            word.AsSpan(at[1], at[2] - at[1]),
            word.AsSpan(at[0], at[1] - at[0]),
            word.AsSpan(at[2])
        );
}
