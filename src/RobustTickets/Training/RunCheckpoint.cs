// The complete state for resuming a killed run: parameters, moments, update count, running sums,
// length of the event log, and a stage's own state. Data order, dropout and perturbations need no
// state: they are functions of the step.
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;
using RobustTickets.Torch.optim;

namespace RobustTickets.Training;

/// <summary>The metadata of a checkpoint.</summary>
/// <param name="Stage">The current stage.</param>
/// <param name="Updates">Optimiser updates completed in the stage.</param>
/// <param name="TotalSteps">Steps completed over all stages; part of the checkpoint's name.</param>
/// <param name="EventsLength">Length of events.jsonl in bytes.</param>
/// <param name="RecipeHash">Hash of the recipe; it must not change on resumption.</param>
/// <param name="DataHash">Hash of the training data.</param>
/// <param name="Tally">Running sums of the stage.</param>
/// <param name="Finished">Summaries of the finished stages.</param>
/// <param name="Ticket">The ticket, once drawn.</param>
/// <param name="InputsHash">Hash of encoded examples and base weights; null in checkpoints of
/// earlier versions.</param>
/// <param name="EpochAttackDue">Whether the attack after the last epoch was interrupted, so that
/// resumption starts with it.</param>
internal sealed record RunState(
    string Stage,
    long Updates,
    long TotalSteps,
    long EventsLength,
    string RecipeHash,
    string DataHash,
    StageTally Tally,
    IReadOnlyList<StageSummary> Finished,
    TicketSummary? Ticket,
    string? InputsHash = null,
    bool EpochAttackDue = false
);

/// <summary>A checkpoint on disk.</summary>
/// <param name="Path">Its folder.</param>
/// <param name="State">Its metadata.</param>
internal sealed record Checkpoint(string Path, RunState State);

[JsonSourceGenerationOptions(
    WriteIndented = true,
    NewLine = "\n",
    RespectRequiredConstructorParameters = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals
)]
[JsonSerializable(typeof(RunState))]
internal sealed partial class RunStateJson : JsonSerializerContext;

/// <summary>Reads and writes the checkpoints of a run.</summary>
internal static class RunCheckpoint
{
    private const int Kept = 2;
    private const string ModelFile = "model.safetensors",
        OptimizerFile = "optimizer.safetensors";

    /// <summary>Writes checkpoint-N and removes all but the newest two.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="state">The metadata.</param>
    /// <param name="store">Parameters.</param>
    /// <param name="optimizer">The optimiser with its moments.</param>
    /// <param name="part">The stage's own state, or null.</param>
    /// <param name="require">Throws when the folder no longer belongs to this run; called again
    /// before the checkpoint gets its final name.</param>
    internal static void Save(
        RunFolder folder,
        RunState state,
        ParameterStore store,
        AdamW optimizer,
        ICheckpointPart? part,
        Action require
    )
    {
        var path = Path.Combine(
            folder.CheckpointsFolder,
            $"checkpoint-{state.TotalSteps.ToString(CultureInfo.InvariantCulture)}"
        );
        AtomicFolder.Create(
            path,
            temporary =>
            {
                SafetensorsWriter.WriteStreamed(
                    Path.Combine(temporary, ModelFile),
                    store.Names.Select(n => BertFiles.Stream(n, store[n]))
                );
                var moments = optimizer.Names.SelectMany(n =>
                {
                    var (first, second) = optimizer.Moments(n);
                    return new[] { BertFiles.Stream($"{n}.first", first), BertFiles.Stream($"{n}.second", second) };
                });
                SafetensorsWriter.WriteStreamed(Path.Combine(temporary, OptimizerFile), moments);
                part?.Write(temporary);
                AtomicFile.WriteAllText(
                    Path.Combine(temporary, "state.json"),
                    JsonSerializer.Serialize(state, RunStateJson.Default.RunState)
                );
                FolderChecksums.Write(temporary);
                require();
            },
            replace: true
        );
        foreach (var old in Folders(folder).Where(f => f.Step != state.TotalSteps).Skip(Kept - 1))
            Directory.Delete(old.Path, recursive: true);
    }

