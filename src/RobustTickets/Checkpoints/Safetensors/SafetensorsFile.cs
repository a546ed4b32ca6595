// The safetensors format (github.com/huggingface/safetensors), with the checks of the reference
// implementation; each error names the tensor and the numbers.

using System.Text.Json;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints.Safetensors;

/// <summary>
/// A memory-mapped safetensors file. The whole header is checked on opening, before any tensor is
/// read.
/// </summary>
internal sealed class SafetensorsFile : TensorSource
{
    /// <summary>Maximum header length of the format, in bytes.</summary>
    public const long MaxHeaderBytes = 100_000_000;

    // A tensor needs about 15 JSON values; the document uses 12 bytes for each.
    private const int MostValues = 1 << 22;
    private const int MostDimensions = 8,
        LongestQuote = 80,
        LongestName = 1000;

    private readonly MappedFile file;
    private readonly Dictionary<string, long> starts = new(StringComparer.Ordinal);

    private SafetensorsFile(MappedFile file)
        : base(file.Path)
    {
        this.file = file;
        (Tensors, Metadata) = ReadHeader();
    }

    /// <summary>The free-form <c>__metadata__</c> of the file; empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="CheckpointException">The file is missing, truncated or malformed; the
    /// message names the tensor and the numbers found.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = MappedFile.Open(path);
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private protected override void ReadRange(TensorInfo info, long offset, Span<byte> destination) =>
        file.Read(starts[info.Name] + offset, destination);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            file.Dispose();
    }

    // A 64-bit unsigned header length, a JSON header {"__metadata__": {string: string}, NAME:
    // {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}, and the data; offsets
    // are relative to the end of the header.
    private (IReadOnlyList<TensorInfo> Tensors, IReadOnlyDictionary<string, string> Metadata) ReadHeader()
    {
        if (file.Length < 8)
            throw Refuse($"has {file.Length} bytes; a safetensors file begins with an 8-byte header length");
        var headerBytes = file.ReadUInt64(0);
        if (headerBytes > MaxHeaderBytes)
            throw Refuse($"header length is {headerBytes}; expected at most {MaxHeaderBytes}");
        if ((long)headerBytes > file.Length - 8)
            throw Refuse(
                $"header length is {headerBytes}, but the file has {file.Length - 8} bytes after it: truncated, "
                    + "or not safetensors"
            );
        var header = file.Read(8, (int)headerBytes);
        if (header.Length == 0 || header[0] != (byte)'{')
            throw Refuse("header does not begin with '{': not safetensors");
        var dataStart = 8 + (long)headerBytes;
        try
        {
            using var json = Attacks.GuardedJson.ParseBytes(header, MostValues);
            return Interpret(json.RootElement, dataStart, file.Length - dataStart);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is not valid UTF-8 or UTF-16.
            throw new CheckpointException($"{Location}: header is not valid JSON: {Attacks.GuardedJson.Reason(e)}", e);
        }
    }

    // No duplicate names, no gaps or overlaps, data up to the end of the file, sizes that match the
    // shapes.
    private (IReadOnlyList<TensorInfo>, IReadOnlyDictionary<string, string>) Interpret(
        JsonElement root,
        long dataStart,
        long dataBytes
    )
    {
        var metadata = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var entries = new List<Entry>();
        foreach (var property in root.EnumerateObject())
        {
            var name = property.Name;
            if (name.Length > LongestName)
                throw Refuse($"name '{Quote(name)}' has {name.Length} characters; at most {LongestName} are allowed");
            if (!seen.Add(name))
                throw Refuse($"tensor '{name}' appears twice in the header");
            if (name == "__metadata__")
                ReadMetadata(property.Value, metadata);
            else
                entries.Add(ReadEntry(name, property.Value, dataBytes));
        }

        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        var end = 0L;
        string? before = null;
        foreach (var entry in entries)
        {
            if (entry.Begin < end)
            {
                throw Refuse(
                    $"tensor '{entry.Info.Name}' with data_offsets [{entry.Begin}, {entry.End}] overlaps "
                        + $"'{before}', which ends at {end}"
                );
            }
            if (entry.Begin > end)
            {
                throw Refuse(
                    $"hole of {entry.Begin - end} bytes before tensor '{entry.Info.Name}': its data begin at "
                        + $"{entry.Begin}, the data before end at {end}"
                );
            }
            end = entry.End;
            before = entry.Info.Name;
            starts.Add(entry.Info.Name, dataStart + entry.Begin);
        }
        if (end != dataBytes)
            throw Refuse(
                $"{dataBytes - end} bytes follow the last tensor '{before}', which ends at {end} of {dataBytes} "
                    + "data bytes"
            );
        return (entries.Select(e => e.Info).ToArray(), metadata);
    }

    private void ReadMetadata(JsonElement value, SortedDictionary<string, string> metadata)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Refuse($"__metadata__ is {value.ValueKind}; an object of strings is needed");
        foreach (var property in value.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
                throw Refuse(
                    $"__metadata__ '{Quote(property.Name)}' is {property.Value.ValueKind}; a string is needed"
                );
            if (!metadata.TryAdd(property.Name, property.Value.GetString()!))
                throw Refuse($"__metadata__ '{Quote(property.Name)}' appears twice");
        }
    }

    private Entry ReadEntry(string name, JsonElement value, long dataBytes)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Refuse($"tensor '{name}': entry is {value.ValueKind}; an object is needed");
        string? dtype = null;
        long[]? shape = null,
            offsets = null;
        foreach (var field in value.EnumerateObject())
        {
            var twice = field.Name switch
            {
                "dtype" => dtype is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => false,
            };
            if (twice)
                throw Refuse($"tensor '{name}': '{field.Name}' is given twice");
            switch (field.Name)
            {
                case "dtype" when field.Value.ValueKind == JsonValueKind.String:
                    dtype = field.Value.GetString();
                    break;
                case "shape":
                    shape = ReadIntegers(name, field);
                    break;
                case "data_offsets":
                    offsets = ReadIntegers(name, field);
                    break;
                default:
                    throw Refuse(
                        $"tensor '{name}': field '{Quote(field.Name)}' = {Quote(field.Value)}; expected dtype "
                            + "(a string), shape or data_offsets"
                    );
            }
        }
        if (dtype is null || shape is null || offsets is null)
        {
            var missing =
                dtype is null ? "dtype"
                : shape is null ? "shape"
                : "data_offsets";
            throw Refuse($"tensor '{name}': '{missing}' is missing");
        }
        if (!TensorElements.TryParse(dtype, out var element))
            throw Refuse(
                $"tensor '{name}': dtype '{Quote(dtype)}' is not supported; supported are {TensorElements.Known}"
            );
        if (offsets is not [var begin, var end])
            throw Refuse(
                $"tensor '{name}': data_offsets {TensorInfo.Format(offsets)} have {offsets.Length} numbers; 2 "
                    + "are needed"
            );
        if (begin < 0 || begin > end)
            throw Refuse($"tensor '{name}': data_offsets [{begin}, {end}] are not an interval");
        if (end > dataBytes)
            throw Refuse(
                $"tensor '{name}': data_offsets [{begin}, {end}] end beyond the {dataBytes} data bytes of the "
                    + "file: truncated, or wrong offsets"
            );

        TensorInfo info;
        try
        {
            info = new TensorInfo(name, element, shape);
        }
        catch (CheckpointException e)
        {
            throw new CheckpointException($"{Location}: {e.Message}", e);
        }
        if (end - begin != info.ByteCount)
        {
            throw Refuse(
                $"tensor '{name}': data_offsets [{begin}, {end}] hold {end - begin} bytes; shape "
                    + $"{info.ShapeText} of {dtype} needs {info.ByteCount}"
            );
        }
        return new Entry(info, begin, end);
    }

    private long[] ReadIntegers(string name, JsonProperty field)
    {
        var bad = field.Value.ValueKind != JsonValueKind.Array;
        if (!bad && field.Value.GetArrayLength() is > MostDimensions and var count)
            throw Refuse(
                $"tensor '{name}': {field.Name} = {Quote(field.Value)} has {count} numbers; at most {MostDimensions} "
                    + "are allowed"
            );
        var values = new List<long>();
        if (!bad)
        {
            foreach (var item in field.Value.EnumerateArray())
            {
                bad |= item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out _);
                if (!bad)
                    values.Add(item.GetInt64());
            }
        }
        return bad
            ? throw Refuse(
                $"tensor '{name}': {field.Name} = {Quote(field.Value)}; an array of integers below 2^63 is needed"
            )
            : [.. values];
    }

    private static string Quote(JsonElement value) => Quote(value.GetRawText());

    private static string Quote(string text) => text.Length <= LongestQuote ? text : text[..LongestQuote] + "...";

    private CheckpointException Refuse(string what) => new($"{Location}: {what}");

    private readonly record struct Entry(TensorInfo Info, long Begin, long End);
}
