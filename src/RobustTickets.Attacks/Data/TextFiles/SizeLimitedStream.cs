namespace RobustTickets.Attacks.Data.TextFiles;

/// <summary>
/// Limits the unpacked size of a compressed file, so that a small file cannot exhaust memory;
/// cancellable.
/// </summary>
/// <param name="inner">The decompressing stream; disposed with this one.</param>
/// <param name="path">The compressed file, for errors.</param>
/// <param name="limit">Maximum unpacked bytes.</param>
/// <param name="stop">Cancels reading.</param>
internal sealed class SizeLimitedStream(Stream inner, string path, long limit, CancellationToken stop) : ForwardStream
{
    /// <summary>Unpacked bytes so far.</summary>
    public long Count { get; private set; }

    /// <exception cref="DataException">The unpacked size exceeds the limit.</exception>
    /// <exception cref="OperationCanceledException">Reading was cancelled.</exception>
    public override int Read(Span<byte> buffer)
    {
        stop.ThrowIfCancellationRequested();
        var read = inner.Read(buffer);
        Count += read;
        return Count <= limit
            ? read
            : throw new DataException(
                $"{path}: unpacks to more than {DataOptionText.Size(limit)}, the limit for packed files; raise the "
                    + "limit, or unpack the file, if this size is expected"
            );
    }

    /// <summary>Unpacks a whole gzip file, within a limit.</summary>
    /// <exception cref="DataException">The file is damaged, or exceeds the limit.</exception>
    public static byte[] Whole(string path, long limit, CancellationToken stop)
    {
        try
        {
            using var counted = new SizeLimitedStream(StrictGzip.Open(path), path, limit, stop);
            counted.CopyTo(Null);
            var bytes = new byte[counted.Count];
            using var again = new SizeLimitedStream(StrictGzip.Open(path), path, limit, stop);
            again.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new DataException($"{path}: incomplete or corrupt gzip file: {e.Message}", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
