using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Pipeline;
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
    private readonly string _model = ModelStore.OfUser().Locate(Model);

    /// <summary>Folder of the pre-trained checkpoint.</summary>
    public string Model
    {
        get => _model;
        init => _model = ModelStore.OfUser().Locate(value);
    }

    /// <summary>Device, precision, threads, kernels.</summary>
    public Execution Execution { get; init; } = Execution ?? new Execution();

    /// <summary>A claim that overrides the run folder's lock, or null.</summary>
    internal IWriterClaim? Claim { get; init; }

    /// <summary>Folder of runs whose identical searches may be reused, or null.</summary>
    internal string? Searches { get; init; }
}
