using System.Diagnostics;

namespace RobustTickets.Packages.Tests;

/// <summary>What a finished process said.</summary>
public sealed record ProcessResult(int Code, string Out, string Error)
{
    /// <summary>
    /// Runs a program to its end, with variables set and this suite's own ones left out.
    /// </summary>
    public static ProcessResult Of(
        string program,
        string folder,
        IReadOnlyList<string> arguments,
        IEnumerable<(string Name, string Value)> variables
    )
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        // The test runner is an MSBuild process itself; its variables would bend the builds started
        // here.
        foreach (var name in start.Environment.Keys.Where(IsForeign).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        // No build server may outlive a test: it would keep the pipes open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new(process.ExitCode, output.ReplaceLineEndings("\n"), error.Result.ReplaceLineEndings("\n"));
    }

    private static bool IsForeign(string name) =>
        name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase)
        || name is "ROBUST_TICKETS_NATIVE" or "CI";
}
