// Input that may wait for another process, such as a pipe or a terminal: a signal breaks the
// waiting off, which no read of the system's does.
namespace RobustTickets.Cli.Terminal;

/// <summary>Reads a stream until a stop.</summary>
/// <param name="inner">The stream; closed with this one.</param>
/// <param name="stop">Ends a read that waits.</param>
internal sealed class StoppableInput(Stream inner, CancellationToken stop) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="OperationCanceledException">It was stopped; what arrives later is
    /// lost.</exception>
    public override int Read(byte[] buffer, int offset, int count)
    {
        if (inner.CanSeek)
            return inner.Read(buffer, offset, count);
        var read = Task.Run(() => inner.Read(buffer, offset, count), CancellationToken.None);
        Task.WaitAny([read], stop);
        return read.GetAwaiter().GetResult();
    }

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
