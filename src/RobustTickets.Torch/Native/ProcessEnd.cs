// Ends the process without the destructors of its libraries: libtorch's must not run while OpenMP
// workers or an attack's threads still compute.
using System.Runtime.InteropServices;

namespace RobustTickets.Torch.Native;

/// <summary>The end of a process that computed with libtorch.</summary>
internal static partial class ProcessEnd
{
    /// <summary>
    /// Ends now, whatever other threads do: no destructor, no exit handler, nothing flushed.
    /// </summary>
    /// <param name="code">Exit code, 0 to 255.</param>
    public static void Now(int code)
    {
        if (OperatingSystem.IsWindows())
            Environment.Exit(code);
        RemoveDiagnosticSockets();
        _exit(code);
    }

    // .NET's own exit handler would remove them.
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
            // They are litter, not an error.
        }
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void _exit(int code);
}
