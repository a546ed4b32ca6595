using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>
/// An attack on a trained model and a labelled split, into a folder: what the command line,
/// experiments and programs make and run.
/// </summary>
/// <param name="Recipe">The attack with its options and resources.</param>
/// <param name="Model">The victim: a run, its model/ folder, any Hugging Face BERT classifier, or
/// what the loader knows.</param>
/// <param name="Data">File or folder of the data set.</param>
/// <param name="Task">Task of the data set.</param>
/// <param name="Output">Folder of the results; null: attacks/RECIPE of the run that the model
/// lies in.</param>
/// <param name="DataOptions">Columns and label map, where the task does not know them.</param>
/// <param name="Split">The split; null: the one that papers report.</param>
/// <param name="Sample">Which examples are attacked; null: all.</param>
/// <param name="MaxLength">Most word pieces that the victim sees.</param>
/// <param name="FullSplitAccuracy">Also measure the accuracy on the whole split, the papers'
/// Clean.</param>
/// <param name="AugmentFile">File that takes training data with the adversarial texts; null for
/// none.</param>
/// <param name="Engine">How fast the attack runs.</param>
/// <param name="Execution">How the victim runs.</param>
/// <param name="CsvCells">How results.csv holds texts that a spreadsheet would run.</param>
/// <param name="Temperature">Temperatures of the victim; null: as it is.</param>
/// <param name="Loader">Loads victims, sentence encoders and masked language models that are no
/// Hugging Face folders; null: there are none.</param>
/// <param name="Shard">The part of the examples that is attacked, into a folder of its own in
/// <paramref name="Output"/>; null: all. <see cref="AttackMerge"/> makes the whole of all
/// parts.</param>
public sealed record AttackRequest(
    AttackRecipe Recipe,
    string Model,
    string Data,
    string Task,
    string? Output = null,
    DataOptions? DataOptions = null,
    string? Split = null,
    AttackSample? Sample = null,
    VictimLength MaxLength = default,
    bool FullSplitAccuracy = false,
    string? AugmentFile = null,
    AttackEngineOptions? Engine = null,
    Execution? Execution = null,
    CsvCells CsvCells = CsvCells.AsTextAttack,
    VictimTemperature? Temperature = null,
    IModelLoader? Loader = null,
    AttackShard? Shard = null
)
{
    /// <summary>A right to the folder that goes before its lock, or null.</summary>
    internal IWriterClaim? Claim { get; init; }

    /// <summary>Name of the attack's folder in a run: the recipe, and what was added to
    /// it.</summary>
    internal string FolderName =>
        string.Concat(
            Recipe.Name,
            Recipe.Options.Restarts > 0
                ? string.Create(CultureInfo.InvariantCulture, $"-restarts-{Recipe.Options.Restarts}")
                : "",
            Recipe.Options.HeldOutShare > 0 ? "-held-out-words" : "",
            Temperature is { } t ? $"-temperature-{t.Name}" : ""
        );

    /// <summary>
    /// Attacks every example that the folder has no outcome for and writes settings.json, ids.txt,
    /// examples.jsonl, results.csv, summary.json, textattack-summary.json and environment.json.
    /// </summary>
    /// <param name="progress">Is told what happens.</param>
    /// <param name="stop">Ends the attack; the same request goes on with it.</param>
    /// <exception cref="RequestException">Options do not go together, or a number is
    /// impossible.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number of the engine's options is
    /// impossible.</exception>
    /// <exception cref="CheckpointException">The victim is missing, malformed or no
    /// classifier.</exception>
    /// <exception cref="RunFolderException">The victim is a run that has no model yet.</exception>
    /// <exception cref="NumericFailureException">A weight of the victim, or a logit on the whole
    /// split, is not finite.</exception>
    /// <exception cref="DataException">A resource or data are missing or malformed.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the folder.</exception>
    /// <exception cref="OutputException">The folder cannot be written, or holds another
    /// attack.</exception>
    /// <exception cref="OperationCanceledException">The attack was stopped; the same request goes
    /// on with it.</exception>
    public AttackReport Run(IProgress<AttackProgress>? progress = null, CancellationToken stop = default) =>
        AttackRun.Run(this, progress, stop);

    /// <summary>The same on a thread of its own, beside the caller.</summary>
    /// <inheritdoc cref="Run"/>
    public Task<AttackReport> RunAsync(IProgress<AttackProgress>? progress = null, CancellationToken stop = default) =>
        AttackRun.Beside(() => Run(progress, stop), stop);
}

/// <summary>
/// Most word pieces that a victim sees, special tokens included; by default the tokenizer's own
/// limit, as TextAttack has it.
/// </summary>
public readonly record struct VictimLength
{
    /// <summary>As in the training of the victim's run.</summary>
    public static VictimLength Training => new() { AsInTraining = true };

    /// <summary>The number, or null.</summary>
    public int? Pieces { get; private init; }

    /// <summary>Whether the length of training is taken.</summary>
    public bool AsInTraining { get; private init; }

    /// <summary>Where the length is from, for settings.</summary>
    internal string Source =>
        AsInTraining ? "as in training"
        : Pieces is null ? "the tokenizer's own"
        : "option";

    /// <summary>A number of at least 3.</summary>
    /// <exception cref="RequestException">It is smaller.</exception>
    public static VictimLength Of(int pieces) =>
        pieces >= 3
            ? new VictimLength { Pieces = pieces }
            : throw new RequestException(nameof(AttackRequest.MaxLength), null, $"must be 3 or more, found {pieces}");
}
