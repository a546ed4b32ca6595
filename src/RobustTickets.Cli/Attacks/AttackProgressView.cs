// An attack's progress on stderr.
using RobustTickets.Attacks;
using RobustTickets.Cli.Terminal;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Attacks;

/// <summary>Shows the progress of one attack.</summary>
internal sealed class AttackProgressView(CliContext context) : IProgress<AttackProgress>
{
    private readonly ProgressPrinter _printer = new(context.Error, context.Terminal);

    /// <summary>Runs an attack while showing its progress.</summary>
    public static AttackReport Run(CliContext context, Func<IProgress<AttackProgress>, AttackReport> attack)
    {
        var view = new AttackProgressView(context);
        using var kept = context.Stop.Keeping("examples attacked so far are kept");
        try
        {
            return attack(view);
        }
        finally
        {
            view.Finish();
        }
    }

    public void Report(AttackProgress value)
    {
        switch (value)
        {
            case AttackNote note:
                _printer.Note(note.Text);
                break;
            case AttackStep step:
                _printer.Report(new ProgressState("attack", step.Done, step.Total, Details(step), step.Remaining));
                break;
            case AttackCost { Statistics: { VictimBatches: > 0 } s }:
                _printer.Finish();
                var masked =
                    s.MaskedRows > 0
                        ? Text(
                            $", {s.MaskedRows:N0} queries to the masked language model ",
                            $"({ProgressPrinter.Duration(s.MaskedTime)})"
                        )
                        : "";
                context.Error.WriteLine(
                    Text(
                        $"{s.VictimRows:N0} texts to the victim in {s.VictimBatches:N0} batches ",
                        $"({ProgressPrinter.Duration(s.VictimTime)}), {s.EncoderRows:N0} to the sentence encoder ",
                        $"({ProgressPrinter.Duration(s.EncoderTime)}){masked}"
                    )
                );
                break;
        }
    }

    public void Finish() => _printer.Finish();

    private static string Details(AttackStep s) =>
        Text(
            $"[Succeeded / Failed / Skipped / Total] {s.Succeeded} / {s.Failed} / {s.Skipped} / ",
            $"{s.Done}{(s.Errors > 0 ? $" ({s.Errors} errors)" : "")}  {s.QueriesPerSecond:N0} queries/s"
        );
}
