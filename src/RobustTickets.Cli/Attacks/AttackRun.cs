// Runs an attack into a folder with progress; a killed one is continued by the same command.
using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli.Terminal;

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
    Attack Attack,
    IVictim Victim,
    string VictimName,
    IReadOnlyList<Example> Inputs,
    string Folder,
    IReadOnlyList<RecipeLine> Run,
    AttackEngineOptions Engine
);

/// <summary>What an attack found.</summary>
/// <param name="Summary">The figures.</param>
/// <param name="Outcomes">Every example's outcome, in order.</param>
internal sealed record AttackRunResult(AttackSummary Summary, IReadOnlyList<AttackOutcome> Outcomes)
{
    private const int Shown = 5;

    /// <summary>Says which examples could not be attacked, if any.</summary>
    /// <exception cref="AttackFailedException">There are some.</exception>
    public void ThrowIfErrors()
    {
        var errors = Outcomes.Where(o => o.Error is not null).ToList();
        if (errors.Count == 0)
            return;
        var lines = errors.Take(Shown).Select(o => $"\n  example '{o.Id}': {o.Error!.Message}");
        throw new AttackFailedException(
            $"{errors.Count} of {Outcomes.Count} examples could not be attacked and are in no "
                + $"figure:{string.Concat(lines)}{(errors.Count > Shown ? $"\n  and {errors.Count - Shown} more" : "")}",
            errors.Exists(o => o.Error!.Kind == AttackErrorKind.NotFinite)
        );
    }
}

internal static class AttackRun
{
    /// <summary>
    /// Attacks every example that the folder has no outcome for and writes the summaries.
    /// </summary>
    /// <param name="context">Where progress goes.</param>
    /// <param name="job">The attack.</param>
    /// <param name="wholeSetClean">Measures the accuracy on the whole split in percent, if that is
    /// wanted.</param>
    public static AttackRunResult Run(CliContext context, AttackJob job, Func<double>? wholeSetClean = null)
    {
        using var log = AttackLog.Open(job.Folder, AttackSettings.Of(job.Attack, job.VictimName, job.Run), job.Inputs);
        var printer = new ProgressPrinter(context.Error, context.Terminal);
        if (log.Done > 0)
            printer.Note($"continuing in {job.Folder}: {log.Done} of {job.Inputs.Count} examples are done");
        // The log puts outcomes in order; a slow example must not hold back what others have cost.
        var engine = new AttackEngine(job.Attack, job.Victim, job.Engine with { InOrder = false });
        try
        {
            Drain(context, job, engine, log, printer).GetAwaiter().GetResult();
        }
        finally
        {
            printer.Finish();
        }
        var s = engine.Statistics;
        if (s.VictimBatches > 0)
        {
            context.Error.WriteLine(
                Figures.Text(
                    $"{s.VictimRows:N0} texts to the victim in {s.VictimBatches:N0} batches ",
                    $"({ProgressPrinter.Duration(s.VictimTime)}), {s.EncoderRows:N0} to the sentence encoder ",
                    $"({ProgressPrinter.Duration(s.EncoderTime)}){(s.MaskedRows > 0 ? Figures.Text($", {s.MaskedRows:N0} questions to the masked language model ({ProgressPrinter.Duration(s.MaskedTime)})") : "")}"
                )
            );
        }
        return new AttackRunResult(log.Complete(wholeSetClean?.Invoke()), log.Outcomes);
    }

    private static async Task Drain(
        CliContext context,
        AttackJob job,
        AttackEngine engine,
        AttackLog log,
        ProgressPrinter printer
    )
    {
        var total = job.Inputs.Count;
        var watch = Stopwatch.StartNew();
        var before = log.Done;
        var (succeeded, failed, skipped, errors) = (
            Count(log, AttackResult.Success),
            Count(log, AttackResult.Failed),
            Count(log, AttackResult.Skipped),
            Count(log, AttackResult.Error)
        );
        // Random numbers of one stream through all examples depend on every example before: what is
        // done is done again to get to the same place in the stream.
        var remaining = log.Remaining;
        var todo = job.Attack.Randomness.SharesStream && remaining.Count > 0 ? job.Inputs : remaining;
        var wanted = remaining.Select(i => i.Id).ToHashSet(StringComparer.Ordinal);
        await foreach (var outcome in engine.RunAsync(todo, context.Stop.Token).ConfigureAwait(false))
        {
            if (!wanted.Contains(outcome.Id))
                continue;
            log.Write(outcome);
            _ = outcome.Result switch
            {
                AttackResult.Success => succeeded++,
                AttackResult.Failed => failed++,
                AttackResult.Skipped => skipped++,
                _ => errors++,
            };
            var done = log.Done;
            var seconds = watch.Elapsed.TotalSeconds;
            TimeSpan? left = seconds > 5 ? TimeSpan.FromSeconds(seconds / (done - before) * (total - done)) : null;
            printer.Report(
                new ProgressState(
                    "attack",
                    done,
                    total,
                    Figures.Text(
                        $"[Succeeded / Failed / Skipped / Total] {succeeded} / {failed} / {skipped} / ",
                        $"{done}{(errors > 0 ? $" ({errors} errors)" : "")}  ",
                        $"{engine.Statistics.Queries / Math.Max(seconds, 1e-3):N0} queries/s"
                    ),
                    left
                )
            );
        }
    }

    private static int Count(AttackLog log, AttackResult result) => log.All.Count(o => o.Result == result);
}
