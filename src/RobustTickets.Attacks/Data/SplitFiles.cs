using System.Text.RegularExpressions;
using RobustTickets.Attacks.Data.ParquetFiles;

namespace RobustTickets.Attacks.Data;

/// <summary>Location of a split: a table, or aclImdb with its own split name.</summary>
/// <param name="Path">File or folder.</param>
/// <param name="AclSplit">The split's name within aclImdb; null for a table.</param>
/// <param name="TrainPath">For a table in a folder, the training file next to it, from which
/// classes are inferred; otherwise null.</param>
internal sealed record SplitPlace(string Path, string? AclSplit, string? TrainPath);

/// <summary>
/// Finds the file of a split. A path is a file, or a folder with <c>train.tsv</c>,
/// <c>dev.csv.gz</c>, <c>validation.jsonl</c>, the shards <c>train-00000-of-00002.parquet</c> and
/// so on, or a folder that contains the task's folder (<c>SST-2/</c>, <c>aclImdb/</c>) or an
/// aclImdb archive. Two files for one split are rejected as ambiguous.
/// </summary>
internal static partial class SplitFiles
{
    private static readonly Dictionary<string, string[]> NamesOf = new(StringComparer.Ordinal)
    {
        ["train"] = ["train"],
        ["dev"] = ["dev", "validation", "valid", "val", "dev_matched", "validation_matched"],
        ["test"] = ["test", "test_matched"],
        ["dev-mismatched"] = ["dev_mismatched", "validation_mismatched"],
    };

    /// <summary>The split names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. NamesOf.Keys];

    /// <summary>The canonical name of a split: train, dev, test or dev-mismatched.</summary>
    public static string Normalise(string split) =>
        TryNormalise(split)
        ?? throw new DataException($"split '{split}' is not known; possible: {string.Join(", ", Names)}");

    /// <summary>The canonical name of a split; null for an unknown one.</summary>
    public static string? TryNormalise(string split)
    {
        ArgumentNullException.ThrowIfNull(split);
        var plain = split.Trim().ToLowerInvariant().Replace('-', '_');
        return NamesOf.FirstOrDefault(pair => pair.Value.Contains(plain)).Key;
    }

    /// <summary>The split named by a file name, or null.</summary>
    public static string? SplitOf(string file)
    {
        var stem = Part().Replace(Path.GetFileName(file).Split('.')[0], "").ToLowerInvariant().Replace('-', '_');
        return NamesOf.FirstOrDefault(pair => pair.Value.Contains(stem)).Key;
    }

    /// <summary>Whether a folder contains a split.</summary>
    public static bool Holds(string folder, TaskLayout layout, string split) =>
        Directory.Exists(folder) && Search(folder, layout, split) is not null;

    public static SplitPlace Find(string path, TaskLayout layout, string split)
    {
        if (File.Exists(path))
            return new SplitPlace(path, AclImdb.IsArchive(path) ? split : null, null);
        if (!Directory.Exists(path))
            throw new DataException($"{path}: no such file or folder");
        return Search(path, layout, split) ?? throw new DataException(Missing(path, layout, split));
    }

    private static SplitPlace? Search(string path, TaskLayout layout, string split) =>
        InFolder(path, layout, split)
        ?? layout
            .Folders.Select(name => Path.Combine(path, name))
            .Where(Directory.Exists)
            .Select(folder => InFolder(folder, layout, split))
            .FirstOrDefault(place => place is not null);

    private static SplitPlace? InFolder(string folder, TaskLayout layout, string split)
    {
        foreach (var name in NamesOf[split])
        {
            if (AclImdb.IsFolder(folder, name))
                return new SplitPlace(folder, name, null);
        }
        if (Tables(folder, layout, split) is { } table)
            return new SplitPlace(table, null, split == "train" ? null : Tables(folder, layout, "train"));
        if (layout.Task.Name != "imdb")
            return null;
        var archives = Directory
            .EnumerateFiles(folder)
            .Where(path => AclImdb.IsArchive(path) && !HiddenFiles.IsHidden(Path.GetFileName(path)))
            .ToArray();
        if (archives.Length > 1)
            throw Ambiguous(folder, split, archives);
        return archives.Length == 1 ? new SplitPlace(archives[0], split, null) : null;
    }

    private static string? Tables(string folder, TaskLayout layout, string split)
    {
        var found = (
            from name in NamesOf[split]
            from extension in layout.Extensions
            from packed in new[] { "", ".gz" }
            let path = Path.Combine(folder, name + extension + packed)
            where File.Exists(path)
            select path
        )
            .Concat(
                from name in NamesOf[split]
                where layout.Extensions.Contains(ParquetShards.End)
                from place in ParquetShards.Places(folder, name)
                select place
            )
            .ToArray();
        return found.Length <= 1 ? found.FirstOrDefault() : throw Ambiguous(folder, split, found);
    }

    private static DataException Ambiguous(string folder, string split, string[] found) =>
        new(
            $"{folder}: {found.Length} files for split {split}: "
                + $"{string.Join(", ", found.Select(Path.GetFileName).Order(StringComparer.Ordinal))}; name one of "
                + "them"
        );

    // Shard suffix: index and count.
    [GeneratedRegex(@"-(\d{5}|\*)-of-\d{5}$")]
    private static partial Regex Part();

    private static string Missing(string folder, TaskLayout layout, string split)
    {
        var found = Directory
            .EnumerateFileSystemEntries(folder)
            .Select(Path.GetFileName)
            .Order(StringComparer.Ordinal)
            .Take(12)
            .DefaultIfEmpty("nothing");
        var expected = string.Join(" or ", NamesOf[split].Take(2).Select(name => name + layout.Extensions[0]));
        var published =
            layout.Task.LabelledSplits is { } splits && !splits.Contains(split) && !layout.IsGeneric
                ? $"; {layout.Task.Name} is published with the labelled splits "
                    + string.Join(", ", splits)
                    + (split == "dev" ? " (a dev split can be held out from train)" : "")
                : "";
        return $"{folder}: no file for split {split}, such as {expected}; found {string.Join(", ", found)}{published}";
    }
}
