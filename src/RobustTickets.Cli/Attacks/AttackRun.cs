// Runs an attack into a folder with progress; a killed one is continued by the same command.
using System.Diagnostics;
using RobustTickets.Cli.Terminal;
using RobustTickets.Text.Attacks;
using RobustTickets.Text.Attacks.Engine;
using RobustTickets.Text.Metrics;

namespace RobustTickets.Cli.Attacks;

/// <summary>One attack on one victim.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Victim">The victim.</param>
/// <param name="VictimName">The victim, for people.</param>
/// <param name="Inputs">The examples.</param>
/// <param name="Folder">Where its files go.</param>
/// <param name="Run">What determined the examples: data, split, sampling, truncation.</param>
/// <param name="Engine">How fast it runs.</param>
internal sealed record AttackJob(
    Attack Attack, IVictim Victim, string VictimName, IReadOnlyList<AttackInput> Inputs, string Folder, IReadOnlyList<RecipeLine> Run, AttackEngineOptions Engine);

internal static class AttackRun
{
    /// <summary>Attacks every example that the folder has no outcome for and writes the summaries.</summary>
    public static AttackSummary Run(CliContext context, AttackJob job)
    {
        using var log = AttackLog.Open(job.Folder, AttackSettings.Of(job.Attack, job.VictimName, job.Run), job.Inputs);
        var printer = new ProgressPrinter(context.Error, context.Terminal);
        if (log.Outcomes.Count > 0) printer.Note($"continuing in {job.Folder}: {log.Outcomes.Count} of {job.Inputs.Count} examples are done");
        var engine = new AttackEngine(job.Attack, job.Victim, job.Engine);
        try
        {
            Drain(context, engine, log, job.Inputs.Count, printer).GetAwaiter().GetResult();
        }
        finally
        {
            printer.Finish();
        }
        var s = engine.Statistics;
        if (s.VictimBatches > 0)
        {
            context.Error.WriteLine(Figures.Text($"{s.VictimRows:N0} texts to the victim in {s.VictimBatches:N0} batches ({ProgressPrinter.Duration(s.VictimTime)}), {s.EncoderRows:N0} to the sentence encoder ({ProgressPrinter.Duration(s.EncoderTime)})"));
        }
        return log.Complete();
    }

    private static async Task Drain(CliContext context, AttackEngine engine, AttackLog log, int total, ProgressPrinter printer)
    {
        var watch = Stopwatch.StartNew();
        var before = log.Outcomes.Count;
        var (succeeded, failed, skipped) = (Count(log, AttackResult.Success), Count(log, AttackResult.Failed), Count(log, AttackResult.Skipped));
        await foreach (var outcome in engine.RunAsync(log.Remaining, context.Stop.Token).ConfigureAwait(false))
        {
            log.Write(outcome);
            _ = outcome.Result switch
            {
                AttackResult.Success => succeeded++,
                AttackResult.Failed => failed++,
                _ => skipped++,
            };
            var done = log.Outcomes.Count;
            var seconds = watch.Elapsed.TotalSeconds;
            TimeSpan? left = seconds > 5 ? TimeSpan.FromSeconds(seconds / (done - before) * (total - done)) : null;
            printer.Report(new ProgressState("attack", done, total,
                Figures.Text($"[Succeeded / Failed / Skipped / Total] {succeeded} / {failed} / {skipped} / {done}  {engine.Statistics.Asked / Math.Max(seconds, 1e-3):N0} queries/s"), left));
        }
    }

    private static int Count(AttackLog log, AttackResult result) => log.Outcomes.Count(o => o.Result == result);
}
