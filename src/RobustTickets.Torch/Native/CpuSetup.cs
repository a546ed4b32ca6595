// CPU settings that must precede the loading of libtorch, because OpenMP, OpenBLAS and malloc read
// them in their constructors. Effects: docs/performance.md.
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace RobustTickets.Torch.Native;

/// <summary>
/// CPU setup of the process, applied once before libtorch loads.
/// <c>ROBUST_TICKETS_NO_CPU_SETUP=1</c> disables it (to measure its effect).
/// </summary>
internal static unsafe partial class CpuSetup
{
    private const int RtldNow = 2,
        RtldGlobal = 0x100;
    private const int TrimThreshold = -1,
        TopPad = -2,
        MmapThreshold = -3;

    private static readonly List<string> Done = [];
    private static bool s_applied;

    /// <summary>
    /// What was set, preloaded or left unchanged, one short statement each; empty before libtorch
    /// loads.
    /// </summary>
    public static IReadOnlyList<string> Applied => Done;

    /// <summary>
    /// True unless <c>ROBUST_TICKETS_NO_CPU_SETUP</c> is set to a value other than 0.
    /// </summary>
    public static bool Enabled =>
        Environment.GetEnvironmentVariable("ROBUST_TICKETS_NO_CPU_SETUP") is null or "" or "0";

    /// <summary>Applies the setup; later calls do nothing. Called by the loader.</summary>
    internal static void Apply()
    {
        if (s_applied)
            return;
        s_applied = true;
        if (!OperatingSystem.IsLinux())
            return;
        // Debian 13's libtorch loads UCX (for MPI process groups), which replaces .NET's SIGSEGV
        // handler, so that a null reference would end the process instead of throwing.
        if (Environment.GetEnvironmentVariable("UCX_ERROR_SIGNALS") is null)
            setenv("UCX_ERROR_SIGNALS", "", 1);
        if (!Enabled)
        {
            Done.Add("off (ROBUST_TICKETS_NO_CPU_SETUP)");
            return;
        }
        if (CoreType() is { } core)
            Set("OPENBLAS_CORETYPE", core);
        // By default Debian's libtorch counts cores itself and may find one where the scheduler
        // grants two.
        var threads = Math.Min(PhysicalCores("/sys/devices/system/cpu"), Environment.ProcessorCount);
        Set("OMP_NUM_THREADS", threads.ToString(System.Globalization.CultureInfo.InvariantCulture));
        // Workers may spin for some ten microseconds between two regions of a step, instead of
        // GNU's default milliseconds, which would take the second core from managed threads
        // (tokenizers, attacks, the GC).
        Set("GOMP_SPINCOUNT", "20000");
        Preload();
        KeepMemory();
    }

    /// <summary>
    /// Physical cores by the kernel's topology; hyper-threads share their multiply units, so a
    /// second thread there does not speed up a product.
    /// </summary>
    internal static int PhysicalCores(string folder)
    {
        if (!Directory.Exists(folder))
            return Environment.ProcessorCount;
        var cores = Directory
            .EnumerateDirectories(folder, "cpu*")
            .Select(cpu => Path.Combine(cpu, "topology", "thread_siblings_list"))
            .Where(File.Exists)
            .Select(f => File.ReadAllText(f).Trim())
            .Distinct()
            .Count();
        return cores > 0 ? cores : Environment.ProcessorCount;
    }

    /// <summary>
    /// The OpenBLAS core type for this processor, or null to let OpenBLAS choose.
    /// </summary>
    internal static string? CoreType()
    {
        if (!X86Base.IsSupported)
            return null;
        var (_, ebx, ecx, edx) = X86Base.CpuId(0, 0);
        var intel = ebx == 0x756e6547 && edx == 0x49656e69 && ecx == 0x6c65746e; // "GenuineIntel"
        var avx512 = Avx512F.VL.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported;
        return CoreType(intel, Avx2.IsSupported && Fma.IsSupported, avx512);
    }

    /// <summary>
    /// The rule behind <see cref="CoreType()"/>. OpenBLAS uses lists of models, which end at its
    /// release: 0.3.21 gives Zen 4 the Haswell kernels, and Emerald Rapids the Prescott ones.
    /// SkylakeX requires AVX-512 with BW, DQ and VL, Haswell AVX2 and FMA. AMD cores without
    /// AVX-512 get the right kernels by default.
    /// </summary>
    internal static string? CoreType(bool intel, bool avx2, bool avx512) =>
        avx512 ? "SkylakeX"
        : intel && avx2 ? "Haswell"
        : null;

    private static void Set(string name, string value)
    {
        if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } given)
        {
            Done.Add($"{name}={given} (set by you)");
            return;
        }
        setenv(name, value, 1);
        Done.Add($"{name}={value}");
    }

    // libtorch requires libblas.so.3, liblapack.so.3 and libopenblas.so.0 by SONAME; the library
    // loaded first under a name is used. Debian's default has its own pthread pool in addition to
    // libtorch's OpenMP pool.
    private static void Preload()
    {
        if (Environment.GetEnvironmentVariable("LIBTORCH") is { Length: > 0 })
            return; // binary releases include their own BLAS
        foreach (var triplet in (string[])["x86_64-linux-gnu", "aarch64-linux-gnu"])
        {
            var folder = $"/usr/lib/{triplet}/openblas-openmp";
            if (!Directory.Exists(folder))
                continue;
            foreach (var name in (string[])["libopenblas.so.0", "libblas.so.3", "liblapack.so.3"])
            {
                var path = Path.Combine(folder, name);
                if (File.Exists(path) && dlopen(path, RtldNow | RtldGlobal) != 0)
                    Done.Add($"preloaded {path}");
            }
            return;
        }
        Done.Add(
            "no OpenMP build of OpenBLAS found (apt-get install libopenblas0-openmp): matrix products will be slower"
        );
    }

    /// <summary>
    /// Allocates large tensors from a separate address range (native/heap.cpp); called when the
    /// shim is loaded, before the first tensor.
    /// </summary>
    internal static void OpenHeap(nint library)
    {
        if (!OperatingSystem.IsLinux() || !Enabled)
            return;
        var open = (delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(library, "rt_heap_open");
        Done.Add(
            open() != 0
                ? "large tensors in one address range, on huge pages where the kernel provides them"
                : "large tensors use malloc: no address range could be reserved"
        );
    }

    // By default glibc maps every large tensor and unmaps it when freed: one page fault per 4 KiB
    // in every step.
    private static void KeepMemory()
    {
        var kept = mallopt(MmapThreshold, 1 << 30) == 1 || mallopt(MmapThreshold, 32 << 20) == 1;
        kept &= mallopt(TrimThreshold, int.MaxValue) == 1;
        kept &= mallopt(TopPad, 64 << 20) == 1;
        Done.Add(kept ? "malloc keeps freed memory" : "malloc settings unchanged");
    }

    // Environment.SetEnvironmentVariable does not reach native code.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint dlopen(string path, int flags);

    [LibraryImport("libc")]
    private static partial int mallopt(int parameter, int value);
}
