// Writes a model folder atomically: config.json, model.safetensors, and the tokenizer files of the
// source folder.

using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints;

/// <summary>An additional text file of a model folder.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">Its content.</param>
internal sealed record ExtraFile(string Name, string Text);

/// <summary>Writes Hugging Face checkpoint folders atomically.</summary>
internal static class HuggingFaceFolderWriter
{
    /// <summary>Name of the file of dense weights.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>The tokenizer files that are copied if they exist.</summary>
    public static IReadOnlyList<string> TokenizerFiles { get; } =
    ["vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

    /// <summary>Name of the file of a model's training rows.</summary>
    public const string TrainingRowsFile = "training.json";

    /// <summary>Name of the file with the hashes of a model's training texts.</summary>
    public const string TrainingTextsFile = "training-texts.json";

    /// <summary>
    /// The records of a model's training data in a folder, which exports and imports copy with the
    /// weights; those that exist.
    /// </summary>
    public static IReadOnlyList<ExtraFile> TrainingRecords(string folder) =>
        [
            .. new[] { TrainingRowsFile, TrainingTextsFile }
                .Where(name => File.Exists(Path.Combine(folder, name)))
                .Select(name => new ExtraFile(name, SourceFile.ReadAllText(Path.Combine(folder, name)))),
        ];

    /// <summary>Writes a folder from tensors in memory.</summary>
    /// <param name="path">The new folder; must be missing or empty unless
    /// <paramref name="replace"/>.</param>
    /// <param name="config">The configuration; the tensors must have its shapes.</param>
    /// <param name="weights">The tensors under canonical names; the encoder must be
    /// complete.</param>
    /// <param name="tokenizerFrom">A folder whose tokenizer files are copied, or null.</param>
    /// <param name="metadata">The <c>__metadata__</c> of the safetensors file; by default
    /// <c>format: pt</c>.</param>
    /// <param name="replace">Whether an existing folder is replaced.</param>
    /// <exception cref="CheckpointException">Shapes do not fit, the folder exists or cannot be
    /// written, or the disk is full.</exception>
    public static void Write(
        string path,
        HuggingFaceConfig config,
        IEnumerable<NamedTensor> weights,
        string? tokenizerFrom = null,
        IReadOnlyDictionary<string, string>? metadata = null,
        bool replace = false
    ) => Write(path, config, file => SafetensorsWriter.Write(file, weights, metadata), tokenizerFrom, replace, []);

    /// <summary>
    /// Writes a folder from tensors whose bytes are produced one tensor at a time.
    /// </summary>
    /// <param name="path">The new folder.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="weights">The tensors under canonical names.</param>
    /// <param name="tokenizerFrom">A folder whose tokenizer files are copied, or null.</param>
    /// <param name="metadata">The <c>__metadata__</c> of the safetensors file.</param>
    /// <param name="replace">Whether an existing folder is replaced.</param>
    /// <param name="beside">Additional files of the folder.</param>
    /// <param name="checksums">Whether to write checksums, which are verified on opening.</param>
    /// <param name="tokenizer">A tokenizer to write if there is no folder to copy it from.</param>
    /// <param name="weightsFile">Name of the weights file.</param>
    /// <exception cref="CheckpointException">As for the other overload.</exception>
    public static void WriteStreamed(
        string path,
        HuggingFaceConfig config,
        IEnumerable<StreamedTensor> weights,
        string? tokenizerFrom = null,
        IReadOnlyDictionary<string, string>? metadata = null,
        bool replace = false,
        IReadOnlyList<ExtraFile>? beside = null,
        bool checksums = false,
        WordPieceTokenizer? tokenizer = null,
        string weightsFile = WeightsFile
    ) =>
        Write(
            path,
            config,
            file => SafetensorsWriter.WriteStreamed(file, weights, metadata),
            tokenizerFrom,
            replace,
            beside ?? [],
            checksums,
            tokenizer,
            weightsFile
        );

    /// <summary>Copies the tokenizer files of one model folder into another.</summary>
    /// <returns>The names copied.</returns>
    /// <exception cref="CheckpointException">The source is missing or has neither vocab.txt nor
    /// tokenizer.json.</exception>
    public static IReadOnlyList<string> CopyTokenizer(string from, string to)
    {
        if (!Directory.Exists(from))
            throw new CheckpointException($"{from}: no such folder; the tokenizer files are copied from it");
        var copied = new List<string>();
        foreach (var name in TokenizerFiles)
        {
            var source = Path.Combine(from, name);
            if (!File.Exists(source))
                continue;
            // Not File.Copy: the copy of a read-only file must be writable.
            SourceFile.Copy(source, Path.Combine(to, name));
            copied.Add(name);
        }
        if (!copied.Contains("vocab.txt") && !copied.Contains("tokenizer.json"))
        {
            throw new CheckpointException(
                $"{from}: has neither vocab.txt nor tokenizer.json; a model folder without a tokenizer cannot be used"
            );
        }
        return copied;
    }

    private static void Write(
        string path,
        HuggingFaceConfig config,
        Action<string> writeWeights,
        string? tokenizerFrom,
        bool replace,
        IReadOnlyList<ExtraFile> beside,
        bool checksums = false,
        WordPieceTokenizer? tokenizer = null,
        string weightsFile = WeightsFile
    )
    {
        AtomicFolder.Create(
            path,
            folder =>
            {
                var configPath = Path.Combine(folder, "config.json");
                var weightsPath = Path.Combine(folder, weightsFile);
                writeWeights(weightsPath);
                if (tokenizerFrom is not null)
                    CopyTokenizer(tokenizerFrom, folder);
                if (tokenizer is not null)
                    Disk.Writing(path, () => tokenizer.SaveTo(folder));
                foreach (var file in beside)
                    AtomicFile.WriteAllText(Path.Combine(folder, file.Name), file.Text);
                // Reading the header back is the cheapest check that the folder opens again.
                using (var written = HuggingFaceFolder.OpenWeights(weightsPath))
                {
                    HuggingFaceFolder.RequireShapes(written, config, "the configuration given");
                    AtomicFile.WriteAllText(configPath, config.WithTorchDtype(Widest(written)).ToJson());
                }
                if (checksums)
                    FolderChecksums.Write(folder);
            },
            replace
        );
    }

    // The element type that represents all others: transformers loads every tensor as torch_dtype.
    private static TensorElement Widest(TensorSource file)
    {
        var elements = file.Tensors.Select(t => t.Element).Where(e => e.IsFloat()).Distinct().ToArray();
        return elements switch
        {
            [var one] => one,
            _ when elements.Contains(TensorElement.F64) => TensorElement.F64,
            _ => TensorElement.F32,
        };
    }
}
