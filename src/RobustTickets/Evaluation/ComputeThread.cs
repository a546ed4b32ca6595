// One thread computes for all callers on thread-pool threads. libtorch keeps a team of OpenMP
// threads for each thread that computes, and requests of a web server come on any pool thread.
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using RobustTickets.Torch;

namespace RobustTickets.Evaluation;

/// <summary>
/// Runs computations where their OpenMP team is: for a thread-pool thread on one background thread
/// of the process, first come, first served, for any other thread in place.
/// </summary>
internal static class ComputeThread
{
    private static readonly Lazy<BlockingCollection<Work>> Queue = new(Start);

    /// <summary>
    /// Runs <paramref name="body"/> and returns when it has ended; its exception is rethrown here.
    /// Grad mode, autocast and scopes of the caller do not hold in it, and it must not wait for
    /// what a caller holds.
    /// </summary>
    public static void Run(Action body)
    {
        if (!Thread.CurrentThread.IsThreadPoolThread)
        {
            body();
            return;
        }
        var work = new Work(body);
        Queue.Value.Add(work);
        work.Wait();
    }

    /// <inheritdoc cref="Run(Action)"/>
    public static T Run<T>(Func<T> body)
    {
        T result = default!;
        Run(() =>
        {
            result = body();
        });
        return result;
    }

    private static BlockingCollection<Work> Start()
    {
        var queue = new BlockingCollection<Work>();
        var thread = new Thread(() => Serve(queue)) { IsBackground = true, Name = "compute" };
        // Without the execution context of whoever calls first.
        thread.UnsafeStart();
        return queue;
    }

    private static void Serve(BlockingCollection<Work> queue)
    {
        while (true)
            ServeNext(queue);
    }

    // Its frame ends with the work: a waiting thread must not keep the last caller's model alive.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ServeNext(BlockingCollection<Work> queue) => queue.Take().Execute();

    private sealed class Work(Action body)
    {
        private readonly object _gate = new();
        private ExceptionDispatchInfo? _failure;
        private bool _ended;

        public void Execute()
        {
            try
            {
                TorchParallel.AdoptThreads();
                body();
            }
            catch (Exception e)
            {
                _failure = ExceptionDispatchInfo.Capture(e);
            }
            lock (_gate)
            {
                _ended = true;
                Monitor.Pulse(_gate);
            }
        }

        public void Wait()
        {
            lock (_gate)
                while (!_ended)
                    Monitor.Wait(_gate);
            _failure?.Throw();
        }
    }
}
