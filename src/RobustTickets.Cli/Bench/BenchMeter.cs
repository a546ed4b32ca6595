// Times steps and the products beside them in one run, interleaved: on a busy machine both suffer
// alike, and the least time of many is what the machine can do.
using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using RobustTickets.Kernels;
using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Cli.Bench;

/// <summary>What was measured.</summary>
/// <param name="Steps">Steps measured.</param>
/// <param name="MedianMs">Median time of a step.</param>
/// <param name="BestGflops">Largest rate of a step.</param>
/// <param name="MedianGflops">Median rate of a step.</param>
/// <param name="MeanGflops">All work over all time.</param>
/// <param name="GemmGflops">Largest rate of a single product measured between the steps.</param>
/// <param name="MedianGemmGflops">Median of the best of five of those products, which no
/// interruption of the machine touches.</param>
/// <param name="MeanGemmGflops">Their work over their time, interruptions included as they are in a
/// step.</param>
/// <param name="TokensPerSecond">Real word pieces a second, counted once a step whatever the
/// passes: median.</param>
/// <param name="TextsPerSecond">Texts or queries a second: median.</param>
/// <param name="GflopPerStep">Mean work of a step.</param>
/// <param name="Parts">Mean milliseconds by part, and what is left.</param>
/// <param name="FaultsPerStep">Mean minor page faults of a step.</param>
/// <param name="PeakBytes">Largest resident set while the steps ran.</param>
/// <param name="WarmUps">Steps before those.</param>
/// <param name="CompilerMs">Mean milliseconds a step that the runtime compiled methods for, on
/// threads of its own: they take a core from the step.</param>
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
    /// Warms up with <paramref name="warmUps"/> steps and measures as many as the plan says.
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
            faults = 0,
            total = 0;
        var compiled = TimeSpan.Zero;
        // Steps below zero warm up. They are measured as well, because the meter's own code is
        // compiled on the way too, on the cores of the steps beside it.
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
            torch.synchronize(device); // a device is handed its last work and runs on
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

    /// <summary>Page faults of this process that needed no disk, all threads.</summary>
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
            // Not Linux, or not allowed: the peak then holds the warm-up too, which is no smaller
            // than a step.
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
    /// The yardstick: one product of the shape of BERT-base's widest layer at 1,024 tokens, by the
    /// same library as the layers; on a GPU 8,192 tokens, because fewer do not fill one.
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

        /// <summary>GFLOP/s over all that was measured.</summary>
        internal double Mean => Gflops(_seconds / _measured);

        /// <summary>GFLOP/s, best of five.</summary>
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

        /// <summary>What was measured so far was warming up.</summary>
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
