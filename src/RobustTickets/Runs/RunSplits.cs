// splits.json: the examples of a run by their ids, so that anybody can rebuild the very same parts
// from the original files.
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Runs;

/// <summary>One part of the data.</summary>
/// <param name="Name">The split, or how it was made.</param>
/// <param name="Examples">Number of examples.</param>
/// <param name="Ids">Their ids in file order; null when it is the whole file (training: without the
/// development part).</param>
/// <param name="Sha256">SHA-256 of the data that it is a part of; null in files of older
/// programs.</param>
public sealed record SplitPart(string Name, int Examples, IReadOnlyList<string>? Ids, string? Sha256 = null);

/// <summary>The parts of a run's data.</summary>
/// <param name="Train">What was trained on.</param>
/// <param name="Development">What was looked at while training.</param>
/// <param name="Evaluation">What is reported.</param>
public sealed record RunSplits(SplitPart Train, SplitPart Development, SplitPart Evaluation)
{
    /// <summary>Writes the parts, whole or not at all.</summary>
    internal void Save(string path) =>
        RunFile.Write(path, JsonSerializer.Serialize(this, RunFileJson.Default.RunSplits));

    /// <summary>Reads the parts.</summary>
    /// <exception cref="DataException">The file is missing or broken.</exception>
    public static RunSplits Load(string path) => RunFile.Read(path, RunFileJson.Default.RunSplits);
}
