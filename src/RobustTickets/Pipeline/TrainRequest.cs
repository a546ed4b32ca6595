using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Torch.Distributed;
using RobustTickets.Training;

namespace RobustTickets;

/// <summary>Everything needed to start or resume a run; the first four are required.</summary>
/// <param name="Recipe">The training recipe.</param>
/// <param name="Model">Hugging Face folder of the pre-trained checkpoint, the name of a model
/// (<see cref="ModelStore"/>), or a run folder, whose model is trained further.</param>
/// <param name="Data">File or folder of the data set.</param>
/// <param name="Output">Run folder.</param>
/// <param name="DataOptions">Columns and label map, if they differ from the task's.</param>
/// <param name="Resume">Resume from the newest checkpoint in <paramref name="Output"/>.</param>
/// <param name="Execution">Device, precision, threads, kernels; null: this machine's CPU in
/// float32.</param>
/// <param name="CheckpointEverySteps">Number of steps between checkpoints; 0 only at the end of
/// stages and on cancellation.</param>
/// <param name="Cache">Data shared by runs of this process, or null.</param>
/// <param name="EpochAttack">The attack of the recipe's <c>evaluate.epoch-attack</c>, with its
/// resources; null if it has none.</param>
/// <param name="KeepCheckpoints">Keep the newest checkpoints (parameters and optimiser moments)
/// when the run is finished; otherwise they are removed.</param>
/// <param name="Resources">Files of substitute tables for the recipe's <c>augment</c> fields; null:
/// the user's resource folder.</param>
/// <param name="Ranks">Settings of this rank in a distributed run, where every rank has this
/// request: batches are divided, gradients summed, and rank 0 writes. Null: a single
/// process.</param>
/// <param name="Metrics">Metric files written in addition to <c>events.jsonl</c> during the
/// run.</param>
public sealed record TrainRequest(
    Recipe Recipe,
    string Model,
    string Data,
    string Output,
    DataOptions? DataOptions = null,
    bool Resume = false,
    Execution? Execution = null,
    int CheckpointEverySteps = 500,
    RunDataCache? Cache = null,
    EpochAttack? EpochAttack = null,
    bool KeepCheckpoints = false,
    ResourceFiles? Resources = null,
    RankSettings? Ranks = null,
    MetricFiles Metrics = MetricFiles.All
)
{
    /// <summary>Device, precision, threads, kernels.</summary>
    public Execution Execution { get; init; } = Execution ?? new Execution();

    /// <summary>A claim that overrides the run folder's lock, or null.</summary>
    internal IWriterClaim? Claim { get; init; }

    /// <summary>Folder of runs whose identical searches may be reused, or null.</summary>
    internal string? Searches { get; init; }

    /// <summary>This request with the model's name, or its run, resolved to its folder.</summary>
    /// <exception cref="RunFolderException">The run has no model yet.</exception>
    internal TrainRequest Located() => this with { Model = RunFolder.LocateModel(Model) };

    /// <summary>
    /// Checks recipe, model, data, tables and memory before any compute, and throws what
    /// <see cref="Run"/> would throw for them. Needs no libtorch and writes nothing; whether this
    /// machine supports <see cref="Execution"/>, and whether <see cref="Output"/> is free, only
    /// <see cref="Run"/> finds out.
    /// </summary>
    /// <param name="stop">Cancels reading.</param>
    /// <returns>Notes on recipe, model and data.</returns>
    /// <exception cref="RequestException">A batch has fewer examples than there are ranks, or the
    /// memory is too small.</exception>
    /// <exception cref="RecipeException">The recipe cannot run on this model and
    /// data.</exception>
    /// <exception cref="CheckpointException">The model folder is missing or
    /// corrupt.</exception>
    /// <exception cref="DataException">Data are missing or malformed.</exception>
    /// <exception cref="RunFolderException"><see cref="Model"/> is a run without a model, or the disk
    /// is too small.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public IReadOnlyList<string> Check(CancellationToken stop = default)
    {
        if (Ranks is { } ranks)
            RankShare.Require(ranks.Size, Recipe.BatchSize);
        using var inputs = RunInputs.Open(this, stop);
        EpochAttacks.Require(this, inputs.Data);
        return [.. inputs.Files.Notes, .. inputs.Notes(Recipe)];
    }

    /// <summary>Trains the model, or resumes the run.</summary>
    /// <param name="progress">Receives an event after every step, or null.</param>
    /// <param name="stop">Cancels the run after the current step, with a checkpoint.</param>
    /// <exception cref="RequestException">This machine does not support the execution
    /// options.</exception>
    /// <exception cref="RecipeException">The recipe cannot run, or differs from the run's own on
    /// resumption.</exception>
    /// <exception cref="CheckpointException">Model folder or checkpoint is missing or
    /// corrupt.</exception>
    /// <exception cref="DataException">Data are missing or malformed.</exception>
    /// <exception cref="RunFolderException">The folder already contains a run, or none to resume; or
    /// <see cref="Model"/> is a run without a model.</exception>
    /// <exception cref="NumericFailureException">Training produced a number that is not
    /// finite.</exception>
    /// <exception cref="NothingLearnedException">A search changed no value that a ticket could be
    /// drawn from.</exception>
    /// <exception cref="FolderInUseException">Another process is writing to the run
    /// folder.</exception>
    /// <exception cref="OutputException">The run folder was removed, or cannot be
    /// written.</exception>
    /// <exception cref="RanksException">A rank of a distributed run did not connect, failed or
    /// disconnected.</exception>
    /// <exception cref="Torch.Native.TorchUnavailableException">libtorch is not available.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled; the
    /// checkpoint is written.</exception>
    public TrainedRun Run(IProgress<RunEvent>? progress = null, CancellationToken stop = default)
    {
        // The examples are read once, and shared by training and the returned run.
        var shared = Located() with
        {
            Cache = Cache ?? new RunDataCache(),
        };
        var result = RecipeRunner.Run(shared, progress, stop);
        return TrainedRun.Of(shared, result, stop);
    }
}
