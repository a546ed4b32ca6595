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
            "attack" when args.Contains("--data") => [],
            "demo" or "experiment" => [],
            // Stopped before the folder was made, it begins as it did.
            "train" when !args.Contains(Resume) && Folder(args) is { } folder && Directory.Exists(folder) => [Resume],
            "train" => [],
            "pretrain"
                when Folder(args) is { } made && Directory.Exists(made.TrimEnd('/') + PretrainRequest.Training) =>
                args.Contains(Resume) ? [] : [Resume],
            _ => (string[]?)null,
        };
        return more is null ? null : string.Join(' ', args.Concat(more).Select(Quoted).Prepend("robust-tickets"));
    }

    private static string? Folder(IReadOnlyList<string> args)
    {
        for (var i = 0; i < args.Count; i++)
        {
            if (args[i] == "--out" && i + 1 < args.Count)
                return args[i + 1];
            if (args[i].StartsWith("--out=", StringComparison.Ordinal))
                return args[i]["--out=".Length..];
        }
        return null;
    }

    private static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "_-./:=,+@%".Contains(c))
            ? argument
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
