// Runs the built program as a subprocess, as a user does: exit code, both streams, environment.
using System.Diagnostics;
using RobustTickets.Testing;

namespace RobustTickets.Tests.CommandLine;

/// <summary>How a run of the program ended.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Out">What went to stdout.</param>
/// <param name="Error">What went to stderr.</param>
internal sealed record CommandResult(int Code, string Out, string Error)
{
    public override string ToString() => $"exit code {Code}\n--- stdout\n{Out}\n--- stderr\n{Error}";
}

internal static class CommandLine
{
    // A guard against a hang of the program, not a measure of its speed.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>The program in the configuration that these tests were built in.</summary>
    public static string Program { get; } =
        Path.Combine(
            Golden.RepositoryRoot,
            "src",
            "RobustTickets.Cli",
            "bin",
            new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name,
            "net10.0",
            "robust-tickets.dll"
        );

    /// <summary>Runs the program to its end.</summary>
    /// <param name="args">Arguments.</param>
    /// <param name="env">Environment variables to set; null removes one.</param>
    /// <param name="stdin">What it reads on standard input.</param>
    /// <param name="program">Another copy of the program than <see cref="Program"/>.</param>
    /// <param name="folder">Working folder; by default a temporary one, so that nothing depends on
    /// it.</param>
    public static CommandResult Run(
        IEnumerable<string> args,
        IReadOnlyDictionary<string, string?>? env = null,
        string stdin = "",
        string? program = null,
        string? folder = null
    )
    {
        using var process = Start("dotnet", [program ?? Program, .. args], env, folder);
        return ToEnd(process, stdin);
    }

    /// <summary>
    /// Runs a launcher script (the repository's <c>robust-tickets</c>, or a link to it) to its end.
    /// </summary>
    public static CommandResult Launch(string script, string folder, params string[] args)
    {
        using var process = Start("bash", [script, .. args], null, folder);
        return ToEnd(process, "");
    }

    private static CommandResult ToEnd(Process process, string stdin)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(stdin);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading: that is its right, the exit code tells why.
        }
        return Finish(process, output, error);
    }

    private static Process Start(
        string file,
        IEnumerable<string> args,
        IReadOnlyDictionary<string, string?>? env,
        string? folder
    )
    {
        var start = new ProcessStartInfo(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var argument in args)
            start.ArgumentList.Add(argument);
        // What the test host sets for itself is not what a user has.
        foreach (
            var name in start
                .Environment.Keys.Where(name =>
                    name.StartsWith("DOTNET_", StringComparison.Ordinal) && name != "DOTNET_ROOT"
                )
                .ToList()
        )
        {
            start.Environment.Remove(name);
        }
        // Tiny models: on a busy machine the barriers of a thread pool cost far more than they
        // share.
        start.Environment["OMP_NUM_THREADS"] = "1";
        foreach (var (name, value) in env ?? new Dictionary<string, string?>())
        {
            if (value is null)
                start.Environment.Remove(name);
            else
                start.Environment[name] = value;
        }
        return Process.Start(start)!;
    }

    private static CommandResult Finish(Process process, Task<string> output, Task<string> error)
    {
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"the program did not end within {Patience}:\n{error.Result}");
        }
        return new CommandResult(process.ExitCode, output.Result, error.Result);
    }
}
