// Disposal of what other threads may be using: what is held is released by the last call in flight,
// and calls that begin later are refused by the name of the type.

namespace RobustTickets.Attacks;

/// <summary>Counts the calls in flight of something that is disposed of.</summary>
/// <param name="owner">The type that later calls name.</param>
/// <param name="release">Releases what is held; called once.</param>
internal sealed class DisposeGuard(Type owner, Action release)
{
    private readonly Lock _gate = new();
    private int _calls;
    private bool _disposed;

    /// <summary>Begins a call, which its result ends.</summary>
    /// <exception cref="ObjectDisposedException">It is disposed of.</exception>
    public Call Enter()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, owner);
            _calls++;
        }
        return new Call(this);
    }

    /// <summary>Refuses a call that uses nothing of what is released.</summary>
    /// <exception cref="ObjectDisposedException">It is disposed of.</exception>
    public void Require() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), owner);

    /// <summary>
    /// Refuses further calls; those in flight end as they would, and the last of them releases.
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
        /// <summary>Ends it.</summary>
        public void Dispose() => guard.Leave();
    }
}
