// info: hardware, libraries and speed of this process; --verbose also measures the gain of the CPU
// set-up, in a second process, because a BLAS selects its kernels once, on loading.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Cli.Options;
using RobustTickets.Kernels;
using RobustTickets.Runs;
using RobustTickets.Torch;
using RobustTickets.Torch.Native;

namespace RobustTickets.Cli.Commands;

internal static class InfoCommand
{
    private const string Off = "ROBUST_TICKETS_NO_CPU_SETUP";

    public static Command Create(CliContext context)
    {
        var json = CommonOptions.Json();
        var verbose = new Option<bool>("--verbose")
        {
            Description = "also show the build of libtorch, the CPU set-up, and the rate without it",
        };
        var command = new Command(
            "info",
            "show versions, devices, threads, BLAS, vector units, and the measured rate of a matrix product"
        )
        {
            json,
            verbose,
        };
        command.SetAction(parsed => Run(context, parsed.GetValue(json), parsed.GetValue(verbose)));
        return command;
    }

    private static int Run(CliContext context, bool json, bool verbose)
    {
        var stamp = EnvironmentStamp.Collect();
        TorchInfo torch;
        try
        {
            torch = TorchInfo.Collect();
        }
        catch (TorchUnavailableException) when (!json)
        {
            // Printed before libtorch is loaded: it helps to find out why it is missing.
            PrintMachine(context.Out, stamp);
            throw;
        }
        var single = TorchInfo.MeasureGemm();
        var half = TorchInfo.MeasureGemm(DType.BFloat16);
        var gpu = torch.Devices.Contains("cuda:0")
            ? TorchInfo.MeasureGemm(DType.Float32, Device.Parse("cuda:0"))
            : null;
        var plain = verbose ? WithoutSetup(context) : null;
        if (json)
            JsonOutput.Write(context.Out, Json(stamp, torch, single, half, gpu, plain));
        else
        {
            PrintMachine(context.Out, stamp);
            PrintTorch(context.Out, torch, single, half, gpu);
            if (verbose)
                PrintVerbose(context.Out, torch, single, plain);
        }
        return ExitCodes.Ok;
    }

