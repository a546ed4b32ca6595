// bench: speed of training, evaluation and attack steps on this machine, next to a single matrix
// product measured in the same run; results are checked against the reference before timing.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Terminal;
using RobustTickets.Kernels.Dense;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Torch;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Bench;

internal static class BenchCommand
{
    public static Command Create(CliContext context)
    {
        var step = Choice("--step", "what to measure", "clean", BenchPlan.Steps);
        var shape = Choice("--shape", "shape of the network; its weights are random", "bert-base", BenchPlan.Shapes);
        var lengths = Choice(
            "--lengths",
            "data set whose text lengths are used, from embedded histograms",
            "sst2",
            [.. LengthHistogram.All.Select(h => h.Name)]
        );
        var precision = ExecutionOptionSet.Precision("precision of matrix-product inputs", "fp32", "fp32", "bf16");
        var device = ExecutionOptionSet.Device();
        var padded = new Option<bool>("--padded")
        {
            Description = "measure the padded reference path instead of packed tokens",
        };
        var baseline = new Option<bool>("--baseline")
        {
            Description =
                "measure the same network op by op, padded to the longest text, with the default settings of the "
                + "libraries (clean, freelb, evaluate, attack)",
        };
        var batch = CommonOptions.Count("--batch", 1, "texts per step; default 32");
        var passes = CommonOptions.Count("--passes", 1, "K of FreeLB and PGD; default 5");
        var repeats = CommonOptions.Count("--repeats", 1, "steps to measure; default 5");
        var warmUps = CommonOptions.Count(
            "--warm-ups",
            0,
            "warm-up steps that are not measured; default 8, after which the runtime has compiled most of the "
                + "code; 0 or 1 if a step takes a minute"
        );
        var maxLength = CommonOptions.Count(
            "--max-length",
            2,
            "truncate texts to this many word pieces; default: as in training on these texts"
        );
        var fixedLength = CommonOptions.Count("--fixed-length", 2, "give every text this length; no histogram");
        var threads = ExecutionOptionSet.Threads();
        var clock = Choice(
            "--clock",
            "wall time, or CPU time of one thread (requires --threads 1) for a machine that runs other work too",
            "wall",
            ["wall", "cpu"]
        );
        var without = new Option<string[]>("--without")
        {
            Description =
                "switch off an execution option to measure its gain; may be repeated: "
                + $"{string.Join(", ", BenchPlan.Switches)}",
            HelpName = "NAME",
            Arity = ArgumentArity.OneOrMore,
        };
        without.AcceptOnlyFromAmong(BenchPlan.Switches);
        var json = CommonOptions.Json();
        var command = new Command(
            "bench",
            "measure training steps, evaluation and attack queries, after a check of the results against the reference"
        )
        {
            step,
            shape,
            lengths,
            device,
            padded,
            precision,
            baseline,
            batch,
            passes,
            repeats,
            warmUps,
            maxLength,
            fixedLength,
            threads,
            clock,
            without,
            json,
        };
        command.Subcommands.Add(BenchTokenizer.Create(context));
        command.SetAction(parsed =>
        {
            bool Given(Option option) => parsed.GetResult(option) is { Implicit: false };
            if (Given(lengths) && Given(fixedLength))
                throw new UsageException("--lengths and --fixed-length cannot be combined");
            var histogram = LengthHistogram.All.First(h => h.Name == parsed.GetValue(lengths));
            if (parsed.GetValue(fixedLength) is { } length)
                histogram = new LengthHistogram($"all {length}", length, [(length - 1, 0), (length, 1)]);
            if (parsed.GetValue(maxLength) is { } longest)
                histogram = histogram with { Longest = longest };
            if (histogram.Longest > 512)
                throw new UsageException($"texts of {histogram.Longest} word pieces: the maximum is 512");
            var off = parsed.GetValue(without) ?? [];
            var execution = new Execution(
                parsed.GetValue(device),
                ExecutionOptionSet.PrecisionOf(parsed.GetValue(precision)!),
                parsed.GetValue(threads),
                parsed.GetValue(padded) ? LayerPath.PaddedReference : LayerPath.Fused
            )
            {
                EveryRow = off.Contains("cls-only"),
                DenseWordGradient = off.Contains("row-sparse"),
                PlainLayers = off.Contains("fused"),
            };
            var plan = new BenchPlan(
                parsed.GetValue(step)!,
                parsed.GetValue(shape)!,
                histogram,
                parsed.GetValue(batch) ?? 32,
                parsed.GetValue(passes) ?? 5,
                parsed.GetValue(repeats) ?? 5,
                execution,
                parsed.GetValue(baseline),
                parsed.GetValue(clock) == "cpu",
                off
            );
            if (plan.CpuTime && (execution.Threads != 1 || !ThreadClock.IsSupported))
                throw new UsageException("--clock cpu: measures one thread of a Linux process; add --threads 1");
            if (Given(passes) && !plan.HasPasses)
                throw new UsageException(
                    $"--passes --step {plan.Step}: adversarial passes are those of "
                        + string.Join(", ", BenchPlan.WithPasses)
                );
            Refuse(plan);
            return Run(context, plan, parsed.GetValue(warmUps) ?? 8, parsed.GetValue(json));
        });
        return command;
    }

