// Flushing a folder's entry table to the disk. On Unix a rename survives a power cut only after
// fsync of the folder; .NET refuses to open folders, so the C library is called. It stands here
// because native imports live in this project only; it needs no libtorch and loads none.
using System.Runtime.InteropServices;

namespace RobustTickets.Torch.Native;

/// <summary>fsync of folders.</summary>
internal static partial class FolderSync
{
    /// <summary>Flushes a folder's entries.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <returns>False where the system cannot: Windows, some network file systems, or a folder that
    /// cannot be read.</returns>
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
