// The text object of an attack (specification 3): ordered named columns, the words across them,
// one-word edits and their bookkeeping. An edit is a splice: the words of the new text are derived
// from those of the old one and never scanned again (a candidate costs one string concatenation).
// The full scan is the reference and is used where the splice could change the cut (see Derivable);
// a fuzz test compares both. Where we differ: columns are kept apart, never joined with a marker.
// TextAttack up to 0.3.4 joins them with "<SPLIT>" and may find a word inside the marker (issue
// 631); that result is reproduced for those versions by MarkedText, only when it occurs.

namespace RobustTickets.Attacks;

/// <summary>
/// An immutable text under attack: columns, words, and which words were changed so far. Positions
/// count words across all columns.
/// </summary>
public sealed class AttackedText
{
    private readonly string[] _names;
    private readonly string[] _columns;
    private readonly AttackedText? _parent;
    private readonly TextEdit _edit;
    private string? _text;
    private int[]? _starts;
    private string[]? _words;
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
    /// The columns' names, in order. Fewer than at first when an edit damaged the marker between
    /// columns (versions up to 0.3.4).
    /// </summary>
    public IReadOnlyList<string> ColumnNames => _names;

    /// <summary>The columns' texts, in order.</summary>
    public IReadOnlyList<string> Columns => _columns;

    /// <summary>The columns joined with a line feed.</summary>
    public string Text => _text ??= _columns.Length == 1 ? _columns[0] : string.Join('\n', _columns);

    /// <summary>The words across all columns.</summary>
    public IReadOnlyList<string> Words => WordArray;

    /// <summary>The columns as a classifier receives them.</summary>
    /// <exception cref="InvalidOperationException">More than two columns.</exception>
    public VictimInput ToVictimInput() =>
        _columns.Length switch
        {
            1 => new VictimInput(_columns[0]),
            2 => new VictimInput(_columns[0], _columns[1]),
            _ => throw new InvalidOperationException(
                $"a text with {_columns.Length} columns; a classifier takes one or two"
            ),
        };

    internal string[] WordArray
    {
        get
        {
            EnsureWords();
            return _words!;
        }
    }

    internal int[] WordStarts
    {
        get
        {
            EnsureWords();
            return _starts!;
        }
    }

    /// <summary>A text from its ordered columns.</summary>
    /// <exception cref="ArgumentException">No columns.</exception>
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

    /// <summary>A text of one column named <c>text</c>.</summary>
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

    /// <summary>Removes the word, and one space with it (specification 3.4).</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such position.</exception>
    public AttackedText Delete(int position) => Replace(position, "");

    /// <summary>
    /// Replaces the word by a string of any number of words, or none; everything between the words
    /// stays.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">No such position.</exception>
    public AttackedText Replace(int position, string replacement)
    {
        ArgumentNullException.ThrowIfNull(replacement);
        var words = WordArray;
        if ((uint)position >= (uint)words.Length)
            throw new ArgumentOutOfRangeException(nameof(position), position, $"the text has {words.Length} words");
        var old = words[position];
        var added = WordSplitter.IsOneWord(replacement, Version) ? 1 : WordSplitter.Split(replacement, Version).Count;
        var (modified, changed) = Track(position, added, old != replacement);
        if (IsDamaged)
        {
            var (names, columns) = MarkedText.Replace(_names, _columns, words, position, replacement, added);
            return new AttackedText(
                names,
                columns,
                Version,
                modified,
                changed,
                this,
                new TextEdit(position, replacement, added, 0, 0, false)
            );
        }
        return Splice(position, replacement, added, old.Length, modified, changed);
    }

