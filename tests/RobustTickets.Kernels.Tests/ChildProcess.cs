// What may end the process or load another native library runs in a child of its own: this program,
// started with the name of the work.
using System.Diagnostics;
using System.Runtime.InteropServices;
using RobustTickets.Kernels.Dense;
using RobustTickets.Torch.Native;

namespace RobustTickets.Kernels.Tests;

internal static unsafe class ChildProcess
{
    internal const string Products = "products-under-collections",
        Loading = "two-threads-load";

    /// <summary>Runs a work in a child; its exit code and what it printed.</summary>
    internal static (int Code, string Output) Run(string work, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The tests' host is dotnet itself.
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        start.ArgumentList.Add(work);
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return (process.ExitCode, output.Result + error.Result);
    }

    private static int Main(string[] arguments) =>
        arguments switch
        {
            [Products] => RunProducts(),
            [Loading] => Load(),
            _ => 2,
        };

    // Threads that are asked to stop for collections at any time, as CoreCLR asks them, which a
    // collection does just before and after products alone. A handler within a product overwrites
    // the heap, which the allocator notices.
    private static int RunProducts()
    {
        (bool TA, bool TB, int M, int N, int K)[] shapes =
        [
            (false, false, 64, 256, 1024),
            (true, false, 256, 256, 64),
            (false, true, 64, 1024, 256),
            (false, false, 13, 768, 768),
        ];
        ShimLibrary.EnsureLoaded();
        var stop = false;
        var products = 0;
        var tasks = new System.Collections.Concurrent.ConcurrentBag<int>();
        var threads = Enumerable.Range(0, 2).Select(_ => new Thread(Multiply)).ToArray();
        foreach (var thread in threads)
            thread.Start();
        var clock = Stopwatch.StartNew();
        for (var i = 0; clock.Elapsed < TimeSpan.FromSeconds(5); i++)
        {
            foreach (var task in tasks)
                _ = Kill(Environment.ProcessId, task, LowestRealTime());
            if (i % 100 == 0)
                GC.Collect(0);
        }
        Volatile.Write(ref stop, true);
        foreach (var thread in threads)
            thread.Join();
        Console.WriteLine(products);
        return products > 0 ? 0 : 3;

        void Multiply()
        {
            var sum = 0.0;
            tasks.Add(Task());
            while (!Volatile.Read(ref stop))
            {
                foreach (var (ta, tb, m, n, k) in shapes)
                {
                    void* a = NativeMemory.AllocZeroed((nuint)(m * k), sizeof(float)),
                        b = NativeMemory.AllocZeroed((nuint)(k * n), sizeof(float)),
                        c = NativeMemory.AllocZeroed((nuint)(m * n), sizeof(float));
                    for (var i = 0; i < 20000; i++)
                        sum += Math.Sqrt(i);
                    Gemm.Run(new Product(false, ta, tb, m, n, k, (nint)a, (nint)b, 0, (nint)c));
                    NativeMemory.Free(a);
                    NativeMemory.Free(b);
                    NativeMemory.Free(c);
                    Interlocked.Increment(ref products);
                }
            }
            GC.KeepAlive(sum);
        }
    }

    [DllImport("libc", EntryPoint = "gettid")]
    private static extern int Task();

    [DllImport("libc", EntryPoint = "tgkill")]
    private static extern int Kill(int process, int task, int signal);

    [DllImport("libc", EntryPoint = "__libc_current_sigrtmin")]
    private static extern int LowestRealTime();

    // The library of the test takes its time to open the heap.
    private static int Load()
    {
        var first = new Thread(ShimLibrary.EnsureLoaded);
        first.Start();
        while (!CpuSetup.Applied.ToArray().Any(done => done.StartsWith("malloc", StringComparison.Ordinal)))
            Thread.Sleep(1);
        Thread.Sleep(200);
        var handle = ShimLibrary.Handle;
        var opened = (delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(handle, "opened");
        var whole = opened();
        first.Join();
        return whole == 1 ? 0 : 3;
    }
}
