// What a command may touch of the world: its streams, the stop signal and what is known of the
// terminal.
using RobustTickets.Cli.Terminal;

namespace RobustTickets.Cli;

/// <summary>The surroundings of one invocation.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Progress, notes and errors.</param>
/// <param name="In">Standard input.</param>
/// <param name="Stop">Ctrl-C and SIGTERM.</param>
/// <param name="Terminal">What the error stream is connected to.</param>
public sealed record CliContext(TextWriter Out, TextWriter Error, TextReader In, StopSignal Stop, TerminalInfo Terminal)
{
    /// <summary>Results; what a terminal would obey is shown as an escape.</summary>
    public TextWriter Out { get; } = VisibleWriter.Around(Out);

    /// <summary>Progress, notes and errors; what a terminal would obey is shown as an
    /// escape.</summary>
    public TextWriter Error { get; } = VisibleWriter.Around(Error);

    /// <summary>
    /// Whether results may be coloured: standard output is a terminal, and NO_COLOR is not set.
    /// </summary>
    public bool ColorResults { get; init; }
}
