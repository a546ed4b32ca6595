// A buffer of lines from which rows are parsed. When a row does not end within the buffer, the
// buffer doubles and the row is parsed again from its start.
using System.Text;

namespace RobustTickets.Attacks.Data.TextFiles;

/// <summary>Buffers lines ahead of a row; consumed lines are dropped.</summary>
internal sealed class RowWindow(IEnumerable<(int Number, string Text)> lines) : IDisposable
{
    /// <summary>Maximum characters per row.</summary>
    public const int Most = 1 << 24;

    private const int Least = 1 << 14;
    private readonly IEnumerator<(int Number, string Text)> _lines = lines.GetEnumerator();
    private bool _isLast;

    /// <summary>The buffered text; lines end in a line feed.</summary>
    public string Text { get; private set; } = "";

    /// <summary>End of the buffered text, without line ends at the end of the file.</summary>
    public int End { get; private set; }

    /// <summary>Start of the row.</summary>
    public int Start { get; private set; }

    /// <summary>Whether there is another row.</summary>
    public bool HasRow()
    {
        // Blank lines at the end of the file are not rows: read on to see whether anything follows
        // them.
        while (!_isLast && !Text.AsSpan(Start, End - Start).ContainsAnyExcept('\r', '\n'))
            Read();
        return Start < End;
    }

    /// <summary>
    /// Whether a row parsed to this position may continue beyond the buffer: parsers look one
    /// character ahead, past a carriage return.
    /// </summary>
    public bool IsShortFor(int at) => !_isLast && at >= End - 2;

    /// <summary>Reads more lines; false if the row would exceed the maximum length.</summary>
    public bool Grow()
    {
        if (End - Start >= Most)
            return false;
        Read();
        return true;
    }

    /// <summary>Moves to the row after one that ended here.</summary>
    public void GoOn(int at)
    {
        if (at < End && Text[at] == '\r')
            at++;
        Start = at + 1;
    }

    /// <summary>Moves to the line after the row's first line.</summary>
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
        // After a row that ended beyond the last line feed, Start is beyond the text.
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
