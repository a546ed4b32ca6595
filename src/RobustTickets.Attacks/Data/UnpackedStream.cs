namespace RobustTickets.Attacks.Data;

/// <summary>
/// Counts what a packed file gives and stops at a limit, so that a small file cannot fill the
/// memory; stops when it is asked to.
/// </summary>
/// <param name="inner">The unpacking stream; goes with this one.</param>
/// <param name="path">The packed file, for the error.</param>
/// <param name="limit">Bytes that it may give.</param>
/// <param name="stop">Ends reading.</param>
internal sealed class UnpackedStream(Stream inner, string path, long limit, CancellationToken stop) : ForwardStream
{
    /// <summary>Unpacked bytes so far.</summary>
    public long Count { get; private set; }

    /// <exception cref="DataException">The file gives more than the limit.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public override int Read(Span<byte> buffer)
    {
        stop.ThrowIfCancellationRequested();
        var read = inner.Read(buffer);
        Count += read;
        return Count <= limit
            ? read
            : throw new DataException(
                $"{path}: unpacks to more than {DataOptionText.Size(limit)}, the limit for packed files; raise the "
                    + "limit, or unpack the file, if it is meant to be so large"
            );
    }

    /// <summary>The bytes that a gzip file unpacks to, counted before they are held.</summary>
    /// <exception cref="DataException">It is damaged, or gives more than the limit.</exception>
    public static byte[] Whole(string path, long limit, CancellationToken stop)
    {
        try
        {
            using var counted = new UnpackedStream(WholeGzip.Open(path), path, limit, stop);
            counted.CopyTo(Null);
            var bytes = new byte[counted.Count];
            using var again = new UnpackedStream(WholeGzip.Open(path), path, limit, stop);
            again.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new DataException($"{path}: not a whole gzip file: {e.Message}", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
