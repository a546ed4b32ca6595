namespace RobustTickets.Testing;

/// <summary>Tests disposal of models during concurrent calls.</summary>
public static class Disposal
{
    /// <summary>
    /// Runs sixteen tasks that call until the object is disposed, and disposes it once each has
    /// called; returns the object names of their ObjectDisposedExceptions. Other exceptions
    /// propagate.
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
