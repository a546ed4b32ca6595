namespace RobustTickets.Cli.Options;

/// <summary>An argument as it is typed into a shell.</summary>
internal static class ShellArgument
{
    /// <summary>Quotes an argument for a shell.</summary>
    public static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "_-./:=,+@%".Contains(c))
            ? argument
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
