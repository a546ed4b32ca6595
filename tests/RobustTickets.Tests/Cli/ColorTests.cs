// Colours on a terminal, of results and of errors, and NO_COLOR (no-color.org): the built program
// below script(1), which gives it one.
using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection(TorchCollection.Name)]
public sealed partial class ColorTests : IDisposable
{
    private readonly TinyFolders _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [SkippableTheory]
    [InlineData(null, "xterm", true)]
    [InlineData("", "xterm", true)] // empty is not set
    [InlineData("1", "xterm", false)]
    [InlineData("0", "xterm", false)] // any value counts
    [InlineData(null, "dumb", false)]
    public void Results_and_errors_are_coloured_unless_NO_COLOR_is_set(string? noColor, string term, bool colored)
    {
        var error = OnTerminal(noColor, term, "recipes", "show", "nothing");
        Assert.Contains("no preset and no file has this name", error, StringComparison.Ordinal);
        Assert.Equal(colored, Sgr().IsMatch(error));
        var result = OnTerminal(
            noColor,
            term,
            ["attack", "--model", _tiny.Model, "--recipe", "deepwordbug", "--text", "a good moving film"]
        );
        Assert.Contains("queries", result, StringComparison.Ordinal);
        Assert.Equal(colored, Sgr().IsMatch(result));
    }

    private static string OnTerminal(string? noColor, string term, params string[] args)
    {
        string[] command = ["dotnet", CommandLine.CommandLine.Program, .. args];
        var start = new ProcessStartInfo("script")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.ArgumentList.Add("-qc");
        start.ArgumentList.Add(string.Join(' ', command.Select(a => $"'{a}'")));
        start.ArgumentList.Add("/dev/null");
        start.Environment["TERM"] = term;
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment.Remove("NO_COLOR");
        if (noColor is not null)
            start.Environment["NO_COLOR"] = noColor;
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new SkipException($"script(1) is not installed: {e.Message}");
        }
        using (process)
        {
            process.StandardInput.Close();
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return output + errors.Result;
        }
    }

    /// <summary>A code that selects colours or other looks.</summary>
    [GeneratedRegex("\u001b\\[[0-9;]*m")]
    private static partial Regex Sgr();
}
