using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Pipeline;
using RobustTickets.Torch.Distributed;

namespace RobustTickets;

/// <summary>Everything a run needs to start or to go on; the first four say enough.</summary>
/// <param name="Recipe">The method and its numbers.</param>
/// <param name="Model">Hugging Face folder of the pre-trained checkpoint, or the name of a model
/// (<see cref="ModelStore"/>).</param>
/// <param name="Data">File or folder of the data set.</param>
/// <param name="Output">Run folder.</param>
/// <param name="DataOptions">Columns and label map, where the task does not know them.</param>
/// <param name="Resume">Go on from the newest checkpoint in <paramref name="Output"/>.</param>
/// <param name="Execution">Device, precision, threads, kernels; null: this machine's CPU in
/// float32.</param>
/// <param name="CheckpointEverySteps">A checkpoint is written each time this many steps are done; 0
/// only at stage borders and on request.</param>
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
    private readonly string _model = ModelStore.OfUser().Locate(Model);

    /// <summary>Folder of the pre-trained checkpoint.</summary>
    public string Model
    {
        get => _model;
        init => _model = ModelStore.OfUser().Locate(value);
    }

    /// <summary>Device, precision, threads, kernels.</summary>
    public Execution Execution { get; init; } = Execution ?? new Execution();

    /// <summary>A right to the run folder that goes before its lock, or null.</summary>
    internal IWriterClaim? Claim { get; init; }

    /// <summary>Folder of runs whose searches may be taken instead of making the same again, or
    /// null.</summary>
    internal string? Searches { get; init; }
}
