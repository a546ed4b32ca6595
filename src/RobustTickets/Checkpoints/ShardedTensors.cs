// A model in several files: NAME.index.json holds {"weight_map": {tensor: file}}. Map and files
// must match exactly; file names must be plain, so that an index cannot refer to other folders.

using System.Text.Json;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints;

/// <summary>The tensors of all shards of an index file.</summary>
internal sealed class ShardedTensors : TensorSource
{
    private readonly Dictionary<string, TensorSource> byTensor = new(StringComparer.Ordinal);
    private readonly List<TensorSource> shards = [];

    private ShardedTensors(string indexPath)
        : base(indexPath) { }

    /// <summary>
    /// Opens <c>model.safetensors.index.json</c> or <c>pytorch_model.bin.index.json</c> and its
    /// shards.
    /// </summary>
    /// <exception cref="CheckpointException">Index or shard is missing or malformed, or they
    /// disagree about a tensor; both named.</exception>
    public static ShardedTensors Open(string indexPath)
    {
        var source = new ShardedTensors(indexPath);
        try
        {
            source.Load();
            return source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private protected override void ReadRange(TensorInfo info, long offset, Span<byte> destination) =>
        byTensor[info.Name].ReadRangeOf(info.Name, offset, destination);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        foreach (var shard in shards)
            shard.Dispose();
    }

    private void Load()
    {
        var map = ReadMap();
        var folder = Path.GetDirectoryName(Path.GetFullPath(Location))!;
        var tensors = new List<TensorInfo>();
        foreach (
            var group in map.GroupBy(m => m.Value, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal)
        )
        {
            if (group.Key != Path.GetFileName(group.Key) || group.Key.Length == 0 || group.Key is "." or "..")
            {
                throw new CheckpointException($"{Location}: shard '{group.Key}' is not a plain file name");
            }
            var shard = HuggingFaceFolder.OpenWeights(Path.Combine(folder, group.Key));
            shards.Add(shard);
            foreach (var (name, _) in group)
            {
                if (!shard.Contains(name))
                    throw new CheckpointException(
                        $"{Location}: the index places tensor '{name}' in {group.Key}, which does not hold it"
                    );
            }
            foreach (var info in shard.Tensors)
            {
                if (!map.TryGetValue(info.Name, out var said) || said != group.Key)
                {
                    throw new CheckpointException(
                        $"{Location}: {group.Key} holds tensor '{info.Name}', which the index places in "
                            + $"{said ?? "no file"}"
                    );
                }
                byTensor.Add(info.Name, shard);
                tensors.Add(info);
            }
        }
        Tensors = tensors;
    }

    private Dictionary<string, string> ReadMap()
    {
        try
        {
            using var json = JsonDocument.Parse(JsonFile.Read(Location).Text);
            var fields = new JsonFields(Location, json.RootElement);
            if (fields.Optional("weight_map") is not { ValueKind: JsonValueKind.Object } weightMap)
                throw new CheckpointException($"{Location}: 'weight_map' is missing or not an object");
            var map = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in weightMap.EnumerateObject())
            {
                if (entry.Value.ValueKind != JsonValueKind.String)
                    throw fields.Refuse($"weight_map: {entry.Name}", entry.Value, "a file name");
                if (!map.TryAdd(entry.Name, entry.Value.GetString()!))
                    throw new CheckpointException($"{Location}: tensor '{entry.Name}' is mapped twice");
            }
            return map;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{Location}: cannot be read as JSON: {Attacks.GuardedJson.Reason(e)}", e);
        }
    }
}
