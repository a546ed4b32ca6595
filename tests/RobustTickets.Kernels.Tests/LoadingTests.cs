using System.Diagnostics;
using Xunit;

namespace RobustTickets.Kernels.Tests;

public sealed class LoadingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("loading").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // A tensor of another thread must not come from the allocator that the heap replaces.
    [SkippableFact]
    public void No_thread_gets_the_library_before_its_heap_is_open()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the heap is there on Linux alone");
        var (source, library) = (Path.Combine(_folder, "slow.cpp"), Path.Combine(_folder, "slow.so"));
        File.WriteAllText(
            source,
            $$"""
            #include <unistd.h>
            static volatile int open_now = 0;
            extern "C" int rt_abi() { return {{RobustTickets.Torch.Native.Shim.Abi}}; }
            extern "C" int opened() { return open_now; }
            extern "C" int rt_heap_open() { usleep(1500000); open_now = 1; return 1; }
            """
        );
        using (var compiler = Process.Start("c++", ["-shared", "-fPIC", "-o", library, source]))
        {
            compiler.WaitForExit();
            Assert.Equal(0, compiler.ExitCode);
        }
        var (code, output) = ChildProcess.Run(
            ChildProcess.Loading,
            ("ROBUST_TICKETS_NATIVE", library),
            ("ROBUST_TICKETS_NO_CPU_SETUP", "")
        );
        Assert.True(code == 0, $"exit code {code}: {output}");
    }
}
