namespace RobustTickets.Cli.Terminal;

/// <summary>Properties of the stream for progress and errors.</summary>
/// <param name="IsTerminal">Whether the error stream is a terminal, where a line can be
/// redrawn.</param>
/// <param name="Color">Whether to use colours: a terminal, and NO_COLOR is not set
/// (no-color.org).</param>
/// <param name="Width">Number of columns.</param>
public sealed record TerminalInfo(bool IsTerminal, bool Color, int Width)
{
    /// <summary>Not a terminal: a file, a pipe, a test.</summary>
    public static TerminalInfo None { get; } = new(IsTerminal: false, Color: false, Width: 100);

    /// <summary>Whether to use colours on this process's stdout.</summary>
    public static bool ColorOfResults() =>
        !Console.IsOutputRedirected
        && Environment.GetEnvironmentVariable("TERM") is not "dumb"
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>Properties of this process's stderr.</summary>
    public static TerminalInfo OfProcess()
    {
        if (Console.IsErrorRedirected || Environment.GetEnvironmentVariable("TERM") is "dumb")
            return None;
        var color = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        var width = 100;
        try
        {
            if (Console.WindowWidth > 20)
                width = Console.WindowWidth;
        }
        catch (Exception e) when (e is IOException or PlatformNotSupportedException)
        {
            // The terminal does not report its width.
        }
        return new TerminalInfo(IsTerminal: true, color, width);
    }
}
