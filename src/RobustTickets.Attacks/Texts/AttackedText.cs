// TextAttack's `AttackedText`: ordered named columns, the words across them, one-word edits and
// their bookkeeping. Columns are separate; releases up to 0.3.4 join them with "<SPLIT>", and
// MarkedText reproduces this where it affects a result (TextAttack issue 631).

namespace RobustTickets.Attacks;

/// <summary>
/// An immutable text under attack: columns, words, and the positions changed so far. Positions
/// count words across all columns.
/// </summary>
public sealed class AttackedText
{
    private readonly string[] _names;
    private readonly string[] _columns;
    private readonly AttackedText? _parent;
    private readonly TextEdit _edit;
    private string? _text;
    private WordIndex? _index;
    private bool? _damaged;

    private AttackedText(
        string[] names,
        string[] columns,
        TextAttackVersion version,
        int[] modified,
        int[] changed,
        AttackedText? parent,
        TextEdit edit
    )
    {
        _names = names;
        _columns = columns;
        Version = version;
        Modified = modified;
        NewPositions = changed;
        _parent = parent;
        _edit = edit;
    }

    /// <summary>The release whose rules this text follows.</summary>
    public TextAttackVersion Version { get; }

    /// <summary>
    /// Positions (in this text's numbering) changed by any edit so far, ascending.
    /// </summary>
    public IReadOnlyList<int> Modified { get; }

    /// <summary>Positions changed by the last edit, ascending; empty for a deletion.</summary>
    public IReadOnlyList<int> NewPositions { get; }

    /// <summary>
    /// The columns' names, in order. Fewer than initially if an edit damaged the marker between
    /// columns (versions up to 0.3.4).
    /// </summary>
    public IReadOnlyList<string> ColumnNames => _names;

    /// <summary>The columns' texts, in order.</summary>
    public IReadOnlyList<string> Columns => _columns;

    /// <summary>The columns joined by a line feed.</summary>
    public string Text => _text ??= _columns.Length == 1 ? _columns[0] : string.Join('\n', _columns);

    /// <summary>The words across all columns.</summary>
    public IReadOnlyList<string> Words => WordArray;

    /// <summary>The columns as input of a classifier.</summary>
    /// <exception cref="InvalidOperationException">More than two columns.</exception>
    public TextPair ToTextPair() =>
        _columns.Length switch
        {
            1 => new TextPair(_columns[0]),
            2 => new TextPair(_columns[0], _columns[1]),
            _ => throw new InvalidOperationException(
                $"a text with {_columns.Length} columns; a classifier takes one or two"
            ),
        };

    internal string[] WordArray => Index.Words;

    internal int[] WordStarts => Index.Starts;

    private WordIndex Index =>
        _index ??=
            _parent is { } parent && _edit.Derivable
                ? parent.Index.After(_edit, Version)
                : WordIndex.Scan(Text, Version);

