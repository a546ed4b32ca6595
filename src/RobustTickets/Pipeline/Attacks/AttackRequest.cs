using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Pipeline.Models;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>Request to attack a trained model on a labelled split, with an output folder.</summary>
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

    /// <summary>Folder of the results, before any shard.</summary>
    /// <exception cref="RequestException">None is given, and the model is not in a run.</exception>
    internal string OutputFor(NamedModel victim) =>
        Output
        ?? victim.Run?.AttackFolder(FolderName)
        ?? throw new RequestException(
            nameof(Output),
            null,
            $"is missing, and {victim.Path} is not in a run folder whose attacks/ could hold the results"
        );

    /// <summary>
    /// Attacks every example without an outcome in the folder and writes settings.json, ids.txt,
    /// examples.jsonl, results.csv, summary.json, textattack-summary.json and environment.json.
    /// </summary>
    /// <param name="progress">Receives progress, or null.</param>
    /// <param name="stop">Cancels the attack; running the same request again resumes it.</param>
    /// <exception cref="RequestException">Options conflict, or a number is out of
    /// range.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An engine option is out of range.</exception>
    /// <exception cref="CheckpointException">The victim is missing, malformed or not a
    /// classifier.</exception>
    /// <exception cref="RunFolderException">The victim is a run without a model yet.</exception>
    /// <exception cref="Torch.Native.TorchUnavailableException">A model is a Hugging Face folder,
    /// and libtorch is not available.</exception>
    /// <exception cref="NumericFailureException">A weight of the victim, or a logit on the whole
    /// split, is not finite.</exception>
    /// <exception cref="DataException">A resource or data are missing or malformed.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the folder.</exception>
    /// <exception cref="OutputException">The folder cannot be written, or contains another
    /// attack.</exception>
    /// <exception cref="OperationCanceledException">The attack was cancelled; running the same
    /// request again resumes it.</exception>
    public AttackReport Run(IProgress<AttackProgress>? progress = null, CancellationToken stop = default) =>
        AttackRun.Run(this, progress, stop);

    /// <summary>As <see cref="Run"/>, on a background thread.</summary>
    /// <inheritdoc cref="Run"/>
    public Task<AttackReport> RunAsync(IProgress<AttackProgress>? progress = null, CancellationToken stop = default) =>
        AttackJob.Beside(() => Run(progress, stop), stop);
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

    /// <summary>The number of tokens for a model; null: the tokenizer's own limit.</summary>
    /// <exception cref="RequestException">The length of training was requested and is
    /// unknown.</exception>
    internal int? For(NamedModel victim)
    {
        if (!AsInTraining)
            return Pieces;
        return victim.TrainedLength
            ?? throw new RequestException(
                nameof(AttackRequest.MaxLength),
                null,
                $"{victim.Path} is not in a run folder, so its training length is unknown; give a number"
            );
    }

    /// <summary>A given length of at least 3.</summary>
    /// <exception cref="RequestException">The length is below 3.</exception>
    public static VictimLength Of(int pieces) =>
        pieces >= 3
            ? new VictimLength { Pieces = pieces }
            : throw new RequestException(nameof(AttackRequest.MaxLength), null, $"must be 3 or more, found {pieces}");
}
