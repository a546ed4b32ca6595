using RobustTickets.Tests.Devices;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests;

/// <summary>
/// Tests that compute with libtorch. Its thread pool, its live-tensor count and the process's
/// memory belong to all of them, so they run one after another and
/// beside nothing else.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TorchCollection : ICollectionFixture<OneThread>
{
    public const string Name = "libtorch";
}

/// <summary>
/// Tiny models on one thread: on a busy machine the barriers of an OpenMP team cost a hundred times
/// what they share. Tests about threads ask for their own number.
/// </summary>
public sealed class OneThread : IDisposable
{
    private readonly int _before = torch.get_num_threads();

    public OneThread()
    {
        // libtorch counts the devices that need a thread for backward once, at the first backward
        // of the process.
        TestDevice.Load();
        torch.set_num_threads(1);
    }

    public void Dispose() => torch.set_num_threads(_before);
}
