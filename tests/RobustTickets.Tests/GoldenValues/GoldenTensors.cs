// A reader of safetensors files of the tests' own: golden values must not pass through the code
// they judge.
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text.Json;
using RobustTickets.Testing;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>The tensors of one golden file, wholly in memory.</summary>
internal sealed class GoldenTensors
{
    private static readonly ConcurrentDictionary<string, GoldenTensors> s_files = [];
    private readonly byte[] _data;
    private readonly Dictionary<string, Entry> _entries = [];

    private GoldenTensors(string path, byte[] data)
    {
        (Path, _data) = (path, data);
        var header = (int)BinaryPrimitives.ReadUInt64LittleEndian(data);
        using var json = JsonDocument.Parse(data.AsMemory(8, header));
        foreach (var entry in json.RootElement.EnumerateObject().Where(e => e.Name != "__metadata__"))
        {
            var offsets = Longs(entry.Value.GetProperty("data_offsets"));
            _entries[entry.Name] = new Entry(
                entry.Value.GetProperty("dtype").GetString()!,
                Longs(entry.Value.GetProperty("shape")),
                8 + header + (int)offsets[0],
                (int)(offsets[1] - offsets[0])
            );
        }

        static long[] Longs(JsonElement array) => array.EnumerateArray().Select(e => e.GetInt64()).ToArray();
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Names of the tensors, sorted.</summary>
    public IEnumerable<string> Names => _entries.Keys.Order(StringComparer.Ordinal);

    /// <summary>
    /// Reads a file, once a process: they are small, and tests ask for the same ones again and
    /// again. Without the file the test is skipped.
    /// </summary>
    public static GoldenTensors Open(string path) =>
        File.Exists(path)
            ? s_files.GetOrAdd(path, p => new GoldenTensors(p, File.ReadAllBytes(p)))
            : throw Golden.Skip(path);

    /// <summary>Whether a tensor is there.</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>Shape of a tensor.</summary>
    public int[] Shape(string name) => Array.ConvertAll(Of(name).Shape, size => checked((int)size));

    /// <summary>Values of a float32 tensor.</summary>
    public float[] Floats(string name) => Values<float>(name, "F32").ToArray();

    /// <summary>Values of a float32 or float64 tensor.</summary>
    public double[] Doubles(string name) =>
        Of(name).Type == "F32" ? Array.ConvertAll(Floats(name), x => (double)x) : Values<double>(name, "F64").ToArray();

    /// <summary>Values of an int64 tensor.</summary>
    public long[] Longs(string name) => Values<long>(name, "I64").ToArray();

    /// <summary>Values of a tensor of bytes.</summary>
    public byte[] Bytes(string name) => Values<byte>(name, "U8").ToArray();

    /// <summary>Values of a table of truth values stored as bytes, [rows, columns].</summary>
    public bool[][] Mask(string name)
    {
        var shape = Shape(name);
        var bytes = Values<byte>(name, "U8").ToArray();
        return
        [
            .. Enumerable
                .Range(0, shape[0])
                .Select(row => bytes.AsSpan(row * shape[1], shape[1]).ToArray().Select(b => b != 0).ToArray()),
        ];
    }

    private ReadOnlySpan<T> Values<T>(string name, string type)
        where T : unmanaged
    {
        var entry = Of(name);
        if (entry.Type != type)
            throw new InvalidDataException($"{Path}: {name} is {entry.Type}, {type} was expected");
        return MemoryMarshal.Cast<byte, T>(_data.AsSpan(entry.Begin, entry.Bytes));
    }

    private Entry Of(string name) =>
        _entries.TryGetValue(name, out var entry)
            ? entry
            : throw new InvalidDataException($"{Path}: no tensor '{name}'");

    private sealed record Entry(string Type, long[] Shape, int Begin, int Bytes);
}