    private static void PrintMachine(TextWriter output, EnvironmentStamp stamp)
    {
        output.WriteLine(
            "robust-tickets  "
                + $"{stamp.Version}{(stamp.Commit is { } commit ? $" ({commit[..Math.Min(10, commit.Length)]})" : "")}"
        );
        output.WriteLine($".NET            {stamp.Framework}");
        output.WriteLine($"system          {stamp.OperatingSystem}, {stamp.Architecture}");
        output.WriteLine(
            $"processor       {stamp.Cpu}, {stamp.Cores} usable, vector level {TorchInfo.ReadVectorLevel()}, "
                + $"bf16 {(TorchInfo.ReadBFloat16() ? "in hardware" : "emulated (refused)")}"
        );
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"memory          {stamp.MemoryBytes / 1024.0 / 1024 / 1024:0.0} GiB"
            )
        );
    }

    private static void PrintTorch(TextWriter output, TorchInfo torch, GemmRate single, GemmRate half, GemmRate? gpu)
    {
        output.WriteLine($"libtorch        {torch.TorchVersion}, {torch.Threads} threads");
        output.WriteLine($"native library  {torch.NativeLibrary}");
        if (NativeKernels.TilesUsed)
            output.WriteLine("bf16 inference  on the processor's tiles (AMX)");
        output.WriteLine($"devices         {string.Join(", ", torch.Devices)}");
        output.WriteLine(
            torch.OpenBlas is { } blas
                ? $"BLAS            {blas.Config}; kernels {blas.Core}, threading {blas.Threading}"
                : "BLAS            not OpenBLAS (see --verbose)"
        );
        foreach (var rate in new[] { single, half, gpu })
        {
            if (rate is not null)
                output.WriteLine($"matrix product  {rate}");
        }
    }

    private static void PrintVerbose(TextWriter output, TorchInfo torch, GemmRate single, GemmRate? plain)
    {
        foreach (var device in torch.Devices.Where(d => d != "cpu"))
            output.WriteLine($"device          {Devices.Describe(Device.Parse(device))}");
        if (torch.Devices.Count == 1)
            output.WriteLine($"no GPU          {Devices.WhyNot(Device.Cuda())}");
        if (torch.OpenBlas is { } blas)
            output.WriteLine($"BLAS file       {blas.Path}");
        foreach (var line in torch.CpuSetup)
            output.WriteLine($"set up          {line}");
        if (plain?.GigaflopsPerSecond is { } slow && single.GigaflopsPerSecond is { } fast)
        {
            output.WriteLine($"without set-up  {plain}");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"gain            {fast / slow:0.00} times"));
        }
        output.WriteLine("libtorch build");
        foreach (var line in torch.Build.Split('\n'))
            output.WriteLine("  " + line.TrimEnd());
    }

    private static JsonObject Json(
        EnvironmentStamp stamp,
        TorchInfo torch,
        GemmRate single,
        GemmRate half,
        GemmRate? gpu,
        GemmRate? plain
    ) =>
        new()
        {
            ["version"] = stamp.Version,
            ["commit"] = stamp.Commit,
            ["framework"] = stamp.Framework,
            ["operating_system"] = stamp.OperatingSystem,
            ["cpu"] = stamp.Cpu,
            ["cores"] = stamp.Cores,
            ["memory_bytes"] = stamp.MemoryBytes,
            ["vector_level"] = torch.VectorLevel,
            ["bf16_in_hardware"] = torch.HasBFloat16,
            ["bf16_tiles"] = NativeKernels.TilesUsed,
            ["libtorch"] = torch.TorchVersion,
            ["native_library"] = torch.NativeLibrary,
            ["threads"] = torch.Threads,
            ["devices"] = JsonOutput.Array(torch.Devices),
            ["blas"] = torch.OpenBlas is not { } blas
                ? null
                : new JsonObject
                {
                    ["config"] = blas.Config,
                    ["core"] = blas.Core,
                    ["threading"] = blas.Threading,
                    ["path"] = blas.Path,
                },
            ["cpu_setup"] = JsonOutput.Array(torch.CpuSetup),
            ["gemm"] = new JsonArray([.. new[] { single, half, gpu }.OfType<GemmRate>().Select(Json)]),
            ["gemm_without_setup"] = plain is null ? null : Json(plain),
        };

    private static JsonNode Json(GemmRate rate) =>
        new JsonObject
        {
            ["dtype"] = rate.DType.ToString().ToLowerInvariant(),
            ["device"] = rate.Device,
            ["m"] = rate.M,
            ["k"] = rate.K,
            ["n"] = rate.N,
            ["gflops"] = JsonOutput.Number(rate.GigaflopsPerSecond),
        };

    /// <summary>
    /// The f32 rate of a process with the libraries' defaults; null when there is no set-up to
    /// compare with or the process fails.
    /// </summary>
    private static GemmRate? WithoutSetup(CliContext context)
    {
        if (!CpuSetup.Enabled)
            return null;
        var program = typeof(InfoCommand).Assembly.Location;
        var start = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true };
        var host = Environment.ProcessPath;
        if (host is not null && Path.GetFileNameWithoutExtension(host) == Path.GetFileNameWithoutExtension(program))
            start.FileName = host;
        else
        {
            start.FileName = host is not null && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
            start.ArgumentList.Add(program);
        }
        start.ArgumentList.Add("info");
        start.ArgumentList.Add("--json");
        start.Environment[Off] = "1";
        using var child =
            Process.Start(start) ?? throw new InvalidOperationException("the second process did not start");
        var errors = child.StandardError.ReadToEndAsync();
        var text = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        if (child.ExitCode != 0)
        {
            context.Error.WriteLine(
                $"note: the rate without set-up is unknown: its process exited with code {child.ExitCode}: "
                    + $"{errors.Result.Trim()}"
            );
            return null;
        }
        var rate = JsonNode.Parse(text)!["gemm"]![0]!;
        return new GemmRate(
            DType.Float32,
            "cpu",
            (int)rate["m"]!,
            (int)rate["k"]!,
            (int)rate["n"]!,
            (double?)rate["gflops"]
        );
    }
}
