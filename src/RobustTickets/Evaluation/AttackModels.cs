// BERT folders as attack models: sentence encoders and masked language models, loaded on first use
// and cached.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Models;

namespace RobustTickets;

/// <summary>
/// Loads the models of attacks from Hugging Face folders, each once, and owns them.
/// </summary>
/// <param name="defaultEncoder">Folder of the sentence encoder used when none is named and the
/// resource folder has none: the checkpoint that the victim was trained from; null when
/// unknown.</param>
/// <param name="loader">Loads models of other formats; null for none.</param>
public sealed class AttackModels(string? defaultEncoder = null, IModelLoader? loader = null)
    : IAttackModels,
        IDisposable
{
    private static readonly string MaskedHead = BertParameters.Weight(BertParameters.PredictionDense);

    private readonly Dictionary<string, ISentenceEncoder> _encoders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IMaskedLanguageModel> _masked = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private bool _disposed;

    /// <inheritdoc/>
    public string? DefaultEncoder { get; } = defaultEncoder is null ? null : ModelStore.OfUser().Locate(defaultEncoder);

    /// <inheritdoc/>
    public string Locate(string model) => ModelStore.OfUser().Locate(model);

    /// <inheritdoc/>
    public string Describe(string folder, AttackModelKind kind)
    {
        folder = Locate(folder);
        if (loader?.Describe(folder, kind) is { } other)
            return other;
        try
        {
            using var files = BertFiles.Open(folder);
            var vocabulary = WordPieceTokenizer.Load(folder).Vocabulary.Count;
            if (kind == AttackModelKind.MaskedLanguageModel && !files.Weights.Contains(MaskedHead))
                throw new DataException(
                    $"'{folder}': contains no '{MaskedHead}', so it is not a masked language model"
                );
            return $"BERT, {files.Config.NumHiddenLayers} layers of width {files.Config.HiddenSize}, "
                + string.Create(CultureInfo.InvariantCulture, $"{vocabulary:N0} word pieces");
        }
        catch (CheckpointException e)
        {
            throw new DataException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public ISentenceEncoder LoadEncoder(string folder) =>
        Once(_encoders, folder, path => loader?.LoadEncoder(path) ?? BertSentenceEncoder.Load(path));

    /// <inheritdoc/>
    public IMaskedLanguageModel LoadMaskedLM(string folder) =>
        Once(_masked, folder, path => loader?.LoadMaskedLM(path) ?? TorchMaskedLM.Load(path));

    /// <summary>Releases every model that was loaded.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (var model in _encoders.Values.Cast<object>().Concat(_masked.Values))
                (model as IDisposable)?.Dispose();
            _encoders.Clear();
            _masked.Clear();
        }
    }

    // Attacks that are built in parallel share the loaded models.
    private TModel Once<TModel>(Dictionary<string, TModel> loaded, string folder, Func<string, TModel> load)
    {
        folder = Locate(folder);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!loaded.TryGetValue(folder, out var model))
                loaded[folder] = model = load(folder);
            return model;
        }
    }
}
