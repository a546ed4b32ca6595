// Progress on stderr: a redrawn line on a terminal, otherwise one line every few seconds; notes
// always on their own lines.
using System.Diagnostics;
using System.Globalization;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Terminal;

/// <summary>Progress of some work.</summary>
/// <param name="Label">The work, e.g. the stage.</param>
/// <param name="Done">Units completed.</param>
/// <param name="Total">Total units; 0 when unknown.</param>
/// <param name="Details">Figures to show, e.g. <c>loss 0.61  1,234 tokens/s</c>.</param>
/// <param name="Remaining">Estimated time left, if known.</param>
public sealed record ProgressState(string Label, long Done, long Total, string Details, TimeSpan? Remaining);

/// <summary>Prints progress; not thread-safe.</summary>
public sealed class ProgressPrinter(
    TextWriter error,
    TerminalInfo terminal,
    TimeSpan? interval = null,
    Func<TimeSpan>? clock = null
)
{
    private readonly TimeSpan _interval =
        interval ?? (terminal.IsTerminal ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(5));
    private readonly Func<TimeSpan> _clock = clock ?? Clock();
    private readonly Lock _gate = new();
    private TimeSpan? _last;
    private string? _lastLabel;
    private bool _drawn;

    /// <summary>
    /// Shows a state if enough time has passed since the last one, or if it is the first or last of
    /// its work.
    /// </summary>
    public void Report(ProgressState state)
    {
        lock (_gate)
        {
            var now = _clock();
            var boundary = state.Label != _lastLabel || (state.Total > 0 && state.Done >= state.Total);
            if (!boundary && now - _last < _interval)
                return;
            _last = now;
            _lastLabel = state.Label;
            var text = Line(state);
            if (!terminal.IsTerminal)
            {
                error.WriteLine(text);
                return;
            }
            if (text.Length >= terminal.Width)
                text = text[..(terminal.Width - 1)];
            VisibleWriter.Raw(error).Write("\r\u001b[2K" + VisibleText.OnOneLine(text));
            _drawn = true;
        }
    }

    /// <summary>Writes a permanent line.</summary>
    public void Note(string text)
    {
        lock (_gate)
        {
            Clear();
            error.WriteLine(text);
        }
    }

    /// <summary>Ends the redrawn line, so that later output starts on a new line.</summary>
    public void Finish()
    {
        lock (_gate)
        {
            if (_drawn)
                error.WriteLine();
            _drawn = false;
        }
    }

    /// <summary>A readable duration: 12 s, 3:05, 1:02:03.</summary>
    public static string Duration(TimeSpan time)
    {
        if (time < TimeSpan.FromMinutes(1))
            return string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s");
        return time.ToString(
            time < TimeSpan.FromHours(1) ? @"m\:ss"
                : time < TimeSpan.FromDays(1) ? @"h\:mm\:ss"
                : @"d\.hh\:mm\:ss",
            CultureInfo.InvariantCulture
        );
    }

    private void Clear()
    {
        if (_drawn)
            VisibleWriter.Raw(error).Write("\r\u001b[2K");
        _drawn = false;
    }

    private string Line(ProgressState state)
    {
        var count =
            state.Total > 0
                ? string.Create(CultureInfo.InvariantCulture, $"{state.Done:N0}/{state.Total:N0}")
                : string.Create(CultureInfo.InvariantCulture, $"{state.Done:N0}");
        var share = state.Total > 0 ? Math.Clamp(state.Done / (double)state.Total, 0, 1) : 0;
        // The figures take precedence over the bar, which gets the rest of an 80-column line.
        var width = Math.Clamp(terminal.Width - 76, 8, 24);
        var filled = (int)(share * width);
        var head =
            terminal.IsTerminal && state.Total > 0
                ? $"{state.Label} [{new string('=', filled)}{new string(' ', width - filled)}] {count}"
            : state.Total > 0
                ? string.Create(CultureInfo.InvariantCulture, $"{state.Label} {count} ({100 * share:0.0} %)")
            : $"{state.Label} {count}";
        return $"{head}  {state.Details}{(state.Remaining is { } left ? $"  {Duration(left)} left" : "")}";
    }

    private static Func<TimeSpan> Clock()
    {
        var watch = Stopwatch.StartNew();
        return () => watch.Elapsed;
    }
}
