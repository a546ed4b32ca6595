// Runs an attack into a folder. The same job continues a killed attack: outcomes in the folder are
// kept.
using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Pipeline.Attacks;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>An attack on a victim with given examples.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Victim">The victim.</param>
/// <param name="VictimName">Name of the victim for display.</param>
/// <param name="Inputs">The examples.</param>
/// <param name="Folder">Output folder.</param>
/// <param name="RunSettings">What determined the examples: data, split, sampling,
/// truncation.</param>
/// <param name="Engine">Batches and concurrency; null: the defaults.</param>
/// <param name="CsvCells">How results.csv escapes texts that a spreadsheet would evaluate.</param>
/// <param name="Facts">Entries of environment.json about libraries and model, in addition to
/// program, machine, date and seconds.</param>
/// <param name="Shard">The shard of the examples to attack; null: all.</param>
public sealed record AttackJob(
    Attack Attack,
    IVictim Victim,
    string VictimName,
    IReadOnlyList<Example> Inputs,
    string Folder,
    IReadOnlyList<RecipeLine> RunSettings,
    AttackEngineOptions? Engine = null,
    CsvCells CsvCells = CsvCells.AsTextAttack,
    IReadOnlyDictionary<string, string>? Facts = null,
    AttackShard? Shard = null
)
{
    /// <summary>A claim to the folder that takes precedence over its lock, or null.</summary>
    internal IWriterClaim? Claim { get; init; }

    /// <summary>
    /// Measures the accuracy on the whole split in percent, for the summary; null to skip it.
    /// Called once, after all examples.
    /// </summary>
    public Func<double>? WholeSplitClean { get; init; }

    /// <summary>
    /// Attacks every example without an outcome in the folder and writes the summaries.
    /// </summary>
    /// <param name="progress">Receives progress, or null.</param>
    /// <param name="stop">Cancels the attack; running the same job again resumes it.</param>
    /// <exception cref="ArgumentOutOfRangeException">An engine option is out of
    /// range.</exception>
    /// <exception cref="DataException">The folder contains another attack, or a label is out of
    /// range.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the folder.</exception>
    /// <exception cref="OutputException">The folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The attack was cancelled; running the same job
    /// again resumes it.</exception>
    public AttackReport Run(IProgress<AttackProgress>? progress = null, CancellationToken stop = default)
    {
        Engine?.Check();
        if (Shard is not null)
            RequireNoSharedStream(Attack.Randomness);
        using var log = AttackLog.Open(
            Folder,
            AttackSettings.Of(Attack, VictimName, RunSettings),
            Inputs,
            CsvCells,
            Shard,
            Claim,
            ordered: Attack.Randomness.SharesStream
        );
        var inputs = Shard?.Of(Inputs) ?? Inputs;
        if (Shard is not null)
            progress.Note($"{Shard}: {inputs.Count} examples");
        if (log.Done > 0)
            progress.Note($"continuing in {Folder}: {log.Done} of {inputs.Count} examples are done");
        // If nothing is left to do, the existing stamp is kept.
        var stamp =
            log.Remaining.Count > 0 || !File.Exists(Path.Combine(Folder, AttackStamp.File))
                ? AttackStamp.Begin(Folder, Facts, resumes: log.Done > 0)
                : null;
        // The log orders outcomes; the engine delivers them unordered so that a slow example does
        // not delay saving others.
        var options = Engine ?? new AttackEngineOptions();
        var engine = new AttackEngine(Attack, Victim, options with { InOrder = false });
        try
        {
            Drain(inputs, engine, log, stamp, progress, stop).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            stamp?.Save();
            progress.Note(
                $"{log.Done} of {inputs.Count} examples are done; rerun the same attack to continue in {Folder}"
            );
            throw;
        }
        progress?.Report(new AttackCost(engine.Statistics));
        var summary = log.Complete(WholeSplitClean?.Invoke());
        stamp?.Save();
        return new AttackReport(summary, log.Outcomes, Folder);
    }

    /// <summary>As <see cref="Run"/>, on a background thread.</summary>
    /// <inheritdoc cref="Run"/>
    public Task<AttackReport> RunAsync(IProgress<AttackProgress>? progress = null, CancellationToken stop = default) =>
        Beside(() => Run(progress, stop), stop);

    /// <summary>Runs an attack on a background thread.</summary>
    internal static Task<AttackReport> Beside(Func<AttackReport> run, CancellationToken stop) =>
        Task.Factory.StartNew(run, stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Throws if a shard of an attack would depend on the examples of others.</summary>
    /// <exception cref="RequestException">One random stream goes through all examples.</exception>
    internal static void RequireNoSharedStream(RandomPlan plan)
    {
        if (plan.SharesStream)
            throw new RequestException(
                nameof(AttackRequest.Shard),
                null,
                "cannot be combined with one random stream over all examples: each outcome depends on the "
                    + "previous ones"
            );
    }

    private async Task Drain(
        IReadOnlyList<Example> inputs,
        AttackEngine engine,
        AttackLog log,
        AttackStamp? stamp,
        IProgress<AttackProgress>? progress,
        CancellationToken stop
    )
    {
        var watch = Stopwatch.StartNew();
        var counts = log.All.GroupBy(o => o.Result).ToDictionary(g => g.Key, g => g.Count());
        int Count(AttackResult result) => counts.GetValueOrDefault(result);
        // With one random stream through all examples, each depends on the ones before: finished
        // examples are repeated to reach the same point in the stream.
        var remaining = log.Remaining;
        var todo = Attack.Randomness.SharesStream && remaining.Count > 0 ? inputs : remaining;
        var wanted = remaining.Select(i => i.Id).ToHashSet(StringComparer.Ordinal);
        var ended = 0;
        await foreach (var outcome in engine.RunAsync(todo, stop).ConfigureAwait(false))
        {
            ended++;
            if (!wanted.Contains(outcome.Id))
                continue;
            log.Write(outcome);
            stamp?.Tick();
            counts[outcome.Result] = Count(outcome.Result) + 1;
            var (done, total) = (log.Done, inputs.Count);
            var seconds = watch.Elapsed.TotalSeconds;
            progress?.Report(
                new AttackStep(
                    done,
                    total,
                    Count(AttackResult.Success),
                    Count(AttackResult.Failed),
                    Count(AttackResult.Skipped),
                    Count(AttackResult.Error),
                    engine.Statistics.Queries / Math.Max(seconds, 1e-3),
                    seconds > 5 ? TimeSpan.FromSeconds(seconds / ended * (todo.Count - ended)) : null
                )
            );
        }
    }
}