    private static Option<string> Choice(string name, string description, string standard, string[] values) =>
        CommonOptions.OneOf(name, $"{description}: {string.Join(", ", values)}", standard, values);

    private static void Refuse(BenchPlan plan)
    {
        if (!plan.Execution.Device.IsHost && plan.CpuTime)
            throw new UsageException("--clock cpu: does not measure work on a device; remove it or --device");
        if (!plan.Execution.Device.IsHost && plan.Without!.Any(name => name != "cls-only"))
            throw new UsageException(
                "--without: on a device only cls-only can be switched off; the others apply to the CPU"
            );
        if (plan.Without!.Count > 0 && (plan.Padded || plan.Baseline || plan.ForwardOnly))
            throw new UsageException("--without: applies only to packed training steps");
        if (plan.Without.Contains("fused") && plan.Execution.Precision != MatrixPrecision.Fp32)
            throw new UsageException("--without fused --precision bf16: op by op, only fp32 is supported");
        if (plan.Baseline && plan.Step is not ("clean" or "freelb" or "evaluate" or "attack"))
            throw new UsageException(
                $"--baseline --step {plan.Step}: the plain implementation supports clean, freelb, evaluate and attack"
            );
        if (plan.Baseline && (plan.Padded || plan.Execution.Precision != MatrixPrecision.Fp32))
            throw new UsageException("--baseline: always padded and fp32; remove --padded and --precision");
        if (plan.Padded && plan.Execution.Precision != MatrixPrecision.Fp32)
            throw new UsageException("--padded --precision bf16: the padded reference path supports only fp32");
    }

    private static int Run(CliContext context, BenchPlan plan, int warmUps, bool json)
    {
        // Read by the loader, so set before the first tensor: the baseline uses the libraries'
        // defaults for threads, BLAS kernels and malloc.
        if (plan.Baseline)
            Environment.SetEnvironmentVariable("ROBUST_TICKETS_NO_CPU_SETUP", "1");
        plan.Execution.Apply(); // throws as for training
        Gemm.PlainBlas = plan.Without!.Contains("onednn");
        var printer = new ProgressPrinter(context.Error, context.Terminal);
        var config = plan.Config();
        using var model = new BertForSequenceClassification(BenchPlan.Weights(config), config, plan.Execution);
        using var subject = Subject(plan, model, warmUps);
        printer.Note("comparing with the padded fp32 reference");
        var check = subject is PlainSubject plain ? BenchCheck.Of(plan, model, plain) : BenchCheck.Run(plan, model);
        if (!check.Holds)
        {
            throw new InvalidOperationException(
                Text(
                    $"the measured path differs from the reference by {check.Logits:0.0e+0} (logits) and ",
                    $"{check.Gradients:0.0e+0} (gradients), more than the tolerance {check.Tolerance:0.0e+0}; ",
                    $"no timing was done"
                )
            );
        }
        printer.Note($"measuring {plan.Repeats} steps");
        var result = BenchMeter.Run(subject, plan, warmUps, context.Stop.Token);
        printer.Finish();
        if (json)
            JsonOutput.Write(context.Out, Json(plan, check, result));
        else
            Print(context.Out, plan, check, result);
        return ExitCodes.Ok;
    }

    private static IBenchSubject Subject(BenchPlan plan, BertForSequenceClassification model, int warmUps) =>
        plan.Baseline ? new PlainSubject(plan, model.Store, model.Config, warmUps)
        : plan.ForwardOnly ? new ForwardSubject(plan, model, warmUps)
        : new TrainingSubject(plan, model, warmUps);

    private static string Path(BenchPlan plan) =>
        plan.Baseline
            ? "plain baseline, padded, fp32"
            : $"{(plan.Padded ? "padded reference" : "packed")}, "
                + ExecutionOptionSet.NameOf(plan.Execution.Precision)
                + string.Concat(plan.Without!.Select(w => $", without {w}"));

    private static string Products(BenchPlan plan) =>
        !plan.Execution.Device.IsHost ? $"libtorch {torch.version} on {Devices.Describe(plan.Execution.Device)}"
        : Gemm.PlainBlas ? "libtorch's BLAS"
        : Gemm.Library;

