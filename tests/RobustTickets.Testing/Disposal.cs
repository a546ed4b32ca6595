namespace RobustTickets.Testing;

/// <summary>Models that are disposed of beside calls in flight.</summary>
public static class Disposal
{
    /// <summary>
    /// Sixteen tasks that call until they are refused, and a disposal when each has called once;
    /// the names under which they were refused. What else a call throws comes out of here.
    /// </summary>
    public static async Task<string[]> BesideAsync(Action call, Action dispose)
    {
        using var begun = new CountdownEvent(16);
        var callers = Enumerable
            .Range(0, 16)
            .Select(_ =>
                Task.Factory.StartNew(
                    () =>
                    {
                        call();
                        begun.Signal();
                        try
                        {
                            while (true)
                                call();
                        }
                        catch (ObjectDisposedException e)
                        {
                            return e.ObjectName;
                        }
                    },
                    CancellationToken.None,
                    TaskCreationOptions.LongRunning,
                    TaskScheduler.Default
                )
            )
            .ToArray();
        begun.Wait();
        dispose();
        return await Task.WhenAll(callers);
    }
}
