// Prints one clear message instead of a stack trace; the trace only on request.
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Cli.Options;
using RobustTickets.Torch.Distributed;

namespace RobustTickets.Cli.Terminal;

/// <summary>Writes errors to stderr.</summary>
public static class ErrorPrinter
{
    /// <summary>Writes "error: ..." and, if given, "hint: ...".</summary>
    public static void Print(CliContext context, string message, string? hint = null)
    {
        if (context.Terminal.Color)
            VisibleWriter.Raw(context.Error).Write("\u001b[31merror:\u001b[0m ");
        else
            context.Error.Write("error: ");
        context.Error.WriteLine(message);
        if (hint is not null)
            context.Error.WriteLine($"hint: {hint}");
    }

    /// <summary>Reports the exception that ended a command.</summary>
    /// <returns>The exit code.</returns>
    public static int Report(CliContext context, Exception e)
    {
        // A TypeInitializationException only wraps the actual cause.
        while (e is TypeInitializationException or AggregateException && e.InnerException is { } inner)
            e = inner;
        var code = ExitCodes.Of(e, context.Stop.ExitCode);
        if (e is OperationCanceledException)
        {
            context.Error.WriteLine("stopped");
            return code;
        }
        var debug = Environment.GetEnvironmentVariable("ROBUST_TICKETS_DEBUG") == "1";
        var expected =
            code != ExitCodes.Failure
            || e is IOException or UnauthorizedAccessException or AttackFailedException or RanksException;
        Print(
            context,
            expected ? FieldOptions.Message(e) : $"{e.GetType().Name}: {Chain(e)}",
            FieldOptions.Hint(e)
                ?? ResourceHints.Of(e)
                ?? (expected || debug ? null : "ROBUST_TICKETS_DEBUG=1 prints the stack trace")
        );
        if (debug)
            context.Error.WriteLine(Trace(e));
        return code;
    }

    /// <summary>The stack trace; a CR of Windows would be shown as an escape.</summary>
    internal static string Trace(Exception e) => e.ToString().ReplaceLineEndings("\n");

    private static string Chain(Exception e)
    {
        var text = new StringBuilder(e.Message);
        for (var inner = e.InnerException; inner is not null; inner = inner.InnerException)
            text.Append(" <- ").Append(inner.Message);
        return text.ToString();
    }
}
