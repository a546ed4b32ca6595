// Parses the command line, runs a command and turns every exception into one message and one exit
// code. Loads no native library, so --help and --version work without one.
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using RobustTickets.Attacks;
using RobustTickets.Cli.Bench;
using RobustTickets.Cli.Commands;
using RobustTickets.Cli.Demo;
using RobustTickets.Cli.Experiments;
using RobustTickets.Cli.Ranks;
using RobustTickets.Cli.Terminal;

namespace RobustTickets.Cli;

/// <summary>The command-line program as a function.</summary>
public static class CliApp
{
    private const string Summary =
        "Makes a BERT text classifier small, fast and robust to textual attacks: searches for a robust "
        + "early-bird ticket, draws it, fine-tunes it, attacks it, and reports the results.\n\n"
        + "Results go to stdout, progress and errors to stderr.\n"
        + "Exit codes: 0 ok, 1 failure, 2 usage or recipe, 3 data or resource missing or corrupt, 4 numeric "
        + "failure, 5 export verification failed, 130/143 stopped by a signal (a checkpoint was written).\n"
        + "Environment: LIBTORCH (folder of libtorch), ROBUST_TICKETS_RESOURCES (folder of attack resources), "
        + "ROBUST_TICKETS_MODELS (folder of models), ROBUST_TICKETS_OFFLINE=1 (nothing is fetched), "
        + "ROBUST_TICKETS_DEBUG=1 (stack traces), ROBUST_TICKETS_NATIVE (native library, file or folder), "
        + "ROBUST_TICKETS_NO_INSTALL=1 (no system package is installed), ROBUST_TICKETS_NO_CPU_SETUP=1 (OpenMP and "
        + "BLAS as they are), NO_COLOR.";

    /// <summary>Program version, with the commit it was built from if known.</summary>
    public static string Version { get; } =
        typeof(CliApp).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";

    /// <summary>Runs with the given writers and no terminal.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args, TextWriter output, TextWriter error, TextReader? input = null)
    {
        using var stop = StopSignal.Detached();
        return Run(args, new CliContext(output, error, input ?? TextReader.Null, stop, TerminalInfo.None));
    }

    /// <summary>Runs in the given context.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args, CliContext context)
    {
        var code = RunUnflushed(args, context);
        try
        {
            context.Out.Flush();
            return code;
        }
        catch (OutputException e)
        {
            return code == ExitCodes.Ok ? ErrorPrinter.Report(context, e) : code;
        }
    }

    private static int RunUnflushed(string[] args, CliContext context)
    {
        try
        {
            var parsed = Parse(args.Length == 0 ? ["--help"] : args, context);
            var problems = parsed.Action is { ClearsParseErrors: true } ? [] : ParseProblems.Of(parsed);
            if (problems.Count > 0)
            {
                var path = HelpPrinter.Path(parsed.CommandResult.Command);
                ErrorPrinter.Print(context, string.Join("\n  ", problems), $"see: {ProgramName.Value} {path}--help");
                return ExitCodes.Usage;
            }
            return Invoke(parsed, context);
        }
        catch (Exception e)
        {
            var code = ErrorPrinter.Report(context, e);
            if (e is OperationCanceledException && !RankProcesses.IsChild && Continuation.Of(args) is { } command)
                context.Error.WriteLine($"resume with: {command}");
            return code;
        }
    }

    /// <summary>Parses a command line without running it.</summary>
    private static ParseResult Parse(string[] args, CliContext context) =>
        Root(context).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>Runs a parsed command line; exceptions propagate.</summary>
    private static int Invoke(ParseResult parsed, CliContext context) =>
        parsed.Invoke(
            new InvocationConfiguration
            {
                Output = context.Out,
                Error = context.Error,
                EnableDefaultExceptionHandler = false,
                // StopSignal handles signals.
                ProcessTerminationTimeout = null,
            }
        );

    private static RootCommand Root(CliContext context)
    {
        var root = new RootCommand(Summary)
        {
            DemoCommand.Create(context),
            TrainCommand.Create(context),
            EvaluateCommand.Create(context),
            PredictCommand.Create(context),
            TokenizeCommand.Create(context),
            AttackCommand.Create(context),
            HardenCommand.Create(context),
            ExperimentCommand.Create(context),
            ReportCommand.Create(context),
            MetricsCommand.Create(context),
            ExportCommand.Create(context),
            PretrainCommand.Create(context),
            RecipesCommand.Create(context),
            TicketCommand.Create(context),
            ModelsCommand.Create(context),
            ServeCommand.Create(context),
            ResourcesCommand.Create(context),
            InfoCommand.Create(context),
            BenchCommand.Create(context),
        };
        root.Options.OfType<HelpOption>().Single().Action = new PrintHelp(context);
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion(context);
        return root;
    }

    private sealed class PrintVersion(CliContext context) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            context.Out.WriteLine(Version);
            return ExitCodes.Ok;
        }
    }
}
