using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Evaluation;

/// <summary>
/// Sentence vectors as the mean of a BERT encoder's last hidden states; replaces the Universal
/// Sentence Encoder. Thread-safe.
/// </summary>
public sealed class BertSentenceEncoder : ISentenceEncoder, IDisposable
{
    private const int TokensPerBatch = 2048;
    private readonly Lock _gate = new();
    private readonly BertForMaskedLM _model;
    private readonly BertInference? _inference;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly int _maxLength;
    private readonly DisposeGuard _guard;

    private BertSentenceEncoder(BertForMaskedLM model, WordPieceTokenizer tokenizer, string name)
    {
        (_model, _tokenizer, Name) = (model, tokenizer, name);
        if (BertInference.Covers(model.Encoder.Config))
            _inference = new BertInference(model.Store, model.Encoder.Config);
        _maxLength = Math.Min(tokenizer.ModelMaxLength, model.Encoder.Config.MaxPositions);
        _guard = new DisposeGuard(
            typeof(BertSentenceEncoder),
            () =>
            {
                _inference?.Dispose();
                _model.Dispose();
            }
        );
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Dimension => _model.Encoder.Config.Hidden;

    /// <summary>Loads the encoder of a Hugging Face BERT folder; its heads are ignored.</summary>
    /// <param name="folder">The folder, or the name of a model (<see cref="ModelStore"/>).</param>
    /// <exception cref="CheckpointException">Missing or malformed.</exception>
    /// <exception cref="DataException">The tokenizer is missing or malformed.</exception>
    /// <exception cref="Torch.Native.TorchUnavailableException">libtorch is not available.</exception>
    public static BertSentenceEncoder Load(string folder)
    {
        folder = ModelStore.OfUser().Locate(folder);
        var model = BertFiles.LoadMaskedLM(folder, RandomKey.FromSeed(0), new Execution());
        try
        {
            return new BertSentenceEncoder(
                model,
                WordPieceTokenizer.Load(folder),
                $"mean-pooled {Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))}"
            );
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The encoder is disposed.</exception>
    public double[][] Encode(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using var call = _guard.Enter();
        var encoded = texts
            .Select(
                (text, i) =>
                {
                    var pieces = _tokenizer.Encode(text, null, _maxLength);
                    return new EncodedExample(i, pieces.Ids, pieces.Segments, -1);
                }
            )
            .OrderByDescending(e => e.Ids.Length)
            .ToArray();
        var vectors = new double[texts.Count][];
        lock (_gate)
            ComputeThread.Run(() =>
            {
                foreach (var group in Evaluator.Groups(encoded, TokensPerBatch))
                    EncodeGroup(group, vectors);
            });
        return vectors;
    }

    private void EncodeGroup(ArraySegment<EncodedExample> group, double[][] vectors)
    {
        using var _ = torch.no_grad();
        using var scope = torch.scope();
        var batch = PackedBatch.From(group);
        var hidden =
            _inference?.HiddenStates(batch)
            // [T, H]
            ?? _model.Encoder.EncodeAll(_model.Prepare(batch, training: false), PassOptions.Evaluation).contiguous();
        var rows = hidden.span<float>();
        for (var b = 0; b < batch.Count; b++)
        {
            var sum = new double[Dimension];
            for (var t = batch.Offsets[b]; t < batch.Offsets[b + 1]; t++)
            {
                for (var j = 0; j < sum.Length; j++)
                    sum[j] += rows[(t * sum.Length) + j];
            }
            var count = batch.Offsets[b + 1] - batch.Offsets[b];
            vectors[batch.ExampleIds[b]] = Array.ConvertAll(sum, x => x / count);
        }
    }

    /// <summary>Releases the network after running calls have ended; later calls throw.</summary>
    public void Dispose() => _guard.Dispose();
}
