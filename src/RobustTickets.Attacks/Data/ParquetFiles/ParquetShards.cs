using System.Globalization;
using System.Text.RegularExpressions;

namespace RobustTickets.Attacks.Data.ParquetFiles;

/// <summary>
/// The shards of a split, <c>train-00000-of-00002.parquet</c>, as one place,
/// <c>train-*-of-00002.parquet</c>.
/// </summary>
internal static partial class ParquetShards
{
    /// <summary>Extension of Parquet files.</summary>
    public const string End = ".parquet";

    /// <summary>The places of a split's shards in a folder; empty when there are none.</summary>
    public static IEnumerable<string> Places(string folder, string split) =>
        Directory
            .EnumerateFiles(folder, $"{split}-*{End}")
            .Select(path => Part().Match(Path.GetFileName(path)))
            .Where(m => m.Success && m.Groups["split"].Value == split)
            .Select(m => Path.Combine(folder, $"{split}-*-of-{m.Groups["of"].Value}{End}"))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);

    /// <summary>The files of a place in order; a plain file is its own only shard.</summary>
    /// <exception cref="DataException">A shard is missing.</exception>
    public static IReadOnlyList<string> Of(string place)
    {
        var name = Path.GetFileName(place);
        if (!name.Contains('*', StringComparison.Ordinal) || File.Exists(place))
            return [place];
        var count = int.Parse(
            name.AsSpan(name.Length - End.Length - 5, 5),
            NumberStyles.None,
            CultureInfo.InvariantCulture
        );
        var files = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var file = Path.Combine(
                Path.GetDirectoryName(place)!,
                name.Replace("*", i.ToString("00000", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            );
            if (!File.Exists(file))
                throw new DataException($"{file}: no such file; it is one of the {count} shards of {place}");
            files.Add(file);
        }
        return files.Count > 0 ? files : throw new DataException($"{place}: the name declares 0 shards");
    }

    [GeneratedRegex(@"^(?<split>.+)-\d{5}-of-(?<of>\d{5})\.parquet$")]
    private static partial Regex Part();
}
