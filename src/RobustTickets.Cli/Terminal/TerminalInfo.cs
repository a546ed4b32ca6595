using RobustTickets.Torch.Native;

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
        IsColored(Environment.GetEnvironmentVariable)
        && TakesEscapes(
            Console.IsOutputRedirected,
            Environment.GetEnvironmentVariable,
            () => TerminalMode.EnableEscapes(TerminalMode.Output)
        );

    /// <summary>Properties of this process's stderr.</summary>
    public static TerminalInfo OfProcess() =>
        Of(
            Console.IsErrorRedirected,
            Environment.GetEnvironmentVariable,
            () => TerminalMode.EnableEscapes(TerminalMode.Error)
        );

    /// <summary>Properties of a stream for progress and errors.</summary>
    /// <param name="isRedirected">Whether it is a file or a pipe.</param>
    /// <param name="environment">The value of a variable; null: not set.</param>
    /// <param name="enableEscapes">Enables escape sequences; whether the terminal has them.</param>
    internal static TerminalInfo Of(bool isRedirected, Func<string, string?> environment, Func<bool> enableEscapes)
    {
        if (!TakesEscapes(isRedirected, environment, enableEscapes))
            return None;
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
        return new TerminalInfo(IsTerminal: true, IsColored(environment), width);
    }

    private static bool TakesEscapes(bool isRedirected, Func<string, string?> environment, Func<bool> enableEscapes) =>
        !isRedirected && environment("TERM") is not "dumb" && enableEscapes();

    private static bool IsColored(Func<string, string?> environment) => string.IsNullOrEmpty(environment("NO_COLOR"));
}