    private static void Print(TextWriter output, BenchPlan plan, BenchCheck check, BenchResult r)
    {
        var passes = plan.HasPasses ? $", K = {plan.Passes}" : "";
        output.WriteLine(
            $"step            {plan.Step}{passes}, {plan.Shape}, lengths of {plan.Lengths.Name} truncated at "
                + $"{plan.Lengths.Longest}, {plan.Batch} texts, {Path(plan)}"
        );
        output.WriteLine(
            $"machine         {EnvironmentStamp.Collect().Cpu}, {torch.get_num_threads()} threads, products by "
                + $"{Products(plan)}, {(plan.CpuTime ? "CPU time of the thread" : "wall time")}"
        );
        output.WriteLine(
            Text(
                $"same results    logits within {check.Logits:0.0e+0}, gradients within ",
                $"{check.Gradients:0.0e+0} of the padded fp32 reference (allowed {check.Tolerance:0.0e+0})"
            )
        );
        output.WriteLine(
            Text(
                $"time            {r.MedianMs:N1} ms per step (median of {r.Steps}), {r.GflopPerStep:N1} GFLOP of ",
                $"products"
            )
        );
        output.WriteLine(
            Text(
                $"throughput      {r.TokensPerSecond:N0} real word pieces/s, {r.TextsPerSecond:N1} ",
                $"{(plan.Step == "attack" ? "queries" : "texts")}/s"
            )
        );
        output.WriteLine(
            $"padding         {(plan.Padded || plan.Baseline ? "computed" : "avoided")}: {Figures.Percent(r.Padding)} "
                + "of a batch padded to its longest text"
        );
        output.WriteLine(Text($"rate            {r.MedianGflops:N1} GFLOP/s (median), {r.BestGflops:N1} (best)"));
        output.WriteLine(
            Text(
                $"product alone   {r.MedianGemmGflops:N1} GFLOP/s (median of the best of five), ",
                $"{r.GemmGflops:N1} (best), {r.MeanGemmGflops:N1} (mean), measured between the steps"
            )
        );
        output.WriteLine(
            $"share           {Figures.Percent(r.MedianGflops / r.MedianGemmGflops)} (medians), "
                + $"{Figures.Percent(r.BestGflops / r.GemmGflops)} (bests), "
                + $"{Figures.Percent(r.MeanGflops / r.MeanGemmGflops)} (means)"
        );
        output.WriteLine("parts           " + string.Join(", ", r.Parts.Select(p => Text($"{p.Part} {p.Ms:N1} ms"))));
        output.WriteLine(
            Text(
                $"memory          {r.PeakBytes / 1048576.0:N0} MiB peak, {r.FaultsPerStep:N0} minor page ",
                $"faults per step"
            )
        );
        output.WriteLine(
            Text(
                $"runtime         {r.CompilerMs:N1} ms of background JIT compilation per step, after ",
                $"{r.WarmUps} warm-up steps"
            )
        );
    }

    private static JsonObject Json(BenchPlan plan, BenchCheck check, BenchResult r) =>
        new()
        {
            ["step"] = plan.Step,
            ["passes"] = plan.Passes,
            ["shape"] = plan.Shape,
            ["lengths"] = plan.Lengths.Name,
            ["max_length"] = plan.Lengths.Longest,
            ["batch"] = plan.Batch,
            ["path"] =
                plan.Baseline ? "baseline"
                : plan.Padded ? "padded"
                : "packed",
            ["without"] = JsonOutput.Array(plan.Without!),
            ["precision"] = ExecutionOptionSet.NameOf(plan.Execution.Precision),
            ["cpu"] = EnvironmentStamp.Collect().Cpu,
            ["threads"] = torch.get_num_threads(),
            ["clock"] = plan.CpuTime ? "cpu" : "wall",
            ["device"] = Devices.Describe(plan.Execution.Device),
            ["products_by"] = Products(plan),
            ["logits_difference"] = JsonOutput.Number(check.Logits),
            ["gradient_difference"] = JsonOutput.Number(check.Gradients),
            ["tolerance"] = JsonOutput.Number(check.Tolerance),
            ["steps"] = r.Steps,
            ["warm_ups"] = r.WarmUps,
            ["ms_median"] = r.MedianMs,
            ["gflop_per_step"] = r.GflopPerStep,
            ["padding_share"] = r.Padding,
            ["tokens_per_second"] = r.TokensPerSecond,
            ["texts_per_second"] = r.TextsPerSecond,
            ["gflops_median"] = r.MedianGflops,
            ["gflops_best"] = r.BestGflops,
            ["gemm_gflops_median"] = r.MedianGemmGflops,
            ["gemm_gflops_best"] = r.GemmGflops,
            ["gemm_gflops_mean"] = r.MeanGemmGflops,
            ["share_median"] = r.MedianGflops / r.MedianGemmGflops,
            ["share_best"] = r.BestGflops / r.GemmGflops,
            ["share_mean"] = r.MeanGflops / r.MeanGemmGflops,
            ["ms_by_part"] = new JsonObject(
                r.Parts.Select(p => KeyValuePair.Create(p.Part.Replace('-', '_'), (JsonNode?)JsonValue.Create(p.Ms)))
            ),
            ["minor_faults_per_step"] = r.FaultsPerStep,
            ["peak_bytes"] = r.PeakBytes,
            ["compiler_ms_per_step"] = r.CompilerMs,
        };
}
