using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Torch.Distributed;

namespace RobustTickets;

/// <summary>Everything needed to start or resume a run; the first four are required.</summary>
/// <param name="Recipe">The training recipe.</param>
/// <param name="Model">Hugging Face folder of the pre-trained checkpoint, or the name of a model
/// (<see cref="ModelStore"/>).</param>
/// <param name="Data">File or folder of the data set.</param>
/// <param name="Output">Run folder.</param>
/// <param name="DataOptions">Columns and label map, if they differ from the task's.</param>
/// <param name="Resume">Resume from the newest checkpoint in <paramref name="Output"/>.</param>
/// <param name="Execution">Device, precision, threads, kernels; null: this machine's CPU in
/// float32.</param>
/// <param name="CheckpointEverySteps">Steps between checkpoints; 0 for those alone that are always
/// written: at the border of two stages, and where it is stopped.</param>
/// <param name="Cache">Data that runs of this process share, or null.</param>
/// <param name="EpochAttack">The attack that the recipe's <c>evaluate.epoch-attack</c> names, with
/// its resources; null when it names none.</param>
/// <param name="KeepCheckpoints">Leave the newest checkpoints (parameters and optimiser moments)
/// when the run is finished; otherwise they are removed then.</param>
/// <param name="Resources">Files of the tables that the recipe's <c>augment</c> fields replace
/// words from; null: those of the user's resource folder.</param>
/// <param name="Ranks">This process among others that train the same together, each with this
/// request: gradients of a batch are shared out and summed, rank 0 writes. Null: it trains
/// alone.</param>
/// <param name="Metrics">Files of figures that are written beside <c>events.jsonl</c> as the run
/// goes.</param>
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

    /// <summary>The same with the folder that the model's name stands for.</summary>
    internal TrainRequest Located() => this with { Model = ModelStore.OfUser().Locate(Model) };

    /// <summary>Trains as the request says, or goes on with it.</summary>
    /// <param name="progress">Told after every step, or null.</param>
    /// <param name="stop">Cancelling it ends the run after the current step, with a
    /// checkpoint.</param>
    /// <exception cref="RequestException">The execution is not offered on this
    /// machine.</exception>
    /// <exception cref="RecipeException">The recipe cannot run, or differs from the one the run
    /// began with.</exception>
    /// <exception cref="CheckpointException">Model folder or checkpoint is missing or
    /// broken.</exception>
    /// <exception cref="DataException">Data are missing or malformed.</exception>
    /// <exception cref="RunFolderException">The folder holds a run, or none to go on
    /// with.</exception>
    /// <exception cref="NumericFailureException">Training produced a number that is not
    /// finite.</exception>
    /// <exception cref="NothingLearnedException">A search moved nothing that a ticket could be
    /// drawn from.</exception>
    /// <exception cref="FolderInUseException">Another process is writing to the run
    /// folder.</exception>
    /// <exception cref="OutputException">The run folder was removed, or cannot be
    /// written.</exception>
    /// <exception cref="RanksException">Of several ranks one did not come, failed or is
    /// gone.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled; the
    /// checkpoint is written.</exception>
    public TrainedRun Run(IProgress<RunEvent>? progress = null, CancellationToken stop = default)
    {
        // The examples are read once, for the training and for whoever asks the run for them.
        var shared = Located() with
        {
            Cache = Cache ?? new RunDataCache(),
        };
        var result = RecipeRunner.Run(shared, progress, stop);
        return TrainedRun.Of(shared, result, stop);
    }
}
