// Entry point: real streams and signals around CliApp, which tests run in-process.
using System.Text;
using RobustTickets.Cli;
using RobustTickets.Cli.Terminal;
using RobustTickets.Torch.Native;

// Results are UTF-8 whatever the locale says; progress goes to stderr at once.
var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
using var output = new StreamWriter(Console.OpenStandardOutput(), utf8) { AutoFlush = !Console.IsOutputRedirected };
using var error = new StreamWriter(Console.OpenStandardError(), utf8) { AutoFlush = true };
using var input = new StreamReader(Console.OpenStandardInput(), utf8);
ShimLibrary.WhenMissing = () => NativeBuild.FromOwnSources(error);
using var stop = StopSignal.Install(error);
return CliApp.Run(
    args,
    new CliContext(output, error, input, stop, TerminalInfo.OfProcess())
    {
        ColorResults = TerminalInfo.ColorOfResults(),
    }
);
