using RobustTickets.Cli;

namespace RobustTickets.Tests.Cli;

/// <summary>Runs the command line in this process.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Out">What went to stdout.</param>
/// <param name="Error">What went to stderr.</param>
internal sealed record CliRun(int Code, string Out, string Error)
{
    public static CliRun Of(params string[] args) => With("", args);

    public static CliRun With(string input, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = CliApp.Run(args, output, error, new StringReader(input));
        return new CliRun(code, output.ToString(), error.ToString());
    }
}
