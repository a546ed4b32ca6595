// Escape sequences of terminals; .NET does not enable them on Windows.
using System.Runtime.InteropServices;

namespace RobustTickets.Torch.Native;

/// <summary>The mode of the terminal behind a standard stream.</summary>
internal static partial class TerminalMode
{
    /// <summary>Standard output (<c>STD_OUTPUT_HANDLE</c>).</summary>
    public const int Output = -11;

    /// <summary>Standard error (<c>STD_ERROR_HANDLE</c>).</summary>
    public const int Error = -12;

    private const uint VirtualTerminalProcessing = 4;

    /// <summary>Enables escape sequences; other systems always have them.</summary>
    /// <param name="stream"><see cref="Output"/> or <see cref="Error"/>.</param>
    /// <returns>Whether the terminal interprets them.</returns>
    public static bool EnableEscapes(int stream)
    {
        if (!OperatingSystem.IsWindows())
            return true;
        var handle = GetStdHandle(stream);
        return GetConsoleMode(handle, out var mode) && SetConsoleMode(handle, mode | VirtualTerminalProcessing);
    }

    [LibraryImport("kernel32")]
    private static partial nint GetStdHandle(int stream);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetConsoleMode(nint handle, out uint mode);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetConsoleMode(nint handle, uint mode);
}