    /// <summary>
    /// Where each word of the text this one descends from stands now: its position, or -1 when it
    /// was deleted. Used to mark differences.
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
        var shift = _edit.Added - 1;
        if (shift == 0)
            return map;
        var at = _edit.Position;
        // Text inserted before the word itself moves the word; anything else leaves it at its
        // place.
        var movesWord = shift > 0 && _parent.WordArray[at] != WordSplitter.Words(_edit.Replacement, Version)[0];
        for (var i = 0; i < map.Length; i++)
        {
            if (map[i] == at && shift == -1)
                map[i] = -1;
            else if (map[i] > at || (map[i] == at && movesWord))
                map[i] += shift;
        }
        return map;
    }

    /// <summary>
    /// Positions whose words differ from the other text's, compared place by place up to the
    /// shorter one.
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

    // True when an edit must go through the joined form: a word of a later column is found inside
    // the marker, or the text holds a marker of its own.
    internal bool IsDamaged => _damaged ??= Version != TextAttackVersion.Head && MarkedText.IsDamaged(_columns, this);

    private AttackedText Splice(
        int position,
        string replacement,
        int added,
        int oldLength,
        int[] modified,
        int[] changed
    )
    {
        var starts = WordStarts;
        var column = 0;
        var offset = 0;
        while (starts[position] >= offset + _columns[column].Length + 1)
            offset += _columns[column++].Length + 1;
        var source = _columns[column];
        var from = starts[position] - offset;
        var prefix = source.AsSpan(0, from);
        var suffix = source.AsSpan(from + oldLength);
        var (before, after) = (0, 0);
        if (added == 0 && (suffix.Length > 0 || column + 1 < _columns.Length))
        {
            if (position == 0)
                after = suffix.StartsWith(' ') ? 1 : 0;
            else
                before = prefix.EndsWith(' ') ? 1 : 0;
        }
        prefix = prefix[..^before];
        suffix = suffix[after..];
        var columns = _columns.Length == 1 ? new string[1] : (string[])_columns.Clone();
        columns[column] = string.Concat(prefix, replacement, suffix);
        var names = _names;
        if (Version != TextAttackVersion.Head && columns[column].Contains(MarkedText.Marker, StringComparison.Ordinal))
        {
            (names, columns) = MarkedText.SplitAgain(names, columns);
            return new AttackedText(
                names,
                columns,
                Version,
                modified,
                changed,
                this,
                new TextEdit(position, replacement, added, 0, 0, false)
            );
        }
        var derivable = Derivable(prefix, replacement, suffix, added);
        return new AttackedText(
            names,
            columns,
            Version,
            modified,
            changed,
            this,
            new TextEdit(position, replacement, added, before, before + after, derivable)
        );
    }

    // The cut of the new text equals old words + words of the replacement + old words unless the
    // pieces join: two halves of a surrogate pair, or (0.3.x) a replacement that is no word but can
    // prolong the word before it ("foo" + "-").
    private static bool Derivable(ReadOnlySpan<char> prefix, string replacement, ReadOnlySpan<char> suffix, int added)
    {
        if (added == 0)
            return replacement.Length == 0
                && !(
                    prefix.Length > 0
                    && suffix.Length > 0
                    && char.IsHighSurrogate(prefix[^1])
                    && char.IsLowSurrogate(suffix[0])
                );
        return !char.IsLowSurrogate(replacement[0]) && !char.IsHighSurrogate(replacement[^1]);
    }

    private (int[] Modified, int[] Changed) Track(int position, int added, bool differs)
    {
        var shift = added - 1;
        var result = new List<int>(Modified.Count + added);
        foreach (var m in (int[])Modified)
        {
            if (shift == 0)
                result.Add(m);
            else if (m < position)
                result.Add(m);
            else if (m > position)
                result.Add(m + shift);
        }
        if (!differs)
            return ([.. result], []);
        var changed = new int[added];
        for (var j = 0; j < added; j++)
        {
            changed[j] = position + j;
            var at = result.BinarySearch(position + j);
            if (at < 0)
                result.Insert(~at, position + j);
        }
        return ([.. result], changed);
    }

    private void EnsureWords()
    {
        if (_words is not null)
            return;
        if (_parent is { } parent && _edit.Derivable)
            Derive(parent);
        else
            Scan();
    }

    private void Scan()
    {
        var text = Text;
        var spans = WordSplitter.Split(text, Version);
        var words = new string[spans.Count];
        var starts = new int[spans.Count];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = text.Substring(spans[i].Start, spans[i].Length);
            starts[i] = spans[i].Start;
        }
        _starts = starts;
        _words = words;
    }

    private void Derive(AttackedText parent)
    {
        var oldWords = parent.WordArray;
        var oldStarts = parent.WordStarts;
        var at = _edit.Position;
        var shift = _edit.Added - 1;
        var words = new string[oldWords.Length + shift];
        var starts = new int[words.Length];
        Array.Copy(oldWords, words, at);
        Array.Copy(oldStarts, starts, at);
        var start = oldStarts[at] - _edit.RemovedBefore;
        if (_edit.Added == 1 && WordSplitter.IsOneWord(_edit.Replacement, Version))
        {
            words[at] = _edit.Replacement;
            starts[at] = start;
        }
        else if (_edit.Added > 0)
        {
            var spans = WordSplitter.Split(_edit.Replacement, Version);
            for (var j = 0; j < spans.Count; j++)
            {
                words[at + j] = _edit.Replacement.Substring(spans[j].Start, spans[j].Length);
                starts[at + j] = start + spans[j].Start;
            }
        }
        var delta = _edit.Replacement.Length - oldWords[at].Length - _edit.Removed;
        Array.Copy(oldWords, at + 1, words, at + 1 + shift, oldWords.Length - at - 1);
        for (var j = at + 1; j < oldStarts.Length; j++)
            starts[j + shift] = oldStarts[j] + delta;
        _starts = starts;
        _words = words;
    }

    // One edit: the position, what replaced the word, its number of words, spaces removed before it
    // and in all, and whether words can be derived from it.
    private readonly record struct TextEdit(
        int Position,
        string Replacement,
        int Added,
        int RemovedBefore,
        int Removed,
        bool Derivable
    );
}
