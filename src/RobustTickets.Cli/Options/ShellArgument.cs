using System.Text.RegularExpressions;

namespace RobustTickets.Cli.Options;

/// <summary>An argument as it is typed into a shell.</summary>
internal static partial class ShellArgument
{
    private const string Plain = "_-./:=,+@%";

    /// <summary>Quotes an argument for a shell of this system.</summary>
    public static string Quoted(string argument) => Quoted(argument, OperatingSystem.IsWindows());

    /// <summary>
    /// Quotes an argument: for a POSIX shell in <c>'</c>; for cmd.exe and PowerShell in <c>"</c>,
    /// with backslashes as programs of Windows parse them.
    /// </summary>
    /// <param name="argument">The argument.</param>
    /// <param name="windows">Whether for a shell of Windows.</param>
    internal static string Quoted(string argument, bool windows)
    {
        var plain = windows ? Plain + '\\' : Plain;
        if (argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || plain.Contains(c)))
            return argument;
        return windows
            ? $"\"{BeforeQuote().Replace(argument, m => m.Value.Replace("\\", @"\\").Replace("\"", "\\\""))}\""
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    // Only before a quote are backslashes doubled.
    [GeneratedRegex(@"\\*""|\\+\z")]
    private static partial Regex BeforeQuote();
}
