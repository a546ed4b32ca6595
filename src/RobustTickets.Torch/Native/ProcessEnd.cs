// Ends the process without running the destructors of its libraries: libtorch's must not run while
// OpenMP workers or an attack's threads still compute.
using System.Runtime.InteropServices;

namespace RobustTickets.Torch.Native;

/// <summary>Ends a process that used libtorch.</summary>
internal static partial class ProcessEnd
{
    /// <summary>
    /// Exits immediately, whatever other threads do: no destructors, no exit handlers, no flushing.
    /// </summary>
    /// <param name="code">Exit code, 0 to 255.</param>
    public static void Now(int code)
    {
        if (OperatingSystem.IsWindows())
            Environment.Exit(code);
        RemoveDiagnosticSockets();
        _exit(code);
    }

    // Normally done by .NET's exit handler.
    private static void RemoveDiagnosticSockets()
    {
        try
        {
            foreach (
                var socket in Directory.EnumerateFiles(
                    Path.GetTempPath(),
                    $"dotnet-diagnostic-{Environment.ProcessId}-*"
                )
            )
                File.Delete(socket);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Leftover sockets are harmless.
        }
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void _exit(int code);
}
