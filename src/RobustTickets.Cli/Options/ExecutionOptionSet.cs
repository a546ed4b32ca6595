// Options that change speed but not results, the same for every command that runs a model.
using System.CommandLine;
using RobustTickets.Attacks;
using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;
using RobustTickets.Torch.Native;

namespace RobustTickets.Cli.Options;

/// <summary>The execution options of one command.</summary>
internal sealed class ExecutionOptionSet
{
    /// <summary>The fastest precision on the device.</summary>
    internal const string Auto = "auto";

    private readonly Option<Device> _device = Device();
    private readonly Option<string> _precision;
    private readonly Option<int?> _threads = Threads();

    /// <param name="command">The command.</param>
    /// <param name="precision">The default precision.</param>
    public ExecutionOptionSet(Command command, string precision = "fp32")
    {
        _precision = Precision(
            "precision of matrix products; bf16 is refused where the processor emulates it; auto uses it elsewhere",
            precision,
            "fp32",
            "bf16",
            Auto
        );
        command.Add(_device);
        command.Add(_precision);
        command.Add(_threads);
    }

    /// <summary>Reads the values for a training run.</summary>
    public Execution Read(ParseResult parsed)
    {
        var named = Named(parsed);
        return parsed.GetValue(_precision) == Auto ? Execution.Fastest(named.Device, named.Threads) : named;
    }

    /// <summary>
    /// Reads the values for a dry run, which needs no native library: with one, they are checked as
    /// before a run; without, the note says what was not checked.
    /// </summary>
    /// <exception cref="RequestException">The device, precision or thread count is not
    /// available.</exception>
    public (Execution Execution, string? Note) Plan(ParseResult parsed)
    {
        if (Named(parsed) == new Execution() && parsed.GetValue(_precision) != Auto)
            return (new Execution(), null);
        try
        {
            if (ShimLibrary.IsPresent)
                return (Apply(parsed), null);
        }
        catch (TorchUnavailableException)
        {
            // A dry run reports it and continues.
        }
        return (Named(parsed), "device, precision and threads were not checked: the native library cannot be loaded");
    }

    /// <summary>The values as given, fp32 for auto; loads nothing.</summary>
    public Execution Named(ParseResult parsed) =>
        new(
            parsed.GetValue(_device),
            parsed.GetValue(_precision) is { } precision and not Auto ? PrecisionOf(precision) : MatrixPrecision.Fp32,
            parsed.GetValue(_threads)
        );

    /// <summary>Configures this process to run a trained model. Loads libtorch.</summary>
    /// <exception cref="RequestException">The device or precision is not available for models on
    /// this machine.</exception>
    public Execution Apply(ParseResult parsed)
    {
        var execution = Read(parsed);
        execution.Apply();
        return execution;
    }

    /// <summary>The device option.</summary>
    internal static Option<Device> Device() =>
        new("--device")
        {
            Description = "cpu, cuda or cuda:N",
            HelpName = "cpu|cuda",
            DefaultValueFactory = _ => Torch.Device.Cpu,
            CustomParser = result =>
            {
                var value = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                try
                {
                    return Torch.Device.Parse(value);
                }
                catch (FormatException)
                {
                    result.AddError($"--device {value}: expected cpu, cuda, cuda:0, cuda:1 ...");
                    return default;
                }
            },
        };

    /// <summary>The precision option.</summary>
    internal static Option<string> Precision(string description, string standard, params string[] possible) =>
        CommonOptions.OneOf("--precision", description, standard, possible);

    /// <summary>Parses a precision that the option accepted.</summary>
    internal static MatrixPrecision PrecisionOf(string name) => Enum.Parse<MatrixPrecision>(name, ignoreCase: true);

    /// <summary>The option's name of a precision.</summary>
    internal static string NameOf(MatrixPrecision precision) => precision.ToString().ToLowerInvariant();

    /// <summary>The thread count option.</summary>
    internal static Option<int?> Threads() =>
        CommonOptions.Count("--threads", 1, "threads for matrix products; default: all cores of this process");
}
