using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>An attack on any victim, its inputs given.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Victim">The victim.</param>
/// <param name="VictimName">The victim, for people.</param>
/// <param name="Inputs">The examples.</param>
/// <param name="Folder">Where its files go.</param>
/// <param name="RunSettings">What determined the examples: data, split, sampling,
/// truncation.</param>
/// <param name="Engine">How fast it runs; null: the defaults.</param>
/// <param name="CsvCells">How results.csv holds texts that a spreadsheet would run.</param>
/// <param name="Facts">What environment.json says of libraries and model, beside program, machine,
/// date and seconds.</param>
/// <param name="Shard">The part of the examples that is attacked; null: all.</param>
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
    /// <summary>A right to the folder that goes before its lock, or null.</summary>
    internal IWriterClaim? Claim { get; init; }

    /// <summary>
    /// Measures the accuracy on the whole split in percent, for the summary; null where that is not
    /// wanted. Asked once, when every example is done.
    /// </summary>
    public Func<double>? WholeSplitClean { get; init; }

    /// <summary>
    /// Attacks every example that the folder has no outcome for and writes the summaries.
    /// </summary>
    /// <param name="progress">Is told what happens.</param>
    /// <param name="stop">Ends the attack; the same job goes on with it.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number of the engine's options is
    /// impossible.</exception>
    /// <exception cref="DataException">The folder holds another attack, or an example has a label
    /// that the victim does not know.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the folder.</exception>
    /// <exception cref="OutputException">The folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The attack was stopped; the same job goes on
    /// with it.</exception>
    public AttackReport Run(IProgress<AttackProgress>? progress = null, CancellationToken stop = default) =>
        AttackRun.Run(this, progress, stop);

    /// <summary>The same on a thread of its own, beside the caller.</summary>
    /// <inheritdoc cref="Run"/>
    public Task<AttackReport> RunAsync(IProgress<AttackProgress>? progress = null, CancellationToken stop = default) =>
        AttackRun.Beside(() => Run(progress, stop), stop);
}
