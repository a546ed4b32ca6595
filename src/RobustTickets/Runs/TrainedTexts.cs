// training-texts.json in a model folder: hashes of the training texts, by which a training row is
// recognised in any file (docs/methods/data.md, Which rows are measured).
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;

namespace RobustTickets.Runs;

/// <summary>Content of the file.</summary>
/// <param name="SchemaVersion">Version of this layout, 1.</param>
/// <param name="Data">SHA-256 of the data whose training rows are among the texts.</param>
/// <param name="Texts">Base64 of the hashes, 8 bytes each, ascending: the first bytes of the
/// SHA-256 of a text (<see cref="TrainedTexts.Content"/>) as UTF-8.</param>
internal sealed record TrainedTextsFile(int SchemaVersion, IReadOnlyList<string> Data, string Texts);

/// <summary>Hashes of training texts, and the data files they cover.</summary>
internal sealed class TrainedTexts
{
    /// <summary>Name of the file in a model folder.</summary>
    public const string FileName = HuggingFaceFolderWriter.TrainingTextsFile;

    private const int CurrentSchema = 1;
    private readonly HashSet<ulong> _hashes;
    private readonly HashSet<string> _data;

    private TrainedTexts(IEnumerable<ulong> hashes, IEnumerable<string> data) =>
        (_hashes, _data) = ([.. hashes], data.ToHashSet(StringComparer.Ordinal));

    /// <summary>No texts.</summary>
    public static TrainedTexts None { get; } = new([], []);

    /// <summary>The texts of training rows.</summary>
    /// <param name="trained">The rows, including the originals of adversarial texts
    /// (<c>attack --augment</c>).</param>
    /// <param name="data">SHA-256 of the data file.</param>
    public static TrainedTexts Of(IReadOnlyList<Example> trained, string data) =>
        new(trained.Select(Hash), trained.Select(e => e.Origin?.Data).OfType<string>().Prepend(data));

    /// <summary>The union of both.</summary>
    public TrainedTexts And(TrainedTexts other) => new(_hashes.Concat(other._hashes), _data.Concat(other._data));

    /// <summary>Whether all training rows of a data file are included.</summary>
    /// <param name="data">SHA-256 of the data.</param>
    public bool Cover(string data) => _data.Contains(data);

    /// <summary>Whether the text of an example was trained on.</summary>
    public bool Contain(Example example) => _hashes.Count > 0 && _hashes.Contains(Hash(example));

    /// <summary>
    /// Key of equal texts: case-folded, whitespace normalised, columns in order.
    /// </summary>
    public static string Content(Example example) =>
        string.Join(
            '\u001f',
            example.Columns.Select(c =>
                string.Join(' ', c.Value.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            )
        );

    /// <summary>Writes the file into a model folder atomically.</summary>
    public void Save(string folder)
    {
        var sorted = _hashes.Order().ToArray();
        var bytes = new byte[sizeof(ulong) * sorted.Length];
        for (var i = 0; i < sorted.Length; i++)
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(sizeof(ulong) * i), sorted[i]);
        var file = new TrainedTextsFile(
            CurrentSchema,
            [.. _data.Order(StringComparer.Ordinal)],
            Convert.ToBase64String(bytes)
        );
        WholeFile.Write(
            Path.Combine(folder, FileName),
            JsonSerializer.Serialize(file, RunFileJson.Default.TrainedTextsFile) + "\n"
        );
    }

    /// <summary>Reads the file of a model folder; empty if it has none.</summary>
    /// <exception cref="DataException">The file is corrupt.</exception>
    public static TrainedTexts Find(string model)
    {
        var path = Path.Combine(model, FileName);
        if (!File.Exists(path))
            return None;
        var file = RunFile.Read(path, RunFileJson.Default.TrainedTextsFile, CurrentSchema);
        var bytes = new byte[file.Texts.Length];
        if (!Convert.TryFromBase64String(file.Texts, bytes, out var count) || count % sizeof(ulong) != 0)
            throw new DataException($"{path}: texts: expected base64 of hashes of {sizeof(ulong)} bytes each");
        return new TrainedTexts(
            Enumerable
                .Range(0, count / sizeof(ulong))
                .Select(i => BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(sizeof(ulong) * i))),
            file.Data
        );
    }

    private static ulong Hash(Example example) =>
        BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(Content(example))));
}
