// The part of a text in which a row is looked for. A row may span lines: where it does not end
// within the window, the window grows to twice its size and the row is read again from its start.
using System.Text;

namespace RobustTickets.Attacks.Data;

/// <summary>Lines read ahead of a row; what was read is forgotten.</summary>
internal sealed class RowWindow(IEnumerable<(int Number, string Text)> lines) : IDisposable
{
    /// <summary>Characters that a row may have.</summary>
    public const int Most = 1 << 24;

    private const int Least = 1 << 14;
    private readonly IEnumerator<(int Number, string Text)> _lines = lines.GetEnumerator();
    private bool _isLast;

    /// <summary>The window; lines end in a line feed.</summary>
    public string Text { get; private set; } = "";

    /// <summary>End of what is read; line ends at the end of the file are not.</summary>
    public int End { get; private set; }

    /// <summary>Where the row begins.</summary>
    public int Start { get; private set; }

    /// <summary>Whether there is another row.</summary>
    public bool HasRow()
    {
        // Blank lines at the end of the file are no rows: whether these are, what follows says.
        while (!_isLast && !Text.AsSpan(Start, End - Start).ContainsAnyExcept('\r', '\n'))
            Read();
        return Start < End;
    }

    /// <summary>
    /// Whether a row that was read to here may go on behind the window: its readers look one
    /// character ahead, past a carriage return.
    /// </summary>
    public bool IsShortFor(int at) => !_isLast && at >= End - 2;

    /// <summary>Reads ahead; false where a row would become longer than one may be.</summary>
    public bool Grow()
    {
        if (End - Start >= Most)
            return false;
        Read();
        return true;
    }

    /// <summary>Goes on behind a row that ended here.</summary>
    public void GoOn(int at)
    {
        if (at < End && Text[at] == '\r')
            at++;
        Start = at + 1;
    }

    /// <summary>Goes on at the line after the one on which the row begins.</summary>
    public void SkipLine()
    {
        int at;
        while ((at = Text.IndexOf('\n', Start, End - Start)) < 0 && !_isLast)
            Read();
        Start = at < 0 ? End : at + 1;
    }

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private void Read()
    {
        // A row that ended behind the last line feed begins behind the text.
        var text = new StringBuilder(Text, Math.Min(Start, Text.Length), Math.Max(0, End - Start), Least);
        var wanted = Math.Max(Least, 2 * text.Length);
        while (text.Length < wanted && !_isLast)
        {
            if (_lines.MoveNext())
                text.Append(_lines.Current.Text).Append('\n');
            else
                _isLast = true;
        }
        (Text, Start) = (text.ToString(), 0);
        End = _isLast ? Text.AsSpan().TrimEnd("\r\n").Length : Text.Length;
    }
}
