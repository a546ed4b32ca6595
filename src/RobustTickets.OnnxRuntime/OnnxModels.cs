using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.OnnxRuntime.Files;

namespace RobustTickets.OnnxRuntime;

/// <summary>
/// ONNX files, and folders that hold one, as the models of requests: victims, sentence encoders and
/// masked language models.
/// </summary>
/// <param name="options">How they are loaded and run; null: the defaults. Length and threads of a
/// request come before these.</param>
public sealed class OnnxModels(OnnxOptions? options = null) : IModelLoader
{
    private readonly OnnxOptions _options = options ?? new OnnxOptions();

    /// <inheritdoc/>
    public bool Knows(string path) => OnnxModelFiles.Is(path);

    /// <inheritdoc/>
    public ITextClassifier? LoadClassifier(string path, int? maxLength, int? threads) =>
        Knows(path)
            ? OnnxClassifier.Load(
                path,
                _options with
                {
                    MaxLength = maxLength ?? _options.MaxLength,
                    Threads = threads ?? _options.Threads,
                }
            )
            : null;

    // Labels and tokenizer of the options are those of the classifier.
    /// <inheritdoc/>
    public ISentenceEncoder? LoadEncoder(string path) => Knows(path) ? OnnxSentenceEncoder.Load(path, Beside) : null;

    /// <inheritdoc/>
    public IMaskedLanguageModel? LoadMaskedLM(string path) => Knows(path) ? OnnxMaskedLM.Load(path, Beside) : null;

    /// <inheritdoc/>
    public string? Describe(string path, AttackModelKind kind)
    {
        if (!Knows(path))
            return null;
        var file = OnnxModelFiles.Find(path).Model;
        var info = OnnxFileInfo.Read(file);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"ONNX, {info.Bytes / 1048576.0:0.0} MiB, output {info.Outputs.FirstOrDefault()?.ToString() ?? "none"}"
        );
    }

    private OnnxOptions Beside => new(Threads: _options.Threads, CellsPerBatch: _options.CellsPerBatch);
}
