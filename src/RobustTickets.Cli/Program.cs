// Entry point: standard streams and signals around CliApp, which tests run in-process.
using RobustTickets.Cli;
using RobustTickets.Cli.Input;
using RobustTickets.Cli.Terminal;
using RobustTickets.Runs;
using RobustTickets.Torch.Native;

var (input, output, error) = StandardStreams.Open();
EnvironmentStamp.ProgramArguments = args;
ShimLibrary.WhenMissing = () => NativeBuild.FromOwnSources(error);

// Not disposed: a signal may arrive until the process exits.
var stop = StopSignal.Install(
    error,
    code =>
    {
        // Flush results, unless their reader blocks.
        Task.Run(output.Flush).ContinueWith(_ => { }, TaskScheduler.Default).Wait(TimeSpan.FromMilliseconds(200));
        ProcessEnd.Now(code);
    }
);
using var lines = new StrictLineReader(new StoppableInput(input, stop.Token), "standard input");
var code = CliApp.Run(
    args,
    new CliContext(output, error, lines, stop, TerminalInfo.OfProcess())
    {
        ColorResults = TerminalInfo.ColorOfResults(),
    }
);

// Threads of a cancelled attack may still be computing.
if (ShimLibrary.LoadedFrom is not null)
    ProcessEnd.Now(code);
return code;
