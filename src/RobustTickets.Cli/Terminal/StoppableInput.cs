// Makes blocking reads from a pipe or terminal cancellable by a signal; system reads are not.
using RobustTickets.Attacks.Data.TextFiles;

namespace RobustTickets.Cli.Terminal;

/// <summary>Reads a stream until cancelled.</summary>
/// <param name="inner">The stream; closed with this one.</param>
/// <param name="stop">Cancels a blocking read.</param>
internal sealed class StoppableInput(Stream inner, CancellationToken stop) : ForwardStream
{
    private byte[] _arrived = [];

    /// <exception cref="OperationCanceledException">The read was cancelled; data that arrive later
    /// are lost.</exception>
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
