using RobustTickets.Torch;

namespace RobustTickets.Testing;

/// <summary>Counts of living tensors that only the test at hand can change.</summary>
public static class LiveTensors
{
    /// <summary>
    /// Tensors that live once what earlier tests forgot is collected. Where a count begins: the
    /// collector would free those at any moment, and the count would fall by them.
    /// </summary>
    public static long Settled()
    {
        // twice: what a finalizer let go of is garbage of the next collection
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return Tensor.LiveCount;
    }
}
