// Folders and files that the checkpoint tests build themselves.
using System.Buffers.Binary;
using System.Text;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Tensors;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

/// <summary>A folder of its own for one test, removed afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("checkpoints-").FullName;

    public string At(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public string Write(string name, byte[] bytes)
    {
        // In place: thousands of damaged copies of one file would otherwise each wait for the disk
        // (a file replaced through truncation is flushed by ext4).
        using var stream = new FileStream(At(name), FileMode.OpenOrCreate, FileAccess.Write);
        stream.Write(bytes);
        stream.SetLength(bytes.Length);
        return At(name);
    }

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    /// <summary>All names below, also hidden ones.</summary>
    public string[] Names() =>
        [
            .. Directory
                .EnumerateFileSystemEntries(Path, "*", SearchOption.AllDirectories)
                .Select(e => System.IO.Path.GetRelativePath(Path, e))
                .Order(StringComparer.Ordinal),
        ];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

internal static class Fixtures
{
    /// <summary>
    /// The bytes of a safetensors file with this header and that many data bytes (0, 1, 2, ...).
    /// </summary>
    public static byte[] Safetensors(string header, int dataBytes) =>
        Safetensors(header, [.. Enumerable.Range(0, dataBytes).Select(i => (byte)i)]);

    public static byte[] Safetensors(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)json.Length);
        json.CopyTo(file, 8);
        data.CopyTo(file, 8 + json.Length);
        return file;
    }

    public static HuggingFaceConfig TinyConfig { get; } =
        new()
        {
            VocabSize = 11,
            HiddenSize = 6,
            NumHiddenLayers = 2,
            NumAttentionHeads = 3,
            IntermediateSize = 5,
            MaxPositionEmbeddings = 7,
            Labels = ["no", "yes", "maybe"],
            Architectures = ["BertForSequenceClassification"],
        };

    /// <summary>
    /// Random tensors of every shape a configuration expects; heads too unless told otherwise
    /// (never a tied output matrix).
    /// </summary>
    public static List<NamedTensor> Weights(HuggingFaceConfig config, int seed = 1, bool heads = true)
    {
        var random = new Random(seed);
        IEnumerable<KeyValuePair<string, long[]>> shapes = HuggingFaceFolder.ExpectedShapes(config);
        if (heads)
            shapes = shapes.Concat(
                HuggingFaceFolder.HeadShapes(config).Where(s => s.Key != "cls.predictions.decoder.weight")
            );
        return
        [
            .. shapes.Select(s =>
                NamedTensor.FromFloats(s.Key, s.Value, Values(random, s.Value.Aggregate(1L, (a, b) => a * b)))
            ),
        ];
    }

    public static float[] Values(Random random, long count)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = (float)((random.NextDouble() * 2) - 1);
        return values;
    }

    /// <summary>Runs what must be refused and checks that the message says what it must.</summary>
    public static CheckpointException Refused(Action act, params string[] saying)
    {
        var refusal = Assert.ThrowsAny<CheckpointException>(act);
        foreach (var part in saying)
            Assert.True(
                refusal.Message.Contains(part, StringComparison.Ordinal),
                $"'{part}' is not said: {refusal.Message}"
            );
        return refusal;
    }
}
