// Times steps interleaved with matrix products: on a busy machine both are slowed alike, and the
// minimum of many runs shows what the machine can do.
using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using RobustTickets.Kernels;
using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Cli.Bench;

/// <summary>Results of a benchmark.</summary>
/// <param name="Steps">Number of steps measured.</param>
/// <param name="MedianMs">Median time of a step.</param>
/// <param name="BestGflops">Largest rate of a step.</param>
/// <param name="MedianGflops">Median rate of a step.</param>
/// <param name="MeanGflops">Total work over total time.</param>
/// <param name="GemmGflops">Largest rate of a single product measured between the steps.</param>
/// <param name="MedianGemmGflops">Median over groups of five products of the best rate, which
/// excludes interruptions.</param>
/// <param name="MeanGemmGflops">Total work of the products over their total time, including
/// interruptions as for steps.</param>
/// <param name="TokensPerSecond">Median real tokens per second, counted once per step regardless of
/// the number of passes.</param>
/// <param name="TextsPerSecond">Median texts or queries per second.</param>
/// <param name="GflopPerStep">Mean work per step.</param>
/// <param name="Padding">Share of padding in the batches if each is padded to its longest text, in
/// [0, 1].</param>
/// <param name="Parts">Mean milliseconds by part, and the rest.</param>
/// <param name="FaultsPerStep">Mean minor page faults per step.</param>
/// <param name="PeakBytes">Largest resident set size during the steps.</param>
/// <param name="WarmUps">Number of warm-up steps.</param>
/// <param name="CompilerMs">Mean milliseconds per step of JIT compilation on background threads,
/// which take a core from the step.</param>
internal sealed record BenchResult(
    int Steps,
    double MedianMs,
    double BestGflops,
    double MedianGflops,
    double MeanGflops,
    double GemmGflops,
    double MedianGemmGflops,
    double MeanGemmGflops,
    double TokensPerSecond,
    double TextsPerSecond,
    double GflopPerStep,
    double Padding,
    IReadOnlyList<(string Part, double Ms)> Parts,
    double FaultsPerStep,
    long PeakBytes,
    int WarmUps,
    double CompilerMs
);

/// <summary>The measuring loop.</summary>
internal static class BenchMeter
{
    /// <summary>
    /// Runs <paramref name="warmUps"/> warm-up steps, then measures the plan's number of steps.
    /// </summary>
    internal static BenchResult Run(IBenchSubject subject, BenchPlan plan, int warmUps, CancellationToken stop)
    {
        var (now, repeats, device) = (plan.Now, plan.Repeats, plan.Execution.Device);
        using var product = new Product(plan.Execution.Precision, now, device);
        List<double> seconds = [],
            rates = [],
            gemm = [],
            tokens = [],
            texts = [];
        var parts = new Dictionary<KernelPart, double>();
        double work = 0,
            real = 0,
            padded = 0,
            faults = 0,
            total = 0;
        var compiled = TimeSpan.Zero;
        // Negative steps are warm-up. They are measured too, because the JIT also compiles the
        // meter's own code, on cores that the steps use.
        for (var i = -warmUps; i < repeats; i++)
        {
            stop.ThrowIfCancellationRequested();
            if (i == 0)
            {
                product.Forget();
                ResetPeak();
                compiled = JitInfo.GetCompilationTime();
            }
            var alone = product.Rate();
            var before = MinorFaults();
            KernelClock.Begin(now);
            var start = now();
            var done = subject.Step();
            torch.synchronize(device); // device work is asynchronous
            var time = (now() - start) / (double)Stopwatch.Frequency;
            var byPart = KernelClock.End();
            var touched = MinorFaults() - before;
            if (i < 0)
                continue;
            foreach (var (part, ms) in byPart)
                parts[part] = parts.GetValueOrDefault(part) + (ms / repeats);
            faults += touched / (double)repeats;
            work += done.Flops / 1e9 / repeats;
            total += time * 1000 / repeats;
            real += done.Tokens;
            padded += done.Padded;
            gemm.Add(alone);
            seconds.Add(time);
            rates.Add(done.Flops / 1e9 / time);
            tokens.Add(done.Tokens / time);
            texts.Add(done.Texts / time);
        }
        List<(string, double)> shown =
        [
            .. parts.Select(p => (Name(p.Key), p.Value)),
            ("other", total - parts.Values.Sum()),
        ];
        return new BenchResult(
            repeats,
            Median(seconds) * 1000,
            rates.Max(),
            Median(rates),
            1000 * work / total,
            gemm.Max(),
            Median(gemm),
            product.Mean,
            Median(tokens),
            Median(texts),
            work,
            1 - (real / padded),
            shown,
            faults,
            PeakBytes(),
            warmUps,
            (JitInfo.GetCompilationTime() - compiled).TotalMilliseconds / repeats
        );
    }

