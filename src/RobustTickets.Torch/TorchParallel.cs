// Managed loops on libtorch's own OpenMP threads. A Parallel.For would compete for cores with
// spinning OpenMP workers; here there is one pool, and its workers are warm from the matrix
// products before and after the loop.
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

/// <summary>
/// Body of a parallel loop: processes the elements from <paramref name="begin"/> to before
/// <paramref name="end"/>.
/// </summary>
internal delegate void RangeBody(long begin, long end);

/// <summary>Parallel loops for managed kernels over tensor memory.</summary>
internal static unsafe class TorchParallel
{
    // libtorch sets OpenMP's number of the calling thread, and one that other threads read once.
    private static readonly Lock ThreadsGate = new();
    private static volatile int s_threads; // set last in the process; 0: never

    [ThreadStatic]
    private static int t_threads;

    /// <summary>Sets the number of threads, for <see cref="torch.set_num_threads"/>.</summary>
    internal static void SetThreads(int threads)
    {
        lock (ThreadsGate)
        {
            Shim.Check(Shim.rt_set_threads(threads), "set_num_threads");
            (s_threads, t_threads) = (threads, threads);
        }
    }

    /// <summary>
    /// Sets the calling thread's number of threads to the one set last in the process, by whatever
    /// thread; costs a comparison if it is the same.
    /// </summary>
    internal static void AdoptThreads()
    {
        if (t_threads == s_threads)
            return;
        lock (ThreadsGate)
            SetThreads(s_threads);
    }

    /// <summary>
    /// Runs <paramref name="body"/> over contiguous parts of [0, n), including on the calling
    /// thread, and returns when all are done. The assignment of parts to threads is determined by
    /// n, grain and the thread count. The body may only access memory, without tensor operations
    /// (grad mode, scopes and autocast are those of the calling thread). Inside another parallel
    /// loop it runs serially.
    /// </summary>
    /// <param name="n">Number of elements; 0 does nothing.</param>
    /// <param name="grain">Minimum number of elements per thread.</param>
    /// <param name="body">The loop body. Its first exception is rethrown here, when all parts have
    /// ended.</param>
    public static void For(long n, long grain, RangeBody body)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        ArgumentOutOfRangeException.ThrowIfLessThan(grain, 1);
        if (n == 0)
            return;
        if (n <= grain)
        {
            body(0, n);
            return;
        }
        var loop = new Loop(body);
        var handle = GCHandle.Alloc(loop);
        try
        {
            Shim.Check(Shim.rt_parallel_for(n, grain, &Run, GCHandle.ToIntPtr(handle)), "parallel loop");
        }
        finally
        {
            handle.Free();
        }
        loop.Failure?.Throw();
    }

    /// <summary>
    /// Runs <paramref name="body"/> for each task in [0, tasks) with dynamic scheduling: a thread
    /// takes the next task when it has finished one, so that a delayed thread does not delay the
    /// loop. The assignment to threads is nondeterministic; tasks must not depend on it, nor on
    /// each other. Otherwise as <see cref="For"/>.
    /// </summary>
    /// <param name="tasks">Number of tasks; started in order.</param>
    /// <param name="body">One task.</param>
    public static void ForEach(int tasks, Action<int> body)
    {
        var next = -1;
        For(
            Math.Min(tasks, torch.get_num_threads()),
            1,
            (_, _) =>
            {
                for (var task = Interlocked.Increment(ref next); task < tasks; task = Interlocked.Increment(ref next))
                    body(task);
            }
        );
    }

    private sealed class Loop(RangeBody body)
    {
        public readonly RangeBody Body = body;
        public ExceptionDispatchInfo? Failure;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Run(long begin, long end, nint context)
    {
        var loop = (Loop)GCHandle.FromIntPtr(context).Target!;
        try
        {
            loop.Body(begin, end);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref loop.Failure, ExceptionDispatchInfo.Capture(e), null);
        }
    }
}
