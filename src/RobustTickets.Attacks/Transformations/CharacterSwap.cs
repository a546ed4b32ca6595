// Edits of single characters (code points) inside a word: insertion, deletion, substitution, swap
// of two neighbours; at one random place or at every place that qualifies. An edit that leaves the
// word as it is makes no candidate.

using RobustTickets.Attacks.Searches;

namespace RobustTickets.Attacks.Transformations;

/// <summary>Edits one character of a word.</summary>
/// <param name="RandomPlace">One place drawn at random; else every place, left to right.</param>
/// <param name="KeepFirst">The first character stays.</param>
/// <param name="KeepLast">The last character stays.</param>
public abstract record CharacterSwap(bool RandomPlace, bool KeepFirst, bool KeepLast) : Transformation
{
    /// <summary>
    /// TextAttack's letters (Python's <c>string.ascii_letters</c>); the order matters to a random
    /// choice.
    /// </summary>
    public const string AsciiLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    /// <summary>The letters that an edit draws from; empty when it needs none.</summary>
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
            if (starts.Length <= 2 || start >= end)
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
    /// The places [Start, End) of a word of that many characters where the edit may happen.
    /// </summary>
    protected virtual (int Start, int End) Places(int characters) =>
        (KeepFirst ? 1 : 0, KeepLast ? characters - 1 : characters);

    /// <summary>The edited word.</summary>
    /// <param name="word">The word.</param>
    /// <param name="at">Where the character at the chosen place, each one after it and the word's
    /// end begin, in UTF-16 units.</param>
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

/// <summary>Puts a letter before the character at a place.</summary>
/// <param name="Letters">What is drawn from.</param>
/// <param name="RandomPlace">One place drawn at random; else every place.</param>
/// <param name="KeepFirst">Nothing is put before the first character.</param>
/// <param name="KeepLast">Nothing is put before the last character.</param>
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
    /// TextBugger's: a space, never before the first or the last character. A draw is spent on the
    /// choice of the space, too.
    /// </summary>
    public static CharacterInsertion Space(bool randomPlace = true) =>
        new(" ", randomPlace, KeepFirst: true, KeepLast: true);

    /// <inheritdoc/>
    protected override string Edit(string word, ReadOnlySpan<int> at, char letter) =>
        string.Concat(word.AsSpan(0, at[0]), [letter], word.AsSpan(at[0]));
}

/// <summary>Removes a character.</summary>
/// <param name="RandomPlace">One place drawn at random; else every place.</param>
/// <param name="KeepFirst">The first character stays.</param>
/// <param name="KeepLast">The last character stays.</param>
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
/// <param name="RandomPlace">One place drawn at random; else every place.</param>
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
/// <param name="RandomPlace">One place drawn at random; else every place.</param>
/// <param name="KeepFirst">The first character stays.</param>
/// <param name="KeepLast">The last character stays.</param>
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
