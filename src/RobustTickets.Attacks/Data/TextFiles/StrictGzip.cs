using System.IO.Compression;

namespace RobustTickets.Attacks.Data.TextFiles;

/// <summary>
/// Reads a gzip file and fails when it is truncated. .NET's <see cref="GZipStream"/> ends silently
/// at the end of a truncated file, so a partial download looks like a smaller data set. A second
/// gzip member with a known text is appended to the file's bytes; the unpacked stream ends with
/// that text only if the file's own members are complete (a truncated one consumes the appended
/// bytes and fails, or yields something else). Concatenated members are supported.
/// </summary>
internal sealed class StrictGzip : ForwardStream
{
    private static readonly byte[] Marker = "whole-gzip-\u2713-c9a1f07e42"u8.ToArray();
    private static readonly byte[] MarkerMember = Pack(Marker);

    private readonly Stream _file;
    private readonly GZipStream _gzip;

    // Bytes read but not returned yet: at least the marker's length is held back until the end of
    // the stream.
    private readonly byte[] _pending = new byte[1 << 16];
    private int _start,
        _count;
    private bool _ended;

    private StrictGzip(Stream file)
    {
        _file = file;
        _gzip = new GZipStream(new Chain(file, new MemoryStream(MarkerMember)), CompressionMode.Decompress);
    }

    /// <summary>
    /// Opens a file; reading throws <see cref="InvalidDataException"/> when it is not gzip or
    /// truncated.
    /// </summary>
    public static StrictGzip Open(string path) => Open(File.OpenRead(path));

    public static StrictGzip Open(byte[] bytes) => Open(new MemoryStream(bytes));

    /// <summary>Reads compressed bytes from a stream, which is disposed with this one.</summary>
    public static StrictGzip Open(Stream packed) => new(packed);

    public override int Read(Span<byte> buffer)
    {
        while (!_ended && _count <= Marker.Length)
        {
            if (_start > 0)
            {
                Buffer.BlockCopy(_pending, _start, _pending, 0, _count);
                _start = 0;
            }
            var read = _gzip.Read(_pending, _count, _pending.Length - _count);
            _count += read;
            if (read > 0)
                continue;
            _ended = true;
            if (
                _count < Marker.Length
                || !_pending.AsSpan(_start + _count - Marker.Length, Marker.Length).SequenceEqual(Marker)
            )
            {
                throw new InvalidDataException("the file is truncated");
            }
        }
        var give = Math.Min(buffer.Length, _count - Marker.Length);
        _pending.AsSpan(_start, give).CopyTo(buffer);
        _start += give;
        _count -= give;
        return give;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _gzip.Dispose();
            _file.Dispose();
        }
        base.Dispose(disposing);
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    /// <summary>Concatenates two streams.</summary>
    private sealed class Chain(Stream first, Stream second) : ForwardStream
    {
        private Stream _current = first;

        public override int Read(Span<byte> buffer)
        {
            var read = _current.Read(buffer);
            if (read > 0 || buffer.IsEmpty || ReferenceEquals(_current, second))
                return read;
            _current = second;
            return _current.Read(buffer);
        }
    }
}
