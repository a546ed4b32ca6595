// A lease held by this process, renewed by a separate thread during the work. If a higher number
// exists, or renewal failed for half the time-out, the lease is lost and the work is stopped.
// Require must be called before results are published.
using RobustTickets.Attacks;

namespace RobustTickets.Experiments.Leases;

/// <summary>A lease was taken over by another process, which continues the work.</summary>
internal sealed class LeaseLostException(string message) : Exception(message);

/// <summary>A held lease.</summary>
internal sealed class Lease : IWriterClaim, IDisposable
{
    private readonly Lock _gate = new();
    private readonly LeaseFolder _folder;
    private readonly CancellationTokenSource _lost = new();
    private readonly ManualResetEventSlim _end = new();
    private readonly Thread _beats;
    private LeaseHolder _me;
    private TimeSpan _renewed;

    internal Lease(
        LeaseFolder folder,
        string subject,
        long number,
        LeaseHolder me,
        LeaseTakeover? takeover,
        LeaseBeats beats
    )
    {
        (_folder, Subject, Number, _me, Takeover) = (folder, subject, number, me, takeover);
        Lost = _lost.Token;
        _renewed = folder.Now;
        _beats = new Thread(Beat) { IsBackground = true, Name = $"lease of {subject}" };
        if (beats == LeaseBeats.ByThread)
            _beats.Start();
    }

    /// <inheritdoc/>
    public string Subject { get; }

    /// <inheritdoc/>
    public long Number { get; }

    /// <summary>The previous holder it was taken over from; null if it was free.</summary>
    public LeaseTakeover? Takeover { get; }

    /// <summary>Cancelled when the lease is lost.</summary>
    public CancellationToken Lost { get; }

    /// <summary>
    /// The new holder of a lost lease; null if it was lost because renewal failed.
    /// </summary>
    public string? Successor { get; private set; }

    /// <summary>Checks now whether the lease is lost.</summary>
    public bool IsLost()
    {
        _ = Renew();
        return Lost.IsCancellationRequested;
    }

    /// <inheritdoc/>
    /// <exception cref="LeaseLostException">The lease is lost.</exception>
    /// <exception cref="OutputException">The state is unknown: the folder cannot be read or
    /// written.</exception>
    public void Require()
    {
        if (Renew() is { } failure)
            throw new OutputException($"lease of {Subject}: cannot be renewed: {failure.Message}", failure);
        if (Lost.IsCancellationRequested)
            throw new LeaseLostException(
                Successor is null ? $"{Subject} could not be renewed" : $"{Subject} was taken over by {Successor}"
            );
    }

    /// <summary>Releases the lease, so that the next holder need not wait.</summary>
    public void Dispose()
    {
        _end.Set();
        if (_beats.IsAlive)
            _beats.Join();
        lock (_gate)
        {
            try
            {
                if (!Lost.IsCancellationRequested && _folder.Newest(Subject).Number == Number)
                    _folder.Renew(Subject, Number, _me with { Free = true });
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or OutputException)
            {
                // It expires by itself.
            }
        }
        _end.Dispose();
        _lost.Dispose();
    }

    private void Beat()
    {
        while (!_end.Wait(_folder.Interval))
            _ = Renew();
    }

    // Renews before reading: on a network file system, writing refreshes the view of the folder.
    // Returns the exception, if any.
    private Exception? Renew()
    {
        lock (_gate)
        {
            if (Lost.IsCancellationRequested)
                return null;
            Exception? failure = null;
            try
            {
                _me = _me with { Beat = _me.Beat + 1 };
                _folder.Renew(Subject, Number, _me);
                var (number, text) = _folder.Newest(Subject);
                if (number > Number)
                {
                    Successor = LeaseHolder.Read(text)?.ToString() ?? LeaseFolder.Unknown;
                    _lost.Cancel();
                    return null;
                }
                _renewed = _folder.Now;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or OutputException)
            {
                failure = e;
            }
            // Other processes may soon have waited for the whole time-out.
            if (_folder.Now - _renewed > _folder.Timeout / 2)
                _lost.Cancel();
            return failure;
        }
    }
}
