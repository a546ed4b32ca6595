// External resources of a command: its streams, the stop signal and the terminal's properties.
using RobustTickets.Cli.Terminal;

namespace RobustTickets.Cli;

/// <summary>The environment of one invocation.</summary>
/// <param name="Out">Receives results.</param>
/// <param name="Error">Receives progress, notes and errors.</param>
/// <param name="In">Standard input.</param>
/// <param name="Stop">Ctrl-C and SIGTERM.</param>
/// <param name="Terminal">What the error stream is connected to.</param>
public sealed record CliContext(TextWriter Out, TextWriter Error, TextReader In, StopSignal Stop, TerminalInfo Terminal)
{
    /// <summary>Receives results; control characters are escaped.</summary>
    public TextWriter Out { get; } = VisibleWriter.Around(Out);

    /// <summary>Receives progress, notes and errors; control characters are escaped.</summary>
    public TextWriter Error { get; } = VisibleWriter.Around(Error);

    /// <summary>
    /// Whether results may be coloured: standard output is a terminal, and NO_COLOR is not set.
    /// </summary>
    public bool ColorResults { get; init; }
}
