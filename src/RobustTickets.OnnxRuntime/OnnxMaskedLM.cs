using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Tokens;
using RobustTickets.OnnxRuntime.Tokens;

namespace RobustTickets.OnnxRuntime;

/// <summary>
/// A masked language model with a WordPiece vocabulary in an ONNX file (BERT-Attack, BAE, CLARE).
/// Thread-safe.
/// </summary>
public sealed class OnnxMaskedLM : IMaskedLanguageModel, IDisposable
{
    // The graph returns scores for all positions of a text: [T, V] of them.
    private const int MostScores = 1 << 25;

    private readonly OnnxNetwork _network;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly DisposeGuard _guard;

    private OnnxMaskedLM(OnnxNetwork network, WordPieces pieces, int maxLength, string path)
    {
        (_network, _tokenizer, MaxLength) = (network, pieces.Tokenizer, maxLength);
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        MaskId = _tokenizer.MaskId;
        VocabularySize = (int)network.Width!;
        _guard = new DisposeGuard(typeof(OnnxMaskedLM), _network.Dispose);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public int MaxLength { get; }

    /// <inheritdoc/>
    public string MaskToken => _tokenizer.Vocabulary[MaskId];

    /// <inheritdoc/>
    public int MaskId { get; }

    /// <summary>Loads a masked language model.</summary>
    /// <param name="path">An ONNX file, or a folder with <c>model.onnx</c>, with the tokenizer
    /// next to it.</param>
    /// <param name="options">Load and run options; null: the defaults.</param>
    /// <exception cref="RequestException">An option is out of range.</exception>
    /// <exception cref="DataException">A file is missing or malformed, the vocabulary has no mask
    /// token, or the graph does not return scores over the vocabulary.</exception>
    public static OnnxMaskedLM Load(string path, OnnxOptions? options = null)
    {
        options ??= new OnnxOptions();
        options.Check();
        var files = OnnxModelFiles.Find(path);
        if (PieceEncoder.Load(files, options.Tokenizer) is not WordPieces pieces)
            throw new DataException($"{path}: attacks take substitutes only from WordPiece vocabularies");
        // Throws without a mask token, before the file is opened.
        _ = pieces.Tokenizer.MaskId;
        var network = OnnxNetwork.Open(files.Model, options, pieces.PadId);
        var vocabulary = pieces.Tokenizer.Vocabulary.Count;
        if (!network.IsPooled && network.Width is { } width && width >= vocabulary && width <= 1 << 24)
            return new OnnxMaskedLM(network, pieces, network.Longest(options, pieces), path);
        var found = network.Width;
        network.Dispose();
        throw new DataException(
            $"{files.Model}: returns {found?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"} "
                + $"numbers per {(network.IsPooled ? "text" : "piece")}; a masked language model returns one for each "
                + $"of the {vocabulary} tokens of its vocabulary"
        );
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
        var answers = new int[questions.Count][];
        Array.Fill(answers, []);
        string[] texts = [.. questions.Select(q => q.Text).Distinct(StringComparer.Ordinal)];
        TokenEncoding[] encoded = [.. texts.Select(t => _tokenizer.Encode(t, null, MaxLength))];
        var place = texts.Index().ToDictionary(t => t.Item, t => t.Index, StringComparer.Ordinal);
        var asked = questions.Index().ToLookup(q => place[q.Item.Text]);
        var cells = _network.DependsOnBatch ? 0 : Math.Max(1, MostScores / VocabularySize);
        foreach (var group in LengthBatches.Groups(encoded, cells))
        {
            var scores = _network.Run([.. group.Select(i => encoded[i])]);
            for (var g = 0; g < group.Length; g++)
            {
                foreach (var (i, question) in asked[group[g]])
                {
                    if (question.Position >= 0 && question.Position < encoded[group[g]].Length)
                        answers[i] = Best(
                            scores[g].AsSpan(question.Position * VocabularySize, VocabularySize),
                            question
                        );
                }
            }
        }
        return answers;
    }

    /// <summary>Releases the network once calls in flight have ended; later calls throw.</summary>
    public void Dispose() => _guard.Dispose();

    private int[] Best(ReadOnlySpan<float> scores, MaskedQuestion question)
    {
        foreach (var s in scores)
        {
            if (!float.IsFinite(s))
                throw new InvalidOperationException($"{Name}: its scores contain non-finite numbers");
        }
        return TopTokens.Of(scores, question);
    }
}
