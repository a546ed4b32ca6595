// splits.json: the examples of a run by id, so that the same parts can be rebuilt from the original
// files.
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Runs;

/// <summary>One part of the data.</summary>
/// <param name="Name">Name of the split, or how it was created.</param>
/// <param name="Examples">Number of examples.</param>
/// <param name="Ids">Their ids in file order; null for the whole file (training: without the
/// development part).</param>
/// <param name="Sha256">SHA-256 of the data file; null in files of earlier versions.</param>
public sealed record SplitPart(string Name, int Examples, IReadOnlyList<string>? Ids, string? Sha256 = null);

/// <summary>The parts of a run's data.</summary>
/// <param name="Train">Training examples.</param>
/// <param name="Development">Development examples.</param>
/// <param name="Evaluation">Reported examples.</param>
public sealed record RunSplits(SplitPart Train, SplitPart Development, SplitPart Evaluation)
{
    /// <summary>Writes splits.json atomically.</summary>
    internal void Save(string path) =>
        RunFile.Write(path, JsonSerializer.Serialize(this, RunFileJson.Default.RunSplits));

    /// <summary>Reads splits.json.</summary>
    /// <exception cref="DataException">The file is missing or corrupt.</exception>
    public static RunSplits Load(string path) => RunFile.Read(path, RunFileJson.Default.RunSplits);
}
