using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
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
    public AttackReport Run(IProgress<AttackProgress>? progress = null, CancellationToken stop = default) =>
        AttackRun.Run(this, progress, stop);

    /// <summary>As <see cref="Run"/>, on a background thread.</summary>
    /// <inheritdoc cref="Run"/>
    public Task<AttackReport> RunAsync(IProgress<AttackProgress>? progress = null, CancellationToken stop = default) =>
        AttackRun.Beside(() => Run(progress, stop), stop);
}
