// Options that change speed, never meaning (DESIGN 2.5), the same for every command that runs a
// model.
using System.CommandLine;
using RobustTickets.Cli.Commands;
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Recipes;
using RobustTickets.Torch;

namespace RobustTickets.Cli;

/// <summary>The execution options of one command.</summary>
internal sealed class ExecutionOptionSet
{
    private readonly Option<string> _device = new("--device")
    {
        Description = "cpu, cuda or cuda:N",
        HelpName = "cpu|cuda",
        DefaultValueFactory = _ => "cpu",
    };
    private readonly Option<string> _precision = new("--precision")
    {
        Description = "of matrix products; bf16 is refused where the processor emulates it",
        DefaultValueFactory = _ => "fp32",
    };
    private readonly Option<int?> _threads = CommonOptions.Count(
        "--threads",
        1,
        "threads of matrix products; default: every core of this process"
    );

    public ExecutionOptionSet(Command command)
    {
        _device.Validators.Add(result =>
        {
            var value = result.Tokens.Count == 1 ? result.Tokens[0].Value : "cpu";
            if (
                value is not ("cpu" or "cuda")
                && !(value.StartsWith("cuda:", StringComparison.Ordinal) && uint.TryParse(value.AsSpan(5), out _))
            )
            {
                result.AddError($"--device {value}: possible are cpu, cuda, cuda:0, cuda:1 ...");
            }
        });
        _precision.AcceptOnlyFromAmong("fp32", "bf16");
        command.Add(_device);
        command.Add(_precision);
        command.Add(_threads);
    }

    /// <summary>The values of a parsed command line, for a training run.</summary>
    public ExecutionOptions Read(ParseResult parsed) =>
        new(parsed.GetValue(_device)!, parsed.GetValue(_precision)!, parsed.GetValue(_threads));

    /// <summary>Sets up this process to run a trained model. Loads libtorch.</summary>
    /// <exception cref="RecipeException">A device or precision that models do not run on
    /// here.</exception>
    public ModelExecution Apply(ParseResult parsed)
    {
        var options = Read(parsed);
        if (options.Threads is { } threads)
            torch.set_num_threads(threads);
        return options.Models();
    }
}
