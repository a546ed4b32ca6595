using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.OnnxRuntime.Files;

namespace RobustTickets.OnnxRuntime;

/// <summary>
/// Loads ONNX files, and folders with one, as victims, sentence encoders and masked language
/// models. Models of attack recipes (<see cref="AttackRecipe.Build"/>) are loaded once and released
/// with this object; models loaded for a request belong to the request.
/// </summary>
/// <param name="options">Load and run options; null: the defaults. A request's length and threads
/// take precedence.</param>
/// <param name="defaultEncoder">Default sentence encoder, if none is named or in the resource
/// folder; or null.</param>
public sealed class OnnxModels(OnnxOptions? options = null, string? defaultEncoder = null)
    : IModelLoader,
        IAttackModels,
        IDisposable
{
    private readonly OnnxOptions _options = options ?? new OnnxOptions();
    private readonly Dictionary<string, OnnxSentenceEncoder> _encoders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OnnxMaskedLM> _masked = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private bool _disposed;

    /// <inheritdoc/>
    public string? DefaultEncoder => defaultEncoder;

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

    // Labels and tokenizer in the options apply to the classifier only.
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

    // For attack models, errors are thrown instead of returning null.
    /// <inheritdoc/>
    string IAttackModels.Describe(string folder, AttackModelKind kind) =>
        Describe(folder, kind) ?? throw new DataException(Unknown(folder));

    /// <inheritdoc/>
    ISentenceEncoder IAttackModels.LoadEncoder(string folder) =>
        Once(_encoders, folder, path => OnnxSentenceEncoder.Load(path, Beside));

    /// <inheritdoc/>
    IMaskedLanguageModel IAttackModels.LoadMaskedLM(string folder) =>
        Once(_masked, folder, path => OnnxMaskedLM.Load(path, Beside));

    /// <summary>Releases the models of attack recipes.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (var model in _encoders.Values.Cast<IDisposable>().Concat(_masked.Values))
                model.Dispose();
            _encoders.Clear();
            _masked.Clear();
        }
    }

    private TModel Once<TModel>(Dictionary<string, TModel> loaded, string folder, Func<string, TModel> load)
    {
        if (!Knows(folder))
            throw new DataException(Unknown(folder));
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!loaded.TryGetValue(folder, out var model))
                loaded[folder] = model = load(folder);
            return model;
        }
    }

    private static string Unknown(string folder) =>
        $"{folder}: is not an ONNX model (an .onnx file, or a folder with model.onnx and no other weights); "
        + "AttackModels (package RobustTickets) loads Hugging Face folders";

    private OnnxOptions Beside => new(Threads: _options.Threads, CellsPerBatch: _options.CellsPerBatch);
}
