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
    /// <summary>
    /// Parameters and two moments in three checkpoints (the newest two and the one being written),
    /// and the final model.
    /// </summary>
    private const long CopiesOnDisk = (3 * 3) + 1;

    /// <summary>
    /// The best epoch's parameters, in memory and in the three checkpoints, when one is selected.
    /// </summary>
    private const long SelectedInMemory = 1,
        SelectedOnDisk = 3;

    /// <summary>Estimates the needs of a recipe on a model and data.</summary>
    public static MachineNeeds Of(Recipe recipe, HuggingFaceConfig config, RunData data)
    {
        var network = BertFiles.ConfigOf(config, data.Labels.Count);
        var parameters = BertShapes.OfClassifier(network).Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b));
        var tokens = TrainingMemory.LongestBatch(
            data.Train.Examples.Select(e => e.Ids.Length),
            Math.Min(recipe.BatchSize, data.Train.Examples.Count)
        );
        var selects = recipe.Retrain.Select != EpochSelection.Last;
        var memory = TrainingMemory.Of(network, parameters, tokens);
        return new MachineNeeds(
            memory with
            {
                StateBytes = memory.StateBytes + ((selects ? SelectedInMemory : 0) * parameters * sizeof(float)),
            },
            (CopiesOnDisk + (selects ? SelectedOnDisk : 0)) * parameters * sizeof(float)
        );
    }

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
    public string DiskText(string output) =>
        $"up to {TrainingMemory.Text(DiskBytes)} while it runs; {TrainingMemory.Text(DiskSpace.Free(output))} are free";

    /// <summary>A warning when the run may not fit; null when it does, or when unknown.</summary>
    /// <param name="free">Free memory.</param>
    public string? Doubt(long? free) =>
        free is { } bytes && Memory.Bytes > bytes
            ? $"this training needs {MemoryText}: it may not fit; a smaller batch-size or max-length needs less"
            : null;
}
