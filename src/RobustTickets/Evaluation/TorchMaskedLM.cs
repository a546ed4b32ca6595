// A BERT checkpoint as the masked language model of an attack. Questions about the same text share
// one encoder pass, also across calls: hidden states of recent texts are cached, and the decoder
// runs for the requested positions only.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Evaluation;

/// <summary>
/// A masked language model over <see cref="BertForMaskedLM"/>. The prediction for a question does
/// not depend on other questions. Thread-safe.
/// </summary>
public sealed class TorchMaskedLM : IMaskedLanguageModel, IDisposable
{
    private const int TokensPerBatch = 2048;
    private const int ScoredRows = 64;
    private const int KeptTokens = 1 << 14;
    private readonly Lock _gate = new();
    private readonly BertForMaskedLM _model;
    private readonly MaskedLmInference _inference;
    private readonly WordPieceTokenizer _tokenizer;

    // Two generations of cached hidden states [T, H] by text: when the young one is full, the old
    // one is dropped.
    private Dictionary<string, float[]> _young = new(StringComparer.Ordinal);
    private Dictionary<string, float[]> _old = new(StringComparer.Ordinal);
    private int _kept;
    private readonly DisposeGuard _guard;

    private TorchMaskedLM(BertForMaskedLM model, WordPieceTokenizer tokenizer, string name)
    {
        (_model, _tokenizer, Name) = (model, tokenizer, name);
        MaskId = _tokenizer.MaskId;
        MaxLength = Math.Min(tokenizer.ModelMaxLength, model.Encoder.Config.MaxPositions);
        _inference = new MaskedLmInference(model.Store, model.Encoder.Config);
        _guard = new DisposeGuard(
            typeof(TorchMaskedLM),
            () =>
            {
                _inference.Dispose();
                _model.Dispose();
            }
        );
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int VocabularySize => _model.Encoder.Config.VocabularySize;

    /// <inheritdoc/>
    public int MaxLength { get; }

    /// <inheritdoc/>
    public string MaskToken => _tokenizer.Vocabulary[MaskId];

    /// <inheritdoc/>
    public int MaskId { get; }

    /// <summary>
    /// Number of texts encoded so far; questions about a cached text need no pass.
    /// </summary>
    public long EncodedTexts { get; private set; }

    /// <summary>Loads a Hugging Face BERT folder.</summary>
    /// <param name="folder">The folder, or the name of a model (<see cref="ModelStore"/>).</param>
    /// <exception cref="CheckpointException">Missing, malformed, without a masked-language-model
    /// head, or its output matrix is not the word embeddings.</exception>
    /// <exception cref="DataException">The tokenizer is missing or has no mask token.</exception>
    /// <exception cref="Torch.Native.TorchUnavailableException">libtorch is not available.</exception>
    public static TorchMaskedLM Load(string folder)
    {
        folder = ModelStore.OfUser().Locate(folder);
        using (var files = BertFiles.Open(folder))
        {
            if (
                BertShapes
                    .OfPredictionHead(BertFiles.ConfigOf(files.Config, 2))
                    .Select(s => s.Name)
                    .FirstOrDefault(n => !files.Weights.Contains(n)) is
                { } missing
            )
            {
                throw new CheckpointException(
                    $"{folder}: contains no '{missing}', so it is not a masked language model; use one such as "
                        + "bert-base-uncased, or pre-train one"
                );
            }
            ModelFolderCheck.RequireTiedDecoder(files);
        }
        var model = BertFiles.LoadMaskedLM(folder, RandomKey.FromSeed(0), new Execution());
        try
        {
            return new TorchMaskedLM(
                model,
                WordPieceTokenizer.Load(folder),
                Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))
            );
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Token(int id)
    {
        _guard.Require();
        return _tokenizer.Vocabulary.TokenOfRow(id, VocabularySize);
    }

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        _guard.Require();
        return _tokenizer.Encode(text, null, MaxLength).Ids;
    }

    /// <inheritdoc/>
    public int PieceCount(string word)
    {
        _guard.Require();
        return _tokenizer.TokenIds(word).Length;
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public int[][] Predict(IReadOnlyList<MaskedQuestion> questions)
    {
        ArgumentNullException.ThrowIfNull(questions);
        using var call = _guard.Enter();
        lock (_gate)
            return ComputeThread.Run(() => Answers(questions));
    }

    private int[][] Answers(IReadOnlyList<MaskedQuestion> questions)
    {
        var states = States(questions.Select(q => q.Text));
        var hidden = _model.Encoder.Config.Hidden;
        var answers = new int[questions.Count][];
        Array.Fill(answers, []);
        var asked = Enumerable
            .Range(0, answers.Length)
            .Where(i =>
                questions[i].Position >= 0 && (questions[i].Position + 1) * hidden <= states[questions[i].Text].Length
            )
            .ToArray();
        foreach (var part in asked.Chunk(ScoredRows))
        {
            using var scope = torch.scope();
            var rows = torch.empty([part.Length, hidden]);
            for (var r = 0; r < part.Length; r++)
                states[questions[part[r]].Text]
                    .AsSpan(questions[part[r]].Position * hidden, hidden)
                    .CopyTo(rows.span<float>()[(r * hidden)..]);
            var scores = _inference.Scores(rows).span<float>();
            for (var r = 0; r < part.Length; r++)
                answers[part[r]] = Best(scores.Slice(r * VocabularySize, VocabularySize), questions[part[r]]);
        }
        return answers;
    }

    // The hidden states of texts, from the cache or from packed passes.
    private Dictionary<string, float[]> States(IEnumerable<string> texts)
    {
        var found = new Dictionary<string, float[]>(StringComparer.Ordinal);
        var missing = new List<string>();
        foreach (var text in texts.Distinct(StringComparer.Ordinal))
        {
            if (_young.TryGetValue(text, out var kept) || _old.TryGetValue(text, out kept))
                found[text] = kept;
            else
                missing.Add(text);
        }
        var encoded = missing
            .Select(
                (text, i) =>
                {
                    var pieces = _tokenizer.Encode(text, null, MaxLength);
                    return new EncodedExample(i, pieces.Ids, pieces.Segments, -1);
                }
            )
            .OrderByDescending(e => e.Ids.Length)
            .ToArray();
        foreach (var group in Evaluator.Groups(encoded, TokensPerBatch))
        {
            using var scope = torch.scope();
            var batch = PackedBatch.From(group);
            var rows = _inference.HiddenStates(batch).span<float>();
            var width = _model.Encoder.Config.Hidden;
            for (var b = 0; b < batch.Count; b++)
            {
                var text = missing[(int)batch.ExampleIds[b]];
                found[text] = rows[(batch.Offsets[b] * width)..(batch.Offsets[b + 1] * width)].ToArray();
                Keep(text, found[text]);
            }
            EncodedTexts += batch.Count;
        }
        return found;
    }

    private void Keep(string text, float[] states)
    {
        var tokens = states.Length / _model.Encoder.Config.Hidden;
        if (_kept + tokens > KeptTokens)
        {
            (_old, _young, _kept) = (_young, new Dictionary<string, float[]>(StringComparer.Ordinal), 0);
        }
        _young[text] = states;
        _kept += tokens;
    }

    private static int[] Best(ReadOnlySpan<float> scores, MaskedQuestion question)
    {
        var all = 0.0;
        foreach (var s in scores)
            all += s;
        if (!double.IsFinite(all))
            throw new NumericFailureException("some of its scores are not finite");
        return TopTokens.Of(scores, question);
    }

    /// <summary>Releases the network after running calls have ended; later calls throw.</summary>
    public void Dispose() => _guard.Dispose();
}
