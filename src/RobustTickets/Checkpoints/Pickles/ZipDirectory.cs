// The zip container of torch.save: entries are stored, never compressed, so that tensors can be
// read in place. ZIP64 is supported, because a checkpoint may exceed 4 GiB.

using System.Buffers.Binary;
using System.Text;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Checkpoints.Pickles;

/// <summary>
/// Names and byte ranges of the stored entries of a zip file. Local headers hold zero sizes with a
/// data descriptor, so sizes come from the central directory only. As in PyTorch, checksums are not
/// verified, so that users may omit them.
/// </summary>
internal sealed class ZipDirectory
{
    private const uint EndMark = 0x06054b50,
        End64Mark = 0x06064b50,
        Locator64Mark = 0x07064b50,
        CentralMark = 0x02014b50,
        LocalMark = 0x04034b50;
    private readonly MappedFile file;
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>Reads the central directory.</summary>
    /// <exception cref="CheckpointException">The file is truncated or malformed.</exception>
    public ZipDirectory(MappedFile file)
    {
        this.file = file;
        var (count, size, start) = FindDirectory();
        if (start < 0 || size < 0 || start > file.Length - size || size > int.MaxValue)
            throw Refuse(
                $"central directory of {size} bytes at {start} is not within the file of {file.Length} bytes: "
                    + "truncated"
            );
        var bytes = file.Read(start, (int)size).AsSpan();
        for (var i = 0L; i < count; i++)
            bytes = bytes[ReadEntry(bytes, i, start)..];
    }

    public IEnumerable<string> Names => entries.Keys;

    public static bool IsZip(MappedFile file) =>
        file.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(file.Read(0, 4)) == LocalMark;

    /// <summary>Start and length of an entry's data, or null if there is no such entry.</summary>
    public (long Start, long Length)? Find(string name)
    {
        if (!entries.TryGetValue(name, out var entry))
            return null;
        if (entry.Method != 0 || entry.Stored != entry.Length)
            throw Refuse($"entry '{name}' is compressed; torch.save stores without compression");
        if ((entry.Flags & 1) != 0)
            throw Refuse($"entry '{name}' is encrypted");
        if (entry.Header > file.Length - 30)
            throw Truncated(name, entry.Header);
        var local = file.Read(entry.Header, 30);
        if (BinaryPrimitives.ReadUInt32LittleEndian(local) != LocalMark)
            throw Refuse($"entry '{name}' has no local header at byte {entry.Header}");
        // The extra field of the local header is PyTorch's padding and differs from that of the
        // central directory.
        var start =
            entry.Header
            + 30
            + BinaryPrimitives.ReadUInt16LittleEndian(local.AsSpan(26))
            + BinaryPrimitives.ReadUInt16LittleEndian(local.AsSpan(28));
        if (start > entry.Limit - entry.Length)
            throw Truncated(name, start);
        return (start, entry.Length);
    }

    private (long Count, long Size, long Start) FindDirectory()
    {
        // The end record has 22 bytes and may be followed by a comment of up to 65,535 bytes.
        if (file.Length < 22)
            throw NoEnd();
        var tailStart = Math.Max(0, file.Length - 22 - 65535);
        var tail = file.Read(tailStart, (int)(file.Length - tailStart)).AsSpan();
        for (var at = tail.Length - 22; at >= 0; at--)
        {
            var record = tail[at..];
            if (BinaryPrimitives.ReadUInt32LittleEndian(record) != EndMark)
                continue;
            if (22 + BinaryPrimitives.ReadUInt16LittleEndian(record[20..]) != record.Length)
                continue;
            long count = BinaryPrimitives.ReadUInt16LittleEndian(record[10..]);
            long size = BinaryPrimitives.ReadUInt32LittleEndian(record[12..]);
            long start = BinaryPrimitives.ReadUInt32LittleEndian(record[16..]);
            if (count != 0xFFFF && size != 0xFFFFFFFF && start != 0xFFFFFFFF)
                return (count, size, start);
            return FindDirectory64(tailStart + at - 20) ?? (count, size, start);
        }
        throw NoEnd();
    }

    private (long, long, long)? FindDirectory64(long locator)
    {
        if (locator < 0)
            return null;
        var bytes = file.Read(locator, 20);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Locator64Mark)
            return null;
        var at = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8));
        if (at < 0 || at > file.Length - 56)
            throw Refuse($"ZIP64 end record at byte {at} is not within the file of {file.Length} bytes: truncated");
        var end = file.Read(at, 56).AsSpan();
        if (BinaryPrimitives.ReadUInt32LittleEndian(end) != End64Mark)
            throw Refuse($"no ZIP64 end record at byte {at}");
        return (
            BinaryPrimitives.ReadInt64LittleEndian(end[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(end[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(end[48..])
        );
    }

    private int ReadEntry(ReadOnlySpan<byte> bytes, long index, long directoryStart)
    {
        if (bytes.Length < 46 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != CentralMark)
            throw Refuse($"entry {index} of the central directory is malformed");
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        var method = BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]);
        long stored = BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]);
        int nameBytes = BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]);
        int extraBytes = BinaryPrimitives.ReadUInt16LittleEndian(bytes[30..]);
        int commentBytes = BinaryPrimitives.ReadUInt16LittleEndian(bytes[32..]);
        long header = BinaryPrimitives.ReadUInt32LittleEndian(bytes[42..]);
        var total = 46 + nameBytes + extraBytes + commentBytes;
        if (total > bytes.Length)
            throw Refuse($"entry {index} of the central directory is truncated");
        var name = Encoding.UTF8.GetString(bytes.Slice(46, nameBytes));
        ReadExtra64(bytes.Slice(46 + nameBytes, extraBytes), ref length, ref stored, ref header);
        if (length < 0 || stored < 0 || header < 0 || length > directoryStart)
            throw Refuse(
                $"entry '{name}' of {length} bytes at {header} does not fit a file of {file.Length} bytes: truncated"
            );
        if (!entries.TryAdd(name, new Entry(flags, method, stored, length, header, directoryStart)))
            throw Refuse($"entry '{name}' appears twice");
        return total;
    }

    // Fields that do not fit 32 bits are 0xFFFFFFFF and follow, in this order, in the extra field
    // with id 1.
    private static void ReadExtra64(ReadOnlySpan<byte> extra, ref long length, ref long stored, ref long header)
    {
        while (extra.Length >= 4)
        {
            var id = BinaryPrimitives.ReadUInt16LittleEndian(extra);
            int size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (size > extra.Length - 4)
                return;
            if (id == 1)
            {
                var rest = extra.Slice(4, size);
                Replace(ref length, ref rest);
                Replace(ref stored, ref rest);
                Replace(ref header, ref rest);
            }
            extra = extra[(4 + size)..];
        }

        static void Replace(ref long value, ref ReadOnlySpan<byte> rest)
        {
            if (value != 0xFFFFFFFF || rest.Length < 8)
                return;
            value = BinaryPrimitives.ReadInt64LittleEndian(rest);
            rest = rest[8..];
        }
    }

    private CheckpointException NoEnd() =>
        Refuse("starts like a zip file but has no end-of-central-directory record: truncated");

    private CheckpointException Truncated(string name, long at) =>
        Refuse($"entry '{name}' at byte {at} does not fit in the file of {file.Length} bytes: truncated");

    private CheckpointException Refuse(string message) => new($"{file.Path}: {message}");

    private readonly record struct Entry(
        ushort Flags,
        ushort Method,
        long Stored,
        long Length,
        long Header,
        long Limit
    );
}
