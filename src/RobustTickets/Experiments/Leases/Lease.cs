// A lease that this process holds. A thread of its own renews it while the process computes; when a
// higher number is there, or it could not be renewed for half the time-out, it is lost and the work
// is stopped. Whoever publishes asks first (Require).
using RobustTickets.Attacks;

namespace RobustTickets.Experiments.Leases;

/// <summary>A lease was taken over by another process, which goes on with the work.</summary>
internal sealed class LeaseLostException(string message) : Exception(message);

/// <summary>A lease held.</summary>
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

    /// <summary>From whom it was taken over; null when it was free.</summary>
    public LeaseTakeover? Takeover { get; }

    /// <summary>Cancelled when it is lost.</summary>
    public CancellationToken Lost { get; }

    /// <summary>Who has it now that it is lost; null when nobody need have it: it could not be
    /// renewed.</summary>
    public string? Successor { get; private set; }

    /// <summary>Whether it is lost, by a look now.</summary>
    public bool IsLost()
    {
        _ = Renew();
        return Lost.IsCancellationRequested;
    }

    /// <inheritdoc/>
    /// <exception cref="LeaseLostException">It is lost.</exception>
    /// <exception cref="OutputException">Nobody can tell: the folder cannot be read or
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

    /// <summary>Gives it back, so that the next one need not wait.</summary>
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
                // It becomes free by silence.
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

    // Renews first and looks then: the answer to the change brings a network file system's view of
    // the folder up to date. Returns what kept it from either.
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
            // Others may soon have watched it for long enough.
            if (_folder.Now - _renewed > _folder.Timeout / 2)
                _lost.Cancel();
            return failure;
        }
    }
}
