// The .NET tool package contains the sources of the native library and builds them once per
// machine, at the first command that computes.
using System.Diagnostics;

namespace RobustTickets.Cli;

/// <summary>
/// Builds the native library from the sources next to the program (<c>native/build.sh --cache</c>).
/// </summary>
internal static class NativeBuild
{
    /// <summary>
    /// Path of the library in the user's cache folder, built if missing; null when there are no
    /// sources or the build fails. Progress and errors go to <paramref name="messages"/>.
    /// </summary>
    public static string? FromOwnSources(TextWriter messages)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "native", "build.sh");
        if (!OperatingSystem.IsLinux() || !File.Exists(script))
            return null;
        using var build = new Process
        {
            StartInfo = new("sh", [script, "--cache"]) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        build.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
                messages.WriteLine(text);
        };
        build.Start();
        build.BeginErrorReadLine();
        var path = build.StandardOutput.ReadToEnd().Trim();
        build.WaitForExit();
        return build.ExitCode == 0 ? path : null;
    }
}
