// Thread-safe disposal: the last call in flight releases the resources; later calls throw
// ObjectDisposedException with the type's name.

namespace RobustTickets.Attacks;

/// <summary>Counts the calls in flight on a disposable object.</summary>
/// <param name="owner">The type named in exceptions.</param>
/// <param name="release">Releases the resources; called once.</param>
internal sealed class DisposeGuard(Type owner, Action release)
{
    private readonly Lock _gate = new();
    private int _calls;
    private bool _disposed;

    /// <summary>Starts a call; disposing the result ends it.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public Call Enter()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, owner);
            _calls++;
        }
        return new Call(this);
    }

    /// <summary>Throws if disposed; for calls that do not use the released resources.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public void Require() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), owner);

    /// <summary>
    /// Refuses new calls; those in flight complete, and the last one releases the resources.
    /// </summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            if (_calls > 0)
                return;
        }
        release();
    }

    private void Leave()
    {
        lock (_gate)
        {
            if (--_calls > 0 || !_disposed)
                return;
        }
        release();
    }

    /// <summary>A call in flight.</summary>
    public readonly struct Call(DisposeGuard guard) : IDisposable
    {
        /// <summary>Ends the call.</summary>
        public void Dispose() => guard.Leave();
    }
}
