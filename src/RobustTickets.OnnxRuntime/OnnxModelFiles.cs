// Locates the parts of an ONNX model: the file, the tokenizer next to it, and class names in
// config.json or in the file.
using System.Globalization;
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.OnnxRuntime;

/// <summary>The files of a model that is an ONNX file, or a folder with one.</summary>
public sealed class OnnxModelFiles
{
    private const string ModelName = "model.onnx",
        ConfigName = "config.json";

    // File names and subfolders used by Optimum and sentence-transformers.
    private static readonly string[] Names =
    [
        ModelName,
        "onnx/model.onnx",
        "model_optimized.onnx",
        "model_quantized.onnx",
    ];

    // A folder with one of these files is a PyTorch or safetensors model, whatever else it
    // contains.
    private static readonly string[] Weights =
    [
        "model.safetensors",
        "model.safetensors.index.json",
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
        "model.sparse.safetensors",
    ];

    private OnnxModelFiles(string model, string folder) => (Model, Folder) = (model, folder);

    /// <summary>The ONNX file.</summary>
    public string Model { get; }

    /// <summary>The folder of tokenizer and configuration.</summary>
    public string Folder { get; }

    /// <summary>Whether a path is an ONNX file, or a folder whose model is one.</summary>
    public static bool Is(string path) =>
        File.Exists(path)
            ? path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase)
            : Directory.Exists(path)
                && !Weights.Any(w => File.Exists(Path.Combine(path, w)))
                && Names.Any(n => File.Exists(Path.Combine(path, n)));

    /// <summary>Finds the files.</summary>
    /// <param name="path">An ONNX file, or a folder with <c>model.onnx</c>.</param>
    /// <exception cref="DataException">No ONNX file is found.</exception>
    public static OnnxModelFiles Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (File.Exists(path))
        {
            var own = Path.GetDirectoryName(Path.GetFullPath(path))!;
            // If the file is in onnx/, configuration and tokenizer are in the parent folder.
            var above = Path.GetDirectoryName(own);
            var folder =
                !File.Exists(Path.Combine(own, ConfigName))
                && Path.GetFileName(own) == "onnx"
                && above is not null
                && File.Exists(Path.Combine(above, ConfigName))
                    ? above
                    : own;
            return new OnnxModelFiles(path, folder);
        }
        if (!Directory.Exists(path))
            throw new DataException($"{path}: no such file or folder");
        var file = Names.Select(n => Path.Combine(path, n)).FirstOrDefault(File.Exists);
        return file is null
            ? throw new DataException($"{path}: holds none of {string.Join(", ", Names)}")
            : new OnnxModelFiles(file, path);
    }

    /// <summary><c>id2label</c> of config.json, in order; null if missing.</summary>
    /// <exception cref="DataException">config.json is malformed.</exception>
    internal IReadOnlyList<string>? ConfigLabels()
    {
        if (Value("id2label", JsonValueKind.Object) is not { } map)
            return null;
        var labels = new SortedDictionary<int, string>();
        foreach (var entry in map.EnumerateObject())
            if (int.TryParse(entry.Name, out var id) && entry.Value.ValueKind == JsonValueKind.String)
                labels[id] = entry.Value.GetString()!;
        if (labels.Count == 0 || labels.Keys.Last() != labels.Count - 1 || labels.Keys.First() != 0)
            throw new DataException($"{Path.Combine(Folder, ConfigName)}: 'id2label' does not name classes 0, 1, ...");
        return [.. labels.Values];
    }

    /// <summary>
    /// A note if <c>label2id</c> has other names than <c>id2label</c>, which defines the class
    /// names; null if both agree, or one is missing.
    /// </summary>
    /// <param name="labels">The classes by <c>id2label</c>.</param>
    /// <exception cref="DataException">The same names have other indices: one of the two is
    /// wrong.</exception>
    internal string? LabelNote(IReadOnlyList<string> labels)
    {
        if (Value("label2id", JsonValueKind.Object) is not { } map)
            return null;
        var place = Path.Combine(Folder, ConfigName);
        var others = new List<string>();
        foreach (var entry in map.EnumerateObject())
        {
            var text = entry.Value.ToString();
            var id = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
            if (id >= 0 && id < labels.Count && labels[id] == entry.Name)
                continue;
            if (labels.Contains(entry.Name, StringComparer.OrdinalIgnoreCase))
                throw new DataException(
                    $"{place}: 'label2id' maps '{entry.Name}' to {text}, but 'id2label' names "
                        + $"{string.Join(", ", labels.Take(8).Select((l, i) => $"{i}: {l}"))}; correct the one that is "
                        + "wrong, or give the names"
                );
            others.Add($"{entry.Name}: {text}");
        }
        return others.Count == 0
            ? null
            : $"{place}: 'label2id' ({string.Join(", ", others.Take(8))}) is not the inverse of 'id2label'; "
                + $"'id2label' names the classes: {string.Join(", ", labels.Take(8))}";
    }

    /// <summary>A string field of config.json, or null.</summary>
    internal string? ConfigText(string name) => Value(name, JsonValueKind.String)?.GetString();

    /// <summary>An integer field of config.json, or null.</summary>
    internal int? ConfigNumber(string name) =>
        Value(name, JsonValueKind.Number) is { } value && value.TryGetInt32(out var number) ? number : null;

    // A field of that kind; null if there is none.
    private JsonElement? Value(string name, JsonValueKind kind)
    {
        using var config = Config();
        return
            config?.RootElement is { ValueKind: JsonValueKind.Object } root
            && root.TryGetProperty(name, out var value)
            && value.ValueKind == kind
            ? value.Clone()
            : null;
    }

    private JsonDocument? Config()
    {
        var file = Path.Combine(Folder, ConfigName);
        if (!File.Exists(file))
            return null;
        try
        {
            return GuardedJson.Parse(file, File.ReadAllBytes(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{file}: cannot be read: {e.Message}", e);
        }
    }
}
