// Texts a second of one network on the same texts by several runtimes, in one run: ours (packed,
// fp32 and bf16), ONNX Runtime (float32 and int8, in arrival order and sorted by length), libtorch
// plainly. benchmarks/peers.sh runs it, and TorchSharp beside it on the files that it leaves.
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Cli.Bench;
using RobustTickets.Kernels.Dense;
using RobustTickets.Models;
using RobustTickets.Runs;

namespace RobustTickets.Benchmarks.Peers;

/// <summary>The program.</summary>
public static class Program
{
    private const string Usage =
        "peers [--shapes bert-base,minilm-l6] [--lengths sst2,ag-news,imdb] [--texts 256] [--batch 32, of the peers] "
        + "[--repeats 5] [--threads N] [--work DIR]";

    /// <summary>Entry point.</summary>
    public static int Main(string[] args) => Run(args, Console.Out, Console.Error);

    /// <summary>Measures, and writes one JSON object a line.</summary>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        var options = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["--shapes"] = "bert-base,minilm-l6",
            ["--lengths"] = "sst2,ag-news,imdb",
            ["--texts"] = "256",
            ["--batch"] = "32",
            ["--repeats"] = "5",
            ["--threads"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
            ["--work"] = "",
        };
        for (var i = 0; i < args.Length; i += 2)
        {
            if (!options.ContainsKey(args[i]) || i + 1 == args.Length)
            {
                error.WriteLine($"{args[i]}: usage: {Usage}");
                return 2;
            }
            options[args[i]] = args[i + 1];
        }
        int Number(string name) => int.Parse(options[name], CultureInfo.InvariantCulture);
        var work = options["--work"] is { Length: > 0 } given
            ? Directory.CreateDirectory(given).FullName
            : Directory.CreateTempSubdirectory("peers").FullName;
        try
        {
            foreach (var shape in options["--shapes"].Split(','))
            foreach (var lengths in options["--lengths"].Split(','))
            foreach (var step in new[] { "evaluate", "pruned" })
            {
                if (!BenchPlan.Shapes.Contains(shape))
                    throw new ArgumentException(
                        $"--shapes: {shape}; {string.Join(", ", BenchPlan.Shapes)} are possible"
                    );
                var histogram =
                    LengthHistogram.All.FirstOrDefault(h => h.Name == lengths)
                    ?? throw new ArgumentException($"--lengths: {lengths} is not known");
                var plan = new BenchPlan(
                    step,
                    shape,
                    histogram,
                    Number("--batch"),
                    Passes: 1,
                    Repeats: (Number("--texts") + Number("--batch") - 1) / Number("--batch"),
                    new Execution(Threads: Number("--threads")),
                    Baseline: false,
                    CpuTime: false
                );
                Measure(plan, work, Number("--repeats"), output, error);
            }
            return 0;
        }
        catch (ArgumentException e)
        {
            error.WriteLine(e.Message);
            return 2;
        }
        finally
        {
            if (options["--work"].Length == 0)
                Directory.Delete(work, recursive: true);
        }
    }

    private static void Measure(BenchPlan plan, string work, int repeats, TextWriter output, TextWriter error)
    {
        plan.Execution.Apply();
        var network = plan.Step == "pruned" ? "ticket" : "dense";
        using var setting = new PeerSetting(plan, Path.Combine(work, $"{plan.Shape}-{plan.Lengths.Name}-{network}"));
        using var subjects = new PeerSubjects(setting);
        // Nothing is timed before it was compared with the padded reference.
        var differences = subjects.All.Select(s => setting.Difference(s.Run())).ToArray();
        foreach (var (subject, difference) in subjects.All.Zip(differences))
        {
            if (difference > subject.Tolerance)
                throw new InvalidOperationException(
                    $"{subject.Name}: its logits are off the reference by {difference}; nothing was timed"
                );
        }
        // One after the other, over and over: what else the machine does falls on all of them.
        var times = subjects.All.Select(_ => new List<PeerTime>()).ToArray();
        // The first pass warms up.
        for (var r = 0; r <= repeats; r++)
        {
            error.WriteLine($"{plan.Shape} {plan.Lengths.Name} {network}: {r} of {repeats}");
            for (var s = 0; s < times.Length; s++)
            {
                var time = PeerTime.Of(() => subjects.All[s].Run());
                if (r > 0)
                    times[s].Add(time);
            }
        }
        for (var s = 0; s < times.Length; s++)
        {
            var seconds = PeerTime.Median(times[s].Select(t => t.Wall));
            var line = new JsonObject
            {
                ["peer"] = subjects.All[s].Name,
                ["shape"] = plan.Shape,
                ["lengths"] = plan.Lengths.Name,
                ["network"] = network,
                ["flop_share"] = setting.FlopShare,
                ["texts"] = setting.Texts.Length,
                ["word_pieces"] = setting.Texts.Sum(t => t.Ids.Length),
                ["batch"] = plan.Batch,
                ["threads"] = plan.Execution.Threads,
                ["repeats"] = repeats,
                ["logits_difference"] = differences[s],
                ["seconds_median"] = seconds,
                ["texts_per_second"] = setting.Texts.Length / seconds,
                ["texts_per_processor_second"] =
                    setting.Texts.Length / Math.Max(1e-9, PeerTime.Median(times[s].Select(t => t.Processor))),
                ["cpu"] = EnvironmentStamp.Collect().Cpu,
            };
            output.WriteLine(line.ToJsonString(new JsonSerializerOptions { WriteIndented = false }));
        }
        foreach (var missing in subjects.Missing)
            error.WriteLine(missing);
    }
}
