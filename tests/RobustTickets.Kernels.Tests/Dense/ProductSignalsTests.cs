// GEMMs of oneDNN keep their stack on the heap, where the frame of a signal's handler overwrites
// what lies below it. CoreCLR stops threads for a collection by SIGRTMIN.
using System.Diagnostics;
using System.Globalization;
using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests.Dense;

public sealed class ProductSignalsTests : IClassFixture<OneThread>
{
    private const ulong Stop = 1UL << 33; // SIGRTMIN is 34

    [SkippableFact]
    public void Collections_beside_products_leave_the_heap_whole()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "other systems stop threads in other ways");
        var (code, output) = ChildProcess.Run(ChildProcess.Products, ("OMP_NUM_THREADS", "1"));
        Assert.True(code == 0, $"exit code {code}: {output}");
    }

    [SkippableFact]
    public void A_thread_is_stopped_in_managed_code_and_not_within_a_product()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "what a thread blocks is read from /proc");
        var place = "";
        using var began = new ManualResetEventSlim();
        var enough = false;
        ulong? managed = null;
        var thread = new Thread(() =>
        {
            torch.set_num_threads(1);
            using var scope = torch.scope();
            Tensor a = torch.ones([512, 512]),
                c = torch.zeros([512, 512]);
            // The name of the thread that looks.
            place = "/proc/" + File.ResolveLinkTarget("/proc/thread-self", false)!.Name;
            place = $"/proc/self/task/{Path.GetFileName(place)}/status";
            managed = Blocked(place);
            began.Set();
            while (!Volatile.Read(ref enough))
                Gemm.Multiply(a, a, c);
        });
        thread.Start();
        began.Wait();
        var clock = Stopwatch.StartNew();
        var within = false;
        while (!within && clock.Elapsed < TimeSpan.FromSeconds(30))
            within = (Blocked(place) & Stop) != 0;
        Volatile.Write(ref enough, true);
        thread.Join();
        Assert.Equal(0UL, managed & Stop);
        Assert.True(within, "SIGRTMIN was never seen blocked");
    }

    // Workers of the team: what a product divides among them is native code as well.
    [SkippableFact]
    public void The_teams_workers_are_stopped_in_managed_code_alone()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "what a thread blocks is read from /proc");
        torch.set_num_threads(2);
        try
        {
            var within = new System.Collections.Concurrent.ConcurrentDictionary<string, ulong>();
            var caller = File.ResolveLinkTarget("/proc/thread-self", false)!.Name;
            using var both = new Barrier(2);
            TorchParallel.For(
                2,
                1,
                (_, _) =>
                {
                    both.SignalAndWait();
                    var task = File.ResolveLinkTarget("/proc/thread-self", false)!.Name;
                    within[task] = Blocked($"/proc/self/task/{task}/status");
                }
            );
            Assert.Equal(2, within.Count);
            Assert.All(within.Values, blocked => Assert.Equal(0UL, blocked & Stop));
            Assert.Equal(0UL, Blocked($"/proc/self/task/{caller}/status") & Stop);
            Assert.All(
                within.Keys.Where(task => task != caller),
                task => Assert.NotEqual(0UL, Blocked($"/proc/self/task/{task}/status") & Stop)
            );
        }
        finally
        {
            torch.set_num_threads(1);
        }
    }

    private static ulong Blocked(string status) =>
        ulong.Parse(
            File.ReadLines(status).Single(l => l.StartsWith("SigBlk:", StringComparison.Ordinal))[7..].Trim(),
            NumberStyles.HexNumber,
            CultureInfo.InvariantCulture
        );
}
