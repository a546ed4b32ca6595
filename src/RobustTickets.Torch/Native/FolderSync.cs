// Flushes a folder's entry table to disk. On Unix a rename survives a power failure only after
// fsync of the folder; .NET cannot open folders, so the C library is called. It is here because
// only this project contains native imports; it does not load libtorch.
using System.Runtime.InteropServices;

namespace RobustTickets.Torch.Native;

/// <summary>fsync of folders.</summary>
internal static partial class FolderSync
{
    /// <summary>Flushes a folder's entries.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <returns>False if the system does not support it: Windows, some network file systems, or an
    /// unreadable folder.</returns>
    public static bool TryFlush(string folder)
    {
        if (OperatingSystem.IsWindows())
            return false;
        var descriptor = open(folder, 0);
        if (descriptor < 0)
            return false;
        var flushed = fsync(descriptor) == 0;
        return close(descriptor) == 0 && flushed;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc")]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}
