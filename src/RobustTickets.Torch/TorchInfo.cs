// Describes the compute environment: libtorch, BLAS, threads, vector units, devices, and the speed
// of a matrix product of BERT's shape. `robust-tickets info` prints it, as set up by CpuSetup and
// (in a child process with ROBUST_TICKETS_NO_CPU_SETUP=1) with the libraries' defaults.
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

/// <summary>Throughput of a matrix product [M, K] x [K, N].</summary>
/// <param name="DType">Element type.</param>
/// <param name="Device">Device of the measurement.</param>
/// <param name="M">Rows of the left matrix.</param>
/// <param name="K">Columns of the left matrix.</param>
/// <param name="N">Columns of the right matrix.</param>
/// <param name="GigaflopsPerSecond">2 M K N / median time, in 1e9 operations per second; null if
/// the type is emulated and therefore not supported.</param>
internal sealed record GemmRate(DType DType, string Device, int M, int K, int N, double? GigaflopsPerSecond)
{
    /// <summary>Human-readable form.</summary>
    public override string ToString() =>
        $"{DType.ToString().ToLowerInvariant()} [{M}, {K}] x [{K}, {N}] on {Device}: "
        + (GigaflopsPerSecond is { } rate ? $"{rate:F0} GFLOP/s" : "emulated on this CPU, not offered");
}

/// <summary>The BLAS used by libtorch.</summary>
/// <param name="Config">The library's own description.</param>
/// <param name="Core">Kernels selected for this CPU.</param>
/// <param name="Threading"><c>openmp</c>, <c>pthreads</c> or <c>none</c>.</param>
/// <param name="Path">File it was loaded from.</param>
internal sealed record OpenBlasInfo(string Config, string Core, string Threading, string Path);

/// <summary>
/// Facts about the compute environment; all are measured or read from the libraries.
/// </summary>
/// <param name="TorchVersion">Version of libtorch that the native library was built with.</param>
/// <param name="NativeLibrary">Path of the native library.</param>
/// <param name="Threads">Threads of libtorch's pool.</param>
/// <param name="Processors">Processors this process may use.</param>
/// <param name="CpuName">Model name.</param>
/// <param name="VectorLevel"><c>avx512</c>, <c>avx2</c>, <c>neon</c> or <c>scalar</c>.</param>
/// <param name="HasBFloat16">Whether the CPU multiplies bfloat16 in hardware
/// (AVX512_BF16).</param>
/// <param name="OpenBlas">The OpenBLAS, or null for another BLAS (MKL).</param>
/// <param name="CpuSetup">What was set up before loading, one statement each.</param>
/// <param name="Devices"><c>cpu</c> and the GPUs.</param>
/// <param name="Build">libtorch's description of its build.</param>
internal sealed record TorchInfo(
    string TorchVersion,
    string NativeLibrary,
    int Threads,
    int Processors,
    string CpuName,
    string VectorLevel,
    bool HasBFloat16,
    OpenBlasInfo? OpenBlas,
    IReadOnlyList<string> CpuSetup,
    IReadOnlyList<string> Devices,
    string Build
)
{
    /// <summary>Reads all facts. Loads libtorch.</summary>
    /// <exception cref="TorchUnavailableException">libtorch is not available.</exception>
    public static TorchInfo Collect()
    {
        ShimLibrary.EnsureLoaded();
        List<string> devices = ["cpu"];
        for (var i = 0; i < torch.cuda_device_count(); i++)
            devices.Add($"cuda:{i}");
        return new TorchInfo(
            torch.version,
            ShimLibrary.LoadedFrom!,
            torch.get_num_threads(),
            Environment.ProcessorCount,
            ReadCpuName(),
            ReadVectorLevel(),
            ReadBFloat16(),
            NativeFacts.OpenBlas(),
            [.. Native.CpuSetup.Applied],
            devices,
            NativeFacts.Build()
        );
    }

    /// <summary>
    /// Measures a matrix product, by default of the shape of BERT-base's widest layer at 1,024
    /// tokens. Takes about a second. bfloat16 on a CPU without hardware support gives a null rate:
    /// it would be emulated, slower than float32.
    /// </summary>
    public static GemmRate MeasureGemm(
        DType dtype = DType.Float32,
        Device device = default,
        int m = 1024,
        int k = 768,
        int n = 3072
    )
    {
        if (dtype == DType.BFloat16 && device.Kind == DeviceKind.Cpu && !ReadBFloat16())
            return new GemmRate(dtype, device.ToString(), m, k, n, null);
        using var scope = torch.scope();
        using var quiet = torch.no_grad();
        var a = torch.rand([m, k], DType.Float32, device).to(dtype);
        var b = torch.rand([k, n], DType.Float32, device).to(dtype);
        var result = torch.empty([m, n], dtype, device);
        var repeats = device.Kind == DeviceKind.Cpu ? 1 : 20; // GPU launches are asynchronous
        var times = new List<double>();
        var budget = Stopwatch.StartNew();
        for (var round = 0; round < 200 && (times.Count < 5 || budget.ElapsedMilliseconds < 800); round++)
        {
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < repeats; i++)
                Multiply(result, a, b);
            if (device.Kind != DeviceKind.Cpu)
                Wait(result);
            if (round >= 2)
                times.Add(watch.Elapsed.TotalSeconds / repeats);
        }
        times.Sort();
        return new GemmRate(dtype, device.ToString(), m, k, n, 2.0 * m * k * n / times[times.Count / 2] / 1e9);
    }

    private static void Multiply(Tensor result, Tensor a, Tensor b)
    {
        var call = new OpCall(Ops.MmOut);
        call.Add(a);
        call.Add(b);
        call.Add(result);
        call.Run();
    }

    private static void Wait(Tensor tensor)
    {
        using var scope = torch.scope();
        tensor.narrow(0, 0, 1).narrow(1, 0, 1).item<float>();
    }

    /// <summary>Widest vector unit used by .NET's kernels.</summary>
    public static string ReadVectorLevel() =>
        Avx512F.IsSupported ? "avx512"
        : Avx2.IsSupported ? "avx2"
        : AdvSimd.IsSupported ? "neon"
        : "scalar";

    /// <summary>
    /// Whether the CPU multiplies bfloat16 in hardware, see <see cref="MultipliesBFloat16"/>.
    /// </summary>
    public static bool ReadBFloat16()
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7)
            return false;
        var subleaves = X86Base.CpuId(7, 0).Eax;
        return MultipliesBFloat16(Avx512F.IsSupported, subleaves >= 1 ? X86Base.CpuId(7, 1).Eax : 0);
    }

    /// <summary>
    /// The rule: AVX512_BF16 (CPUID leaf 7, subleaf 1, EAX bit 5). AMX_BF16 alone, as some virtual
    /// machines report, is not enough: without AVX512_BF16 oneDNN emulates.
    /// </summary>
    /// <param name="avx512">Whether the processor and the system have AVX-512.</param>
    /// <param name="eax">EAX of leaf 7, subleaf 1; 0 if not available.</param>
    internal static bool MultipliesBFloat16(bool avx512, int eax) => avx512 && (eax & (1 << 5)) != 0;

    private static string ReadCpuName()
    {
        const string Key = "model name";
        if (!File.Exists("/proc/cpuinfo"))
            return RuntimeInformation.ProcessArchitecture.ToString();
        var line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal));
        return line is null
            ? RuntimeInformation.ProcessArchitecture.ToString()
            : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
