// Input that may wait for another process, such as a pipe or a terminal: a signal breaks the
// waiting off, which no read of the system's does.
using RobustTickets.Attacks.Data;

namespace RobustTickets.Cli.Terminal;

/// <summary>Reads a stream until a stop.</summary>
/// <param name="inner">The stream; closed with this one.</param>
/// <param name="stop">Ends a read that waits.</param>
internal sealed class StoppableInput(Stream inner, CancellationToken stop) : ForwardStream
{
    private byte[] _arrived = [];

    /// <exception cref="OperationCanceledException">It was stopped; what arrives later is
    /// lost.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (inner.CanSeek)
            return inner.Read(buffer);
        if (_arrived.Length != buffer.Length)
            _arrived = new byte[buffer.Length];
        var read = Task.Run(() => inner.Read(_arrived), CancellationToken.None);
        Task.WaitAny([read], stop);
        var count = read.GetAwaiter().GetResult();
        _arrived.AsSpan(0, count).CopyTo(buffer);
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