    /// <summary>Creates a text from its ordered columns.</summary>
    /// <exception cref="ArgumentException">There are no columns.</exception>
    public static AttackedText Create(
        IReadOnlyList<KeyValuePair<string, string>> columns,
        TextAttackVersion version = TextAttackVersion.V034
    )
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Count == 0)
            throw new ArgumentException("a text needs at least one column", nameof(columns));
        return new AttackedText(
            [.. columns.Select(c => c.Key)],
            [.. columns.Select(c => c.Value)],
            version,
            [],
            [],
            null,
            default
        );
    }

    /// <summary>Creates a text with one column named <c>text</c>.</summary>
    public static AttackedText Create(string text, TextAttackVersion version = TextAttackVersion.V034) =>
        Create([new("text", text)], version);

    /// <summary>The number of words of each column.</summary>
    public int[] WordsPerColumn()
    {
        var counts = new int[_columns.Length];
        var starts = WordStarts;
        var word = 0;
        var end = -1;
        for (var c = 0; c < counts.Length; c++)
        {
            end += _columns[c].Length + 1;
            while (word < starts.Length && starts[word] < end)
            {
                counts[c]++;
                word++;
            }
        }
        return counts;
    }

    /// <summary>
    /// Deletes the word, and one space with it (TextAttack `delete_word_at_index`).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The position is not in the text.</exception>
    public AttackedText Delete(int position) => Replace(position, "");

    /// <summary>
    /// Replaces the word by a string of any number of words, including none; text between words is
    /// unchanged.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The position is not in the text.</exception>
    public AttackedText Replace(int position, string replacement)
    {
        ArgumentNullException.ThrowIfNull(replacement);
        var words = WordArray;
        if ((uint)position >= (uint)words.Length)
            throw new ArgumentOutOfRangeException(nameof(position), position, $"the text has {words.Length} words");
        var old = words[position];
        var added = WordSplitter.IsOneWord(replacement, Version) ? 1 : WordSplitter.Split(replacement, Version).Count;
        var edit = new TextEdit(position, replacement, added);
        var differs = old != replacement;
        if (!IsDamaged || replacement.Contains(MarkedText.Marker, StringComparison.Ordinal))
            return Splice(edit, old.Length, differs);
        var (names, columns) = MarkedText.Replace(_names, _columns, words, position, replacement, added);
        return Edited(names, columns, edit, differs);
    }

    /// <summary>
    /// Maps each word of the original text to its current position, or -1 if it was deleted. Used
    /// to mark differences.
    /// </summary>
    public int[] OriginalPositions()
    {
        if (_parent is null)
        {
            var identity = new int[WordArray.Length];
            for (var i = 0; i < identity.Length; i++)
                identity[i] = i;
            return identity;
        }
        var map = _parent.OriginalPositions();
        _edit.Move(map, _parent.WordArray[_edit.Position], Version);
        return map;
    }

    /// <summary>
    /// Number of positions whose words differ from the other text's, up to the length of the
    /// shorter text.
    /// </summary>
    public int WordsChanged(AttackedText other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var a = WordArray;
        var b = other.WordArray;
        var changed = 0;
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (a[i] != b[i])
                changed++;
        }
        return changed;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    // Whether an edit must use the joined form: a word of a later column is found inside the
    // marker.
    internal bool IsDamaged => _damaged ??= Version != TextAttackVersion.Head && MarkedText.IsDamaged(_columns, this);

    private AttackedText Edited(string[] names, string[] columns, in TextEdit edit, bool differs)
    {
        var (modified, added) = edit.Track(Modified, differs);
        return new AttackedText(names, columns, Version, modified, added, this, edit);
    }

    // Deleting a word removes one space: the one before it, or for the first word the one after.
    private AttackedText Splice(in TextEdit edit, int oldLength, bool differs)
    {
        var starts = WordStarts;
        var column = 0;
        var offset = 0;
        while (starts[edit.Position] >= offset + _columns[column].Length + 1)
            offset += _columns[column++].Length + 1;
        var source = _columns[column];
        var from = starts[edit.Position] - offset;
        var prefix = source.AsSpan(0, from);
        var suffix = source.AsSpan(from + oldLength);
        var (before, after) = (0, 0);
        if (edit.Added == 0 && (suffix.Length > 0 || column + 1 < _columns.Length))
        {
            if (edit.Position == 0)
                after = suffix.StartsWith(' ') ? 1 : 0;
            else
                before = prefix.EndsWith(' ') ? 1 : 0;
        }
        prefix = prefix[..^before];
        suffix = suffix[after..];
        var columns = _columns.Length == 1 ? new string[1] : (string[])_columns.Clone();
        columns[column] = string.Concat(prefix, edit.Replacement, suffix);
        var derivable = WordIndex.CanFollow(prefix, edit.Replacement, suffix, edit.Added);
        var spliced = edit with { RemovedBefore = before, Removed = before + after, Derivable = derivable };
        return Edited(_names, columns, spliced, differs);
    }
}
