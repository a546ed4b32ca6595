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
/// <param name="Model">The victim: a run, its model/ folder, any Hugging Face BERT classifier, or a
/// model that the loader knows.</param>
/// <param name="Data">File or folder of the data set.</param>
/// <param name="Task">Task of the data set.</param>
/// <param name="Output">Folder of the results; null: attacks/RECIPE of the model's run.</param>
/// <param name="DataOptions">Columns and label map, if they differ from the task's.</param>
/// <param name="Split">The split; null: the one that papers report.</param>
/// <param name="Sample">The sample of examples; null: all.</param>
/// <param name="MaxLength">Maximum sequence length of the victim.</param>
/// <param name="FullSplitAccuracy">Also measure the accuracy on the whole split (the papers'
/// Clean).</param>
/// <param name="AugmentFile">Output file of training data with the adversarial texts; null for
/// none.</param>
/// <param name="Engine">Performance options of the attack.</param>
/// <param name="Execution">Execution options of the victim.</param>
/// <param name="CsvCells">How results.csv writes texts that a spreadsheet would run.</param>
/// <param name="Temperature">Temperatures of the victim; null: 1.</param>
/// <param name="Loader">Loads victims, sentence encoders and masked language models that are not
/// Hugging Face folders; or null.</param>
/// <param name="Shard">The shard of the examples to attack, into its own folder in
/// <paramref name="Output"/>; null: all. <see cref="AttackMerge"/> merges all shards.</param>
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
    /// <summary>A claim that overrides the folder's lock, or null.</summary>
    internal IWriterClaim? Claim { get; init; }

    /// <summary>Name of the attack's folder in a run: the recipe with its variants.</summary>
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
/// Maximum sequence length of a victim, special tokens included; by default the tokenizer's own
/// limit, as in TextAttack.
/// </summary>
public readonly record struct VictimLength
{
    /// <summary>The maximum length used to train the victim's run.</summary>
    public static VictimLength Training => new() { AsInTraining = true };

    /// <summary>The number of tokens, or null.</summary>
    public int? Pieces { get; private init; }

    /// <summary>Whether the length of training is used.</summary>
    public bool AsInTraining { get; private init; }

    /// <summary>Source of the length, for settings.</summary>
    internal string Source =>
        AsInTraining ? "as in training"
        : Pieces is null ? "the tokenizer's own"
        : "option";

    /// <summary>A given length of at least 3.</summary>
    /// <exception cref="RequestException">The length is below 3.</exception>
    public static VictimLength Of(int pieces) =>
        pieces >= 3
            ? new VictimLength { Pieces = pieces }
            : throw new RequestException(nameof(AttackRequest.MaxLength), null, $"must be 3 or more, found {pieces}");
}
