using System.ComponentModel;
using System.Diagnostics;
using RobustTickets.Torch.Native;
using Xunit;

namespace RobustTickets.Torch.Tests;

/// <summary>Threads, loading, CPU set-up and the facts about them.</summary>
public sealed class RuntimeTests
{
    [Theory]
    [InlineData(1, 1), InlineData(7, 100), InlineData(100_003, 16)]
    public void A_parallel_loop_visits_every_element_once(long n, long grain)
    {
        var seen = new int[n];
        TorchParallel.For(
            n,
            grain,
            (begin, end) =>
            {
                for (var i = begin; i < end; i++)
                    Interlocked.Increment(ref seen[i]);
            }
        );
        Assert.All(seen, count => Assert.Equal(1, count));
    }

    // A GEMM of oneDNN keeps its stack on the heap: the frame of a signal would overwrite it.
    [SkippableFact]
    public void No_signal_that_is_handled_reaches_a_thread_while_it_computes()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "what a thread blocks is read from /proc");
        // SIGINT, SIGTERM, SIGCHLD, SIGCONT and SIGWINCH are bits 1, 14, 16, 17 and 27, SIGSEGV is
        // bit 10.
        const ulong handled = 1UL << 1 | 1UL << 14 | 1UL << 16 | 1UL << 17 | 1UL << 27;
        var before = Blocked();
        var within = new System.Collections.Concurrent.ConcurrentBag<ulong>();
        TorchParallel.ForEach(8, _ => within.Add(Blocked()));
        Assert.Equal(8, within.Count);
        Assert.All(within, blocked => Assert.Equal(handled, blocked & (handled | 1UL << 10)));
        Assert.Equal(before, Blocked());

        static ulong Blocked() =>
            Convert.ToUInt64(
                File.ReadLines("/proc/thread-self/status")
                    .Single(l => l.StartsWith("SigBlk:", StringComparison.Ordinal))[7..]
                    .Trim(),
                16
            );
    }

    [Fact]
    public void A_parallel_loop_uses_the_pools_threads_and_nests_serially()
    {
        var former = torch.get_num_threads();
        try
        {
            torch.set_num_threads(2);
            Assert.Equal(2, torch.get_num_threads());
            var threads = new System.Collections.Concurrent.ConcurrentDictionary<int, int>();
            var total = 0L;
            TorchParallel.For(
                2,
                1,
                (begin, end) =>
                {
                    threads[Environment.CurrentManagedThreadId] = 1;
                    TorchParallel.For(10, 1, (b, e) => Interlocked.Add(ref total, e - b));
                }
            );
            Assert.Equal(2, threads.Count);
            Assert.Equal(20, total);
            torch.set_num_threads(1);
            threads.Clear();
            TorchParallel.For(100, 1, (_, _) => threads[Environment.CurrentManagedThreadId] = 1);
            Assert.Equal([Environment.CurrentManagedThreadId], threads.Keys);
        }
        finally
        {
            torch.set_num_threads(former);
        }
    }

    [Fact]
    public void An_exception_in_a_parallel_loop_comes_back_as_itself()
    {
        Assert.Equal(
            "part 0",
            Assert
                .Throws<InvalidDataException>(() =>
                    TorchParallel.For(
                        1000,
                        1,
                        (begin, _) =>
                        {
                            if (begin == 0)
                                throw new InvalidDataException("part 0");
                        }
                    )
                )
                .Message
        );
        var done = 0L;
        TorchParallel.For(1000, 1, (b, e) => Interlocked.Add(ref done, e - b));
        Assert.Equal(1000, done);
    }

    [SkippableFact]
    public void A_library_of_another_abi_is_refused()
    {
        var folder = Directory.CreateTempSubdirectory("native-abi-").FullName;
        try
        {
            var handle = ShimLibrary.Load([LibraryOfAbi(Shim.Abi - 1, folder)], out var path, out var trace);
            Assert.Equal(0, handle);
            Assert.Null(path);
            Assert.Contains($"has ABI {Shim.Abi - 1}, this program needs {Shim.Abi}: run native/build.sh again", trace);
            Assert.NotEqual(0, ShimLibrary.Load([LibraryOfAbi(Shim.Abi, folder)], out _, out _));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string LibraryOfAbi(int abi, string folder)
    {
        var library = Path.Combine(folder, $"abi{abi}.so");
        var source = Path.ChangeExtension(library, ".cpp");
        File.WriteAllText(source, $"extern \"C\" int rt_abi() {{ return {abi}; }}");
        try
        {
            using var compiler = Process.Start("c++", ["-shared", "-fPIC", "-o", library, source]);
            compiler.WaitForExit();
        }
        catch (Win32Exception)
        {
            throw new SkipException("no C++ compiler here");
        }
        return library;
    }

    [Fact]
    public void The_search_says_what_it_tried_and_why_each_place_failed()
    {
        var folder = Directory.CreateTempSubdirectory("native-search-").FullName;
        try
        {
            var broken = Path.Combine(folder, "broken.so");
            File.WriteAllText(broken, "not a library");
            var foreign = "/lib/x86_64-linux-gnu/libm.so.6";
            var handle = ShimLibrary.Load(
                [Path.Combine(folder, "absent.so"), broken, .. File.Exists(foreign) ? (string[])[foreign] : []],
                out var path,
                out var trace
            );
            Assert.Equal(0, handle);
            Assert.Null(path);
            Assert.Contains("absent.so: not found", trace);
            Assert.Contains("broken.so: ", trace);
            if (File.Exists(foreign))
                Assert.Contains("no rt_abi", trace);
            var e = new TorchUnavailableException(trace);
            Assert.Contains("apt-get install libtorch-dev", e.Message);
            Assert.Contains("LIBTORCH", e.Message);
            Assert.EndsWith(trace, e.Message);

            Directory.CreateDirectory(Path.Combine(folder, "native"));
            File.WriteAllText(Path.Combine(folder, "native", "CMakeLists.txt"), "");
            var bin = Directory.CreateDirectory(Path.Combine(folder, "src", "bin")).FullName;
            // What is named is not replaced by what lies elsewhere.
            Assert.Equal(["/somewhere/else.so"], ShimLibrary.Candidates("/somewhere/else.so", bin));
            var places = ShimLibrary.Candidates(null, bin);
            Assert.Equal(Path.Combine(bin, ShimLibrary.FileName), places[0]);
            Assert.Equal(Path.Combine(folder, "native", "build", ShimLibrary.FileName), places[^1]);
            Assert.Equal(Path.Combine(folder, ShimLibrary.FileName), ShimLibrary.Candidates(folder, bin)[0]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(true, true, true, "SkylakeX")] // Emerald Rapids, which 0.3.21 takes for a Prescott
    [InlineData(false, true, true, "SkylakeX")] // Zen 4, which it takes for a Haswell
    [InlineData(true, true, false, "Haswell")]
    [InlineData(false, true, false, null)] // Zen 3
    [InlineData(true, false, false, null)]
    public void OpenBlas_is_told_the_core_type_by_what_the_processor_can_do(
        bool intel,
        bool avx2,
        bool avx512,
        string? expected
    ) => Assert.Equal(expected, CpuSetup.CoreType(intel, avx2, avx512));

    [Fact]
    public void Hyper_threads_count_as_one_core()
    {
        var folder = Directory.CreateTempSubdirectory("topology-").FullName;
        try
        {
            string[] siblings = ["0,2", "1,3", "0,2", "1,3"];
            for (var i = 0; i < 4; i++)
            {
                var at = Directory.CreateDirectory(Path.Combine(folder, $"cpu{i}", "topology")).FullName;
                File.WriteAllText(Path.Combine(at, "thread_siblings_list"), siblings[i] + "\n");
            }
            Directory.CreateDirectory(Path.Combine(folder, "cpufreq"));
            Assert.Equal(2, CpuSetup.PhysicalCores(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Info_names_what_is_loaded()
    {
        var info = TorchInfo.Collect();
        Assert.Matches(@"^\d+\.\d+", info.TorchVersion);
        Assert.True(File.Exists(info.NativeLibrary));
        Assert.InRange(info.Threads, 1, 1024);
        Assert.Contains("cpu", info.Devices);
        Assert.NotEmpty(info.CpuSetup);
        Assert.NotEmpty(info.Build);
        if (info.OpenBlas is { } blas)
        {
            Assert.Contains("OpenBLAS", blas.Config);
            if (CpuSetup.Enabled && Directory.Exists("/usr/lib/x86_64-linux-gnu/openblas-openmp"))
                Assert.Equal("openmp", blas.Threading);
        }
        var rate = TorchInfo.MeasureGemm(m: 32, k: 64, n: 64);
        Assert.True(rate.GigaflopsPerSecond > 0);
        var bf16 = TorchInfo.MeasureGemm(DType.BFloat16, m: 32, k: 64, n: 64);
        Assert.Equal(info.HasBFloat16, bf16.GigaflopsPerSecond is not null);
    }

    [Theory]
    [InlineData(true, 0x20, true)]
    [InlineData(true, 0x1c00, false)] // AMX_FP16 and others, AVX512_BF16 masked
    [InlineData(true, 0, false)]
    [InlineData(false, 0x20, false)] // the system does not keep the registers
    public void Bfloat16_is_multiplied_where_AVX512_BF16_is(bool avx512, int eax, bool multiplied) =>
        Assert.Equal(multiplied, TorchInfo.MultipliesBFloat16(avx512, eax));

    [Fact]
    public void Autocast_lowers_products_on_this_thread_until_disposed()
    {
        using var scope = torch.scope();
        var (a, b) = (torch.ones([2, 2]), torch.ones([2, 2]));
        using (torch.autocast(Device.Cpu, DType.BFloat16))
        {
            Assert.Equal(DType.BFloat16, a.mm(b).dtype);
            using (torch.autocast(Device.Cpu, null))
                Assert.Equal(DType.Float32, a.mm(b).dtype);
            Assert.Equal(DType.BFloat16, a.mm(b).dtype);
        }
        Assert.Equal(DType.Float32, a.mm(b).dtype);
    }
}
