using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>Disposal beside calls in flight: the last of them releases, later ones are
/// refused.</summary>
public sealed class DisposeGuardTests
{
    private int _released;

    [Fact]
    public void Without_a_call_in_flight_it_releases_at_once_and_once()
    {
        var guard = Guard();
        guard.Enter().Dispose();
        Assert.Equal(0, _released);
        guard.Dispose();
        guard.Dispose();
        Assert.Equal(1, _released);
    }

    [Fact]
    public void With_calls_in_flight_the_last_of_them_releases()
    {
        var guard = Guard();
        var (first, second) = (guard.Enter(), guard.Enter());
        guard.Dispose();
        first.Dispose();
        Assert.Equal(0, _released);
        second.Dispose();
        Assert.Equal(1, _released);
    }

    [Fact]
    public void Later_calls_are_refused_by_the_name_of_the_type()
    {
        var guard = Guard();
        guard.Require();
        using var call = guard.Enter();
        guard.Dispose();
        Assert.Equal(Name, Assert.Throws<ObjectDisposedException>(() => guard.Enter()).ObjectName);
        Assert.Equal(Name, Assert.Throws<ObjectDisposedException>(guard.Require).ObjectName);
    }

    [Fact]
    public async Task Whatever_the_threads_it_releases_once_and_never_under_a_call()
    {
        for (var round = 0; round < 200; round++)
        {
            var (gone, under) = (0, 0);
            var guard = new DisposeGuard(typeof(DisposeGuardTests), () => Interlocked.Increment(ref gone));
            using var start = new Barrier(5);
            var callers = Enumerable
                .Range(0, 4)
                .Select(_ =>
                    Task.Run(() =>
                    {
                        start.SignalAndWait();
                        try
                        {
                            while (true)
                            {
                                using var call = guard.Enter();
                                if (Volatile.Read(ref gone) > 0)
                                    Interlocked.Increment(ref under);
                            }
                        }
                        catch (ObjectDisposedException) { }
                    })
                )
                .ToArray();
            start.SignalAndWait();
            guard.Dispose();
            await Task.WhenAll(callers);
            Assert.Equal((1, 0), (gone, under));
        }
    }

    private static string Name => typeof(DisposeGuardTests).FullName!;

    private DisposeGuard Guard() => new(typeof(DisposeGuardTests), () => _released++);
}
