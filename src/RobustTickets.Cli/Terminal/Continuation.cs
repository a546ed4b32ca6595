// The command that goes on with what a signal stopped, ready to be pasted into a shell.
using RobustTickets.Pretraining;

namespace RobustTickets.Cli.Terminal;

/// <summary>How a stopped command is continued.</summary>
internal static class Continuation
{
    private const string Resume = "--resume";

    /// <summary>The command line; null for commands that begin anew.</summary>
    /// <param name="args">What was called.</param>
    public static string? Of(IReadOnlyList<string> args)
    {
        if (args.Count == 0)
            return null;
        var more = args[0] switch
        {
            "attack" when Value(args, "--data") is not null => [],
            "demo" or "experiment" => [],
            // Stopped before the folder was made, it begins as it did.
            "train"
            or "harden" when !args.Contains(Resume) && Value(args, "--out") is { } folder && Directory.Exists(folder) =>
                [Resume],
            "train" or "harden" => [],
            "pretrain"
                when Value(args, "--out") is { } made
                    && Directory.Exists(made.TrimEnd('/') + PretrainRequest.Training) => args.Contains(Resume)
                ? []
                : [Resume],
            _ => (string[]?)null,
        };
        return more is null ? null : string.Join(' ', args.Concat(more).Select(Quoted).Prepend("robust-tickets"));
    }

    private static string? Value(IReadOnlyList<string> args, string option)
    {
        for (var i = 0; i < args.Count; i++)
        {
            if (args[i] == option && i + 1 < args.Count)
                return args[i + 1];
            if (args[i].StartsWith($"{option}=", StringComparison.Ordinal))
                return args[i][(option.Length + 1)..];
        }
        return null;
    }

    /// <summary>An argument as a shell takes it whole.</summary>
    public static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "_-./:=,+@%".Contains(c))
            ? argument
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
