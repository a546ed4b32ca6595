// Memory and disk space a run needs, estimated before any compute. A machine that is certainly too
// small is rejected; one that may be too small gives a warning.
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Models;
using RobustTickets.Pipeline.Data;
using RobustTickets.Runs;

namespace RobustTickets.Pipeline.Checks;

/// <summary>Memory and disk space a run needs.</summary>
/// <param name="Memory">Memory for training.</param>
/// <param name="DiskBytes">Maximum size of the run folder in bytes.</param>
internal sealed record MachineNeeds(TrainingMemory Memory, long DiskBytes)
{
    // The newest two and the one being written.
    private const long Checkpoints = 3,
        KeptCheckpoints = 2;

    // Parameters and two moments.
    private const long CopiesInCheckpoint = 3;

    /// <summary>Size of the models of a finished run in bytes.</summary>
    public long ModelBytes { get; init; }

    /// <summary>Size of a checkpoint in bytes.</summary>
    public long CheckpointBytes { get; init; }

    /// <summary>Estimates the needs of a recipe on a model and data.</summary>
    public static MachineNeeds Of(Recipe recipe, HuggingFaceConfig config, RunData data)
    {
        var network = BertFiles.ConfigOf(config, data.Labels.Count);
        var parameters = BertShapes.OfClassifier(network).Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b));
        var tokens = TrainingMemory.LongestBatch(
            data.Train.Examples.Select(e => e.Ids.Length),
            Math.Min(recipe.BatchSize, data.Train.Examples.Count)
        );
        // The best epoch's parameters, in memory and in each checkpoint, when one is selected.
        var selected = recipe.Retrain.Select != EpochSelection.Last ? 1 : 0;
        var model = parameters * sizeof(float);
        var checkpoint = (CopiesInCheckpoint + selected) * model;
        var memory = TrainingMemory.Of(network, parameters, tokens);
        return new MachineNeeds(
            memory with
            {
                StateBytes = memory.StateBytes + (selected * model),
            },
            (Checkpoints * checkpoint) + model
        )
        {
            ModelBytes = recipe.Evaluate.EqualEpochControl ? 2 * model : model,
            CheckpointBytes = checkpoint,
        };
    }

    /// <summary>
    /// Maximum size in bytes of the folders of several runs, one after another: finished ones keep
    /// their models, and on request their newest checkpoints.
    /// </summary>
    public long DiskBytesOf(int runs, bool keepCheckpoints) =>
        DiskBytes + ((runs - 1) * (ModelBytes + (keepCheckpoints ? KeptCheckpoints * CheckpointBytes : 0)));

    /// <summary>Throws if the run cannot fit.</summary>
    /// <param name="model">The model of the request.</param>
    /// <param name="output">Path of the run folder, existing or not.</param>
    /// <param name="execution">Execution options; only CPU memory is checked.</param>
    /// <exception cref="RobustTickets.Attacks.RequestException">The memory is too
    /// small.</exception>
    /// <exception cref="RunFolderException">The disk is too small.</exception>
    public void Require(string model, string output, Execution execution)
    {
        if (execution.Device.IsHost)
            Memory.Require(nameof(TrainRequest.Model), model, TrainingMemory.Here);
        RequireDisk(output, DiskSpace.Free(output));
    }

    /// <summary>Throws if the disk has fewer bytes free than needed.</summary>
    /// <exception cref="RunFolderException">The disk is too small.</exception>
    public void RequireDisk(string output, long free)
    {
        if (free < DiskBytes)
            throw new RunFolderException(
                $"{output}: not enough disk space: this run needs up to {TrainingMemory.Text(DiskBytes)}, "
                    + $"{TrainingMemory.Text(free)} are free; free some space or name a folder on another disk"
            )
            {
                Fields = ["Output"],
            };
    }

    /// <summary>Memory as a sentence.</summary>
    public string MemoryText =>
        $"about {TrainingMemory.Text(Memory.Bytes)}: weights, gradients and moments "
        + $"{TrainingMemory.Text(Memory.StateBytes)}, activations of the longest batch about "
        + $"{TrainingMemory.Text(Memory.ActivationBytes)}"
        + (TrainingMemory.Free is { } free ? $"; {TrainingMemory.Text(free)} are free" : "");

    /// <summary>Disk as a sentence.</summary>
    /// <param name="output">Path of the folder, existing or not.</param>
    /// <param name="bytes">Bytes to be written.</param>
    public static string DiskText(string output, long bytes) =>
        $"up to {TrainingMemory.Text(bytes)} while it runs; {TrainingMemory.Text(DiskSpace.Free(output))} are free";

    /// <summary>A warning when the run may not fit; null when it does, or when unknown.</summary>
    /// <param name="free">Free memory.</param>
    public string? Doubt(long? free) =>
        free is { } bytes && Memory.Bytes > bytes
            ? $"this training needs {MemoryText}: it may not fit; a smaller batch-size or max-length needs less"
            : null;
}
