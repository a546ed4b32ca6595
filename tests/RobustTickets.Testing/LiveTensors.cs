using RobustTickets.Torch;

namespace RobustTickets.Testing;

/// <summary>Counts live tensors, excluding garbage of other tests.</summary>
public static class LiveTensors
{
    /// <summary>
    /// Number of live tensors after collecting the garbage of earlier tests, which would otherwise
    /// be collected, and change the count, at any time.
    /// </summary>
    public static long Settled()
    {
        // twice: objects released by finalizers are garbage of the next collection
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return Tensor.LiveCount;
    }
}
