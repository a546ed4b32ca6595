// First Ctrl-C or SIGTERM: the work is cancelled and may write a checkpoint. Second: the process
// exits immediately.
using System.Runtime.InteropServices;

namespace RobustTickets.Cli.Terminal;

/// <summary>Turns signals into a cancellation token and records the first one.</summary>
public sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly TextWriter? _error;
    private readonly Action<int>? _end;
    private int _signal;
    private string? _keeps;

    private StopSignal(TextWriter? error, Action<int>? end)
    {
        (_error, _end) = (error, end);
    }

    /// <summary>What cancelled training saves.</summary>
    internal const string Checkpoint = "a checkpoint is written if there is work to save";

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>
    /// Exit code of the signal received: 130 for SIGINT (also when there was none), 143 for
    /// SIGTERM.
    /// </summary>
    public int ExitCode => _signal == (int)PosixSignal.SIGTERM ? ExitCodes.Terminated : ExitCodes.Interrupted;

    /// <summary>Handles the signals of this process.</summary>
    /// <param name="error">Receives messages to the user.</param>
    /// <param name="end">Exits the process with a code on the second signal: without destructors,
    /// since other threads are still computing.</param>
    public static StopSignal Install(TextWriter error, Action<int> end)
    {
        var stop = new StopSignal(error, end);
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM })
        {
            stop._registrations.Add(
                PosixSignalRegistration.Create(
                    signal,
                    context =>
                    {
                        context.Cancel = true;
                        stop.Raise(context.Signal);
                    }
                )
            );
        }
        return stop;
    }

    /// <summary>Handles no signals; tests raise them.</summary>
    public static StopSignal Detached() => new(null, null);

    /// <summary>Sets what the current work saves when cancelled, until disposed.</summary>
    internal IDisposable Keeping(string what)
    {
        var before = _keeps;
        _keeps = what;
        return new Kept(() => _keeps = before);
    }

    /// <summary>Raises a signal unless one was received already.</summary>
    internal void Ask(PosixSignal signal)
    {
        if (_signal == 0)
            Raise(signal);
    }

    /// <summary>Handles a signal.</summary>
    public void Raise(PosixSignal signal)
    {
        if (Interlocked.CompareExchange(ref _signal, (int)signal, 0) != 0)
        {
            _end?.Invoke(ExitCode);
            return;
        }
        var kept = _keeps is { } keeps ? $"; {keeps}" : "";
        _error?.WriteLine($"\nstopping{kept} (a second signal stops immediately)");
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The work has already ended.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private sealed class Kept(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
