// What starts this program on the command line: the launcher of a checkout passes the name that it
// was called by, so that printed commands can be pasted.
using RobustTickets.Cli.Options;

namespace RobustTickets.Cli.Terminal;

/// <summary>The name that starts this program.</summary>
internal static class ProgramName
{
    /// <summary>Variable with the path that the launcher was called by.</summary>
    public const string Variable = "ROBUST_TICKETS_COMMAND";

    /// <summary>The name, quoted for a shell.</summary>
    public static string Value { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } called
            ? ShellArgument.Quoted(called)
            : "robust-tickets";
}
