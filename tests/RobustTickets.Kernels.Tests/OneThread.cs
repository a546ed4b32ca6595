using RobustTickets.Torch;

namespace RobustTickets.Kernels.Tests;

/// <summary>
/// Small tensors on one thread: on a busy machine the barriers of an OpenMP team cost a hundred
/// times what they share. Tests about threads ask for their own number.
/// </summary>
public sealed class OneThread : IDisposable
{
    private readonly int _before = torch.get_num_threads();

    public OneThread() => torch.set_num_threads(1);

    public void Dispose() => torch.set_num_threads(_before);
}
