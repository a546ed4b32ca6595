// A memory-mapped file. Readers copy ranges into managed or tensor memory; pointers never leave
// this class (unsafe code is in the Torch project only), so each range is checked once, here,
// against the file's length.

using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace RobustTickets.Checkpoints.Files;

/// <summary>Read-only, random access to a file's bytes; thread-safe.</summary>
internal sealed class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? map;
    private readonly MemoryMappedViewAccessor? view;

    private MappedFile(string path, long length, MemoryMappedFile? map)
    {
        Path = path;
        Length = length;
        this.map = map;
        view = map?.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    public string Path { get; }

    public long Length { get; }

    public static MappedFile Open(string path)
    {
        try
        {
            if (Directory.Exists(path))
                throw new CheckpointException($"{path} is a folder; a file is needed");
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var length = stream.Length;
            // An empty file cannot be mapped; its reader rejects it by its length.
            MemoryMappedFile? map = null;
            if (length == 0)
                stream.Dispose();
            else
                map = MemoryMappedFile.CreateFromFile(
                    stream,
                    null,
                    0,
                    MemoryMappedFileAccess.Read,
                    HandleInheritability.None,
                    leaveOpen: false
                );
            var file = new MappedFile(path, length, map);
            try
            {
                file.RefuseLfsPointer();
                return file;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException($"{path}: no such file", e);
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CheckpointException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// Copies bytes starting at <paramref name="offset"/>; the range must be inside the file.
    /// </summary>
    public void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > Length - destination.Length)
        {
            throw new CheckpointException(
                $"{Path}: truncated: bytes {offset} to {offset + destination.Length} are needed, the file has {Length}"
            );
        }
        if (destination.Length > 0)
            view!.SafeMemoryMappedViewHandle.ReadSpan((ulong)offset, destination);
    }

    public byte ReadByte(long offset)
    {
        Span<byte> one = stackalloc byte[1];
        Read(offset, one);
        return one[0];
    }

    public ulong ReadUInt64(long offset)
    {
        Span<byte> eight = stackalloc byte[8];
        Read(offset, eight);
        return BinaryPrimitives.ReadUInt64LittleEndian(eight);
    }

    public byte[] Read(long offset, int count)
    {
        // The range is checked before the array is allocated: a wrong length must not cost memory.
        if (offset < 0 || count < 0 || offset > Length - count)
        {
            throw new CheckpointException(
                $"{Path}: truncated: bytes {offset} to {offset + count} are needed, the file has {Length}"
            );
        }
        var bytes = GC.AllocateUninitializedArray<byte>(count);
        Read(offset, bytes);
        return bytes;
    }

    public void Dispose()
    {
        view?.Dispose();
        map?.Dispose();
    }

    // A clone without its Git LFS files is the most common corrupt model folder; the general
    // message would be about a header length.
    private void RefuseLfsPointer()
    {
        var mark = "version https://git-lfs"u8;
        if (Length < mark.Length || Length > 1024)
            return;
        if (Read(0, mark.Length).AsSpan().SequenceEqual(mark))
        {
            throw new CheckpointException(
                $"{Path}: is a Git LFS pointer of {Length} bytes, not the weights; run 'git lfs pull' in its folder"
            );
        }
    }
}
