using System.Globalization;
using System.Text.Json;

namespace RobustTickets.Attacks.Metrics;

/// <summary>
/// One of N shards of an attack that run separately: example i, from 0, belongs to shard i mod N +
/// 1. <see cref="ShardMerge"/> merges all shards.
/// </summary>
public sealed record AttackShard
{
    /// <summary>Creates a shard.</summary>
    /// <param name="index">The shard, from 1.</param>
    /// <param name="count">Number of shards.</param>
    /// <exception cref="RequestException">The index is not in 1 to
    /// <paramref name="count"/>.</exception>
    public AttackShard(int index, int count)
    {
        if (index < 1 || index > count)
            throw Refused(string.Create(CultureInfo.InvariantCulture, $"{index}/{count}"));
        (Index, Count) = (index, count);
    }

    /// <summary>The shard, from 1.</summary>
    public int Index { get; }

    /// <summary>Number of shards.</summary>
    public int Count { get; }

    /// <summary>File that names the shard in a folder, and whether it is done.</summary>
    internal const string File = "shard.json";

    /// <summary>Name of the shard's subfolder.</summary>
    public string Folder => string.Create(CultureInfo.InvariantCulture, $"shard-{Index}-of-{Count}");

    /// <summary>Parses <c>I/N</c>.</summary>
    /// <exception cref="RequestException">The text is not I/N, or I is not in 1 to N.</exception>
    public static AttackShard Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return
            text.Split('/') is [var first, var second]
            && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? new AttackShard(index, count)
            : throw Refused(text);
    }

    private static RequestException Refused(string text) =>
        new("Shard", text, "expected I/N with I from 1 to N, as in 2/8");

    /// <summary>The shard's examples, in order.</summary>
    internal IReadOnlyList<T> Of<T>(IReadOnlyList<T> all) => [.. all.Where((_, i) => i % Count == Index - 1)];

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"shard {Index} of {Count}");
}

/// <summary>Contents of <c>shard.json</c>.</summary>
/// <param name="Shard">The shard, from 1.</param>
/// <param name="Of">Number of shards.</param>
/// <param name="Examples">Number of examples in the shard.</param>
/// <param name="Done">Whether all of them have an outcome.</param>
/// <param name="CsvCells">How texts are written to the merged results.csv.</param>
/// <param name="WholeSetClean">Accuracy on the whole split in percent, if this shard measured
/// it.</param>
internal sealed record ShardState(
    int Shard,
    int Of,
    int Examples,
    bool Done,
    CsvCells CsvCells,
    double? WholeSetClean = null
)
{
    /// <summary>Writes shard.json to a folder.</summary>
    public void Save(string folder) =>
        WholeFile.Write(
            Path.Combine(folder, AttackShard.File),
            JsonSerializer.Serialize(this, AttackJsonContext.Default.ShardState) + "\n"
        );

    /// <summary>Reads shard.json from a folder.</summary>
    /// <exception cref="DataException">The file is missing or corrupt.</exception>
    public static ShardState Load(string folder)
    {
        var path = Path.Combine(folder, AttackShard.File);
        if (!System.IO.File.Exists(path))
            throw new DataException($"{path}: no such file; the folder contains no shard of an attack");
        try
        {
            return GuardedJson.Deserialize(System.IO.File.ReadAllText(path), AttackJsonContext.Default.ShardState)
                ?? throw new DataException($"{path}: contains null");
        }
        catch (JsonException e)
        {
            throw new DataException($"{path}: not a valid shard of an attack: {GuardedJson.Reason(e)}", e);
        }
    }
}