    private static string Name(KernelPart part) =>
        part == KernelPart.ElementWise ? "element-wise" : part.ToString().ToLowerInvariant();

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1
            ? sorted[sorted.Length / 2]
            : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Minor page faults of this process, all threads.</summary>
    private static long MinorFaults()
    {
        const string file = "/proc/self/stat";
        if (!File.Exists(file))
            return 0;
        var text = File.ReadAllText(file);
        return long.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[7], CultureInfo.InvariantCulture);
    }

    private static void ResetPeak()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not Linux, or no permission: the peak then includes the warm-up, which uses no less
            // memory than a step.
        }
    }

    private static long PeakBytes()
    {
        const string file = "/proc/self/status",
            key = "VmHWM:";
        var line = File.Exists(file)
            ? File.ReadLines(file).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal))
            : null;
        return line is null
            ? Environment.WorkingSet
            : long.Parse(
                line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(),
                CultureInfo.InvariantCulture
            ) * 1024;
    }

    /// <summary>
    /// The reference product: the shape of BERT-base's widest layer at 1,024 tokens, by the same
    /// library as the layers; on a GPU 8,192 tokens, because fewer do not saturate it.
    /// </summary>
    private sealed class Product : IDisposable
    {
        private const int K = 768,
            N = 3072;
        private readonly Tensor _a,
            _b,
            _c;
        private readonly Func<long> _now;
        private readonly Device _device;
        private readonly int _m,
            _repeats;
        private double _seconds;
        private int _measured;

        internal Product(MatrixPrecision precision, Func<long> now, Device device)
        {
            (_now, _device, _m, _repeats) = (
                now,
                device,
                device.Kind == DeviceKind.Cuda ? 8192 : 1024,
                device.Kind == DeviceKind.Cuda ? 20 : 1
            );
            var factor = precision == MatrixPrecision.Fp32 ? DType.Float32 : DType.BFloat16;
            using var scope = torch.scope();
            _a = scope.Keep(torch.rand([_m, K]).to(factor).to(device));
            _b = scope.Keep(torch.rand([N, K]).to(factor).to(device));
            _c = scope.Keep(torch.empty([_m, N], DType.Float32, device));
        }

        /// <summary>Mean GFLOP/s over all products measured.</summary>
        internal double Mean => Gflops(_seconds / _measured);

        /// <summary>Measures GFLOP/s, best of five.</summary>
        internal double Rate()
        {
            var best = double.MaxValue;
            for (var i = 0; i < 5; i++)
            {
                torch.synchronize(_device);
                var start = _now();
                for (var r = 0; r < _repeats; r++)
                    Multiply();
                torch.synchronize(_device);
                var seconds = (_now() - start) / (double)Stopwatch.Frequency / _repeats;
                best = Math.Min(best, seconds);
                _seconds += seconds;
                _measured++;
            }
            return Gflops(best);
        }

        /// <summary>Discards the measurements of the warm-up.</summary>
        internal void Forget() => (_seconds, _measured) = (0, 0);

        private double Gflops(double seconds) => 2.0 * _m * N * K / seconds / 1e9;

        private void Multiply()
        {
            if (_device.IsHost)
                Gemm.Multiply(_a, _b, _c);
            else
                functional.linear(_a, _b).Dispose();
        }

        public void Dispose()
        {
            _a.Dispose();
            _b.Dispose();
            _c.Dispose();
        }
    }
}
