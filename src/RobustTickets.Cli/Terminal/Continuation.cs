// The command that resumes a cancelled command, quoted for a shell.
using RobustTickets.Cli.Options;
using RobustTickets.Hardening;
using RobustTickets.Pretraining;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Terminal;

/// <summary>Builds the command that resumes a cancelled command.</summary>
internal static class Continuation
{
    private const string Resume = "--resume";

    /// <summary>The command line; null for commands that start over.</summary>
    /// <param name="args">The original arguments.</param>
    public static string? Of(IReadOnlyList<string> args)
    {
        if (args.Count == 0)
            return null;
        var more = args[0] switch
        {
            "attack" when Value(args, "--data") is not null => [],
            "demo" or "experiment" => [],
            // Cancelled before anything was written: the same command starts it.
            "train"
            or "harden" when !args.Contains(Resume) && Value(args, "--out") is { } folder && IsBegun(args[0], folder) =>
                [Resume],
            "train" or "harden" => [],
            "pretrain"
                when Value(args, "--out") is { } made
                    && Directory.Exists(made.TrimEnd('/') + PretrainRequest.Training) => args.Contains(Resume)
                ? []
                : [Resume],
            _ => (string[]?)null,
        };
        return more is null
            ? null
            : string.Join(' ', args.Concat(more).Select(ShellArgument.Quoted).Prepend(ProgramName.Value));
    }

    private static bool IsBegun(string command, string folder) =>
        command == "train" ? RunFolder.IsRunOrSeeds(folder) : new HardenFolder(folder).IsBegun;

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
}