    /// <summary>The newest complete checkpoint, or null if there is none.</summary>
    /// <exception cref="CheckpointException">The checkpoint cannot be read, or a file does not
    /// match its checksum; the message names the file and an older checkpoint.</exception>
    public static Checkpoint? Newest(RunFolder folder)
    {
        AtomicFolder.Recover(folder.CheckpointsFolder);
        WholeFile.RemoveLeftovers(folder.CheckpointsFolder);
        var found = Folders(folder);
        if (found is not [{ Path: { } path }, ..])
            return null;
        try
        {
            FolderChecksums.Verify(path);
        }
        catch (CheckpointException e)
        {
            throw new CheckpointException($"{e.Message}; {Instead(found)}", e);
        }
        var file = Path.Combine(path, "state.json");
        try
        {
            var state = GuardedJson.Deserialize(File.ReadAllText(file), RunStateJson.Default.RunState);
            return new Checkpoint(path, state ?? throw new CheckpointException($"{file}: is empty"));
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new CheckpointException($"{file}: cannot be read ({GuardedJson.Reason(e)}); {Instead(found)}", e);
        }
    }

    // Alternatives when the newest checkpoint is damaged.
    private static string Instead(List<(string Path, long Step)> found) =>
        found.Count > 1
            ? $"to resume from {Path.GetFileName(found[1].Path)}, the previous one, remove {found[0].Path}"
            : "there is no older checkpoint; start a new run in another folder";

    /// <summary>Removes the checkpoints of a finished run.</summary>
    internal static void RemoveAll(RunFolder folder)
    {
        if (Directory.Exists(folder.CheckpointsFolder))
            Directory.Delete(folder.CheckpointsFolder, recursive: true);
    }

    /// <summary>Restores parameters and optimiser: rank 0 reads and broadcasts them.</summary>
    /// <exception cref="CheckpointException">A tensor is missing or has another shape.</exception>
    /// <exception cref="NumericFailureException">A value is not finite.</exception>
    public static void Restore(Checkpoint from, ParameterStore store, AdamW optimizer, Ranks ranks)
    {
        if (ranks.IsFirst)
            Restore(from, store, optimizer);
        else
            optimizer.Restore(from.State.Updates);
        foreach (var name in store.Names)
            ranks.Share(store[name]);
        foreach (var (first, second) in optimizer.Names.Select(optimizer.Moments))
        {
            ranks.Share(first);
            ranks.Share(second);
        }
    }

    /// <summary>Broadcasts the checkpoint's other state to every rank.</summary>
    /// <param name="newest">The newest checkpoint on rank 0, or null.</param>
    /// <param name="ranks">The ranks.</param>
    public static Checkpoint? Share(Checkpoint? newest, Ranks ranks)
    {
        if (!ranks.AreSeveral)
            return newest;
        var text = ranks.OfFirst(() =>
            newest is null ? "" : JsonSerializer.Serialize(newest.State, RunStateJson.Default.RunState)
        );
        if (text.Length == 0)
            return null;
        var state = JsonSerializer.Deserialize(text, RunStateJson.Default.RunState)!;
        var folder = ranks.Share(newest?.Path ?? "", name => name is not (ModelFile or OptimizerFile));
        return new Checkpoint(folder, state);
    }

    private static void Restore(Checkpoint from, ParameterStore store, AdamW optimizer)
    {
        var path = from.Path;
        using (var model = SafetensorsFile.Open(Path.Combine(path, ModelFile)))
        {
            foreach (var name in store.Names)
                Copy(model, name, store[name], squares: false);
        }
        using var moments = SafetensorsFile.Open(Path.Combine(path, OptimizerFile));
        foreach (var name in optimizer.Names)
        {
            var (first, second) = optimizer.Moments(name);
            Copy(moments, $"{name}.first", first, squares: false);
            Copy(moments, $"{name}.second", second, squares: true);
        }
        optimizer.Restore(from.State.Updates);
    }

    private static List<(string Path, long Step)> Folders(RunFolder folder) =>
        !Directory.Exists(folder.CheckpointsFolder)
            ? []
            : Directory
                .EnumerateDirectories(folder.CheckpointsFolder, "checkpoint-*")
                .Select(path => (path, number: Path.GetFileName(path)["checkpoint-".Length..]))
                .Where(f => long.TryParse(f.number, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                .Select(f => (f.path, long.Parse(f.number, CultureInfo.InvariantCulture)))
                .OrderByDescending(f => f.Item2)
                .ToList();

    private static void Copy(SafetensorsFile source, string name, Tensor target, bool squares)
    {
        var info = source.Info(name);
        if (!info.Shape.AsSpan().SequenceEqual(target.sizes))
        {
            throw new CheckpointException(
                $"checkpoint tensor '{name}' is [{string.Join(", ", info.Shape)}], the run needs "
                    + $"[{string.Join(", ", target.shape)}]"
            );
        }
        using var values = target.edit<float>();
        // The square of a large finite gradient may overflow to infinity; the update divided by it
        // is 0.
        if (squares)
            source.ReadNumbers(name).CopyTo(values.Span);
        else
            source.ReadFinite(name).CopyTo(values.Span);
    }
}
