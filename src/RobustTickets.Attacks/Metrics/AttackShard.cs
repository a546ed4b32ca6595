using System.Globalization;
using System.Text.Json;

namespace RobustTickets.Attacks.Metrics;

/// <summary>
/// One of several parts of an attack that run in different places: example i of the whole, from 0,
/// belongs to part i mod N + 1. The parts together are the whole (<see cref="ShardMerge"/>).
/// </summary>
public sealed record AttackShard
{
    /// <summary>A part of the whole.</summary>
    /// <param name="index">The part, from 1.</param>
    /// <param name="count">Parts in all.</param>
    /// <exception cref="RequestException">There is no such part.</exception>
    public AttackShard(int index, int count)
    {
        if (index < 1 || index > count)
            throw Refused(string.Create(CultureInfo.InvariantCulture, $"{index}/{count}"));
        (Index, Count) = (index, count);
    }

    /// <summary>The part, from 1.</summary>
    public int Index { get; }

    /// <summary>Parts in all.</summary>
    public int Count { get; }

    /// <summary>File that says which part a folder holds, and whether it is done.</summary>
    internal const string File = "shard.json";

    /// <summary>Name of the part's folder in that of the whole.</summary>
    public string Folder => string.Create(CultureInfo.InvariantCulture, $"shard-{Index}-of-{Count}");

    /// <summary>Reads <c>I/N</c>.</summary>
    /// <exception cref="RequestException">It is no such text, or I is not in 1 to N.</exception>
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

    /// <summary>The part's examples, in order.</summary>
    internal IReadOnlyList<T> Of<T>(IReadOnlyList<T> all) => [.. all.Where((_, i) => i % Count == Index - 1)];

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"shard {Index} of {Count}");
}

/// <summary>What <c>shard.json</c> says.</summary>
/// <param name="Shard">The part, from 1.</param>
/// <param name="Of">Parts in all.</param>
/// <param name="Examples">Examples of the part.</param>
/// <param name="Done">Whether all of them have an outcome.</param>
/// <param name="CsvCells">How the whole's results.csv holds texts.</param>
/// <param name="WholeSetClean">Accuracy on the whole split in percent, where the part measured
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
    /// <summary>Writes the file of a folder.</summary>
    public void Save(string folder) =>
        WholeFile.Write(
            Path.Combine(folder, AttackShard.File),
            JsonSerializer.Serialize(this, AttackJsonContext.Default.ShardState) + "\n"
        );

    /// <summary>Reads the file of a folder.</summary>
    /// <exception cref="DataException">It is missing or broken.</exception>
    public static ShardState Load(string folder)
    {
        var path = Path.Combine(folder, AttackShard.File);
        if (!System.IO.File.Exists(path))
            throw new DataException($"{path}: no such file; the folder holds no shard of an attack");
        try
        {
            return GuardedJson.Deserialize(System.IO.File.ReadAllText(path), AttackJsonContext.Default.ShardState)
                ?? throw new DataException($"{path}: holds null");
        }
        catch (JsonException e)
        {
            throw new DataException($"{path}: is no shard of an attack: {GuardedJson.Reason(e)}", e);
        }
    }
}
