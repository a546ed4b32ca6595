using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;

namespace RobustTickets;

/// <summary>
/// A trained classifier for use in programs: load a folder, ask for labels, logits or
/// probabilities. Safe to call from many threads; calls are answered one after the other, each
/// using every core.
/// </summary>
public sealed class Classifier : ITextClassifier
{
    // Below it, waking another thread costs more than it saves.
    private const int FewTexts = 16;
    private readonly Lock _gate = new();
    private readonly BertForSequenceClassification _model;
    private readonly BertInference? _inference;

    private readonly bool _borrowed;

    private Classifier(
        BertForSequenceClassification model,
        WordPieceTokenizer tokenizer,
        IReadOnlyList<string> labels,
        int maxLength,
        string name,
        bool borrowed = false
    )
    {
        (_model, Tokenizer, Labels, MaxLength) = (model, tokenizer, labels, maxLength);
        (Name, _borrowed) = (name, borrowed);
        _inference = BertInference.Of(model);
    }

    /// <summary>
    /// A network that somebody else is training, as it is now: to be disposed of before its weights
    /// change again. The network itself is not disposed of.
    /// </summary>
    internal static Classifier Of(
        BertForSequenceClassification model,
        WordPieceTokenizer tokenizer,
        IReadOnlyList<string> labels,
        int maxLength
    ) => new(model, tokenizer, labels, Math.Min(maxLength, model.Config.MaxPositions), "in training", borrowed: true);

    /// <summary>The folder it was loaded from, for people.</summary>
    public string Name { get; }

    /// <summary>
    /// What was passed over or adapted on loading, one sentence each; for the user to be told.
    /// </summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Class names in order.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The tokenizer beside the weights.</summary>
    public WordPieceTokenizer Tokenizer { get; }

    /// <summary>
    /// Word pieces per text, special tokens included; longer texts are truncated.
    /// </summary>
    public int MaxLength { get; }

    /// <summary>Parameters without embeddings, as the papers count them.</summary>
    public long ParametersWithoutEmbeddings => _model.Store.Count(name => !BertParameters.IsEmbedding(name));

    /// <summary>Loads a Hugging Face folder, dense or a compact ticket.</summary>
    /// <param name="folder">The folder, or the name of a model (<see cref="ModelStore"/>).</param>
    /// <param name="execution">How it runs; null = fast paths.</param>
    /// <param name="maxLength">Length limit; null takes the tokenizer's, at most the positions of
    /// the model.</param>
    /// <exception cref="CheckpointException">Missing, malformed, without a trained classifier, or
    /// one that is not of a single label a text.</exception>
    /// <exception cref="NumericFailureException">A weight is not finite.</exception>
    public static Classifier Load(string folder, Execution? execution = null, int? maxLength = null)
    {
        folder = ModelStore.OfUser().Locate(folder);
        using (var files = BertFiles.OpenClassifier(folder))
        {
            var tokenizer = WordPieceTokenizer.Load(folder);
            var model = BertFiles.LoadClassifier(
                folder,
                files.Config.NumLabels,
                RandomKey.FromSeed(0),
                execution ?? new Execution()
            );
            var limit = Math.Min(maxLength ?? tokenizer.ModelMaxLength, model.Config.MaxPositions);
            return new Classifier(model, tokenizer, files.Config.Labels, limit, folder) { Notes = files.Notes };
        }
    }

    /// <summary>
    /// Logits of each text (pair), [C] each, in input order. The row of a text does not depend on
    /// the texts around it.
    /// </summary>
    /// <exception cref="NumericFailureException">A logit is not finite.</exception>
    public float[][] Logits(IReadOnlyList<TextPair> texts)
    {
        var rows = Logits(Encode(texts));
        for (var i = 0; i < rows.Length; i++)
            Evaluator.RequireFinite(rows[i], $"{Name}: text {i + 1} of {rows.Length}", i);
        return rows;
    }

    /// <summary>
    /// Word pieces of each text (pair), cut to <see cref="MaxLength"/>; many texts are shared out
    /// among processors.
    /// </summary>
    public IReadOnlyList<EncodedExample> Encode(IReadOnlyList<TextPair> texts)
    {
        var encoded = new EncodedExample[texts.Count];
        if (texts.Count < FewTexts)
            for (var i = 0; i < encoded.Length; i++)
                Encode(i);
        else
            Parallel.For(0, encoded.Length, Encode);
        return encoded;

        void Encode(int i)
        {
            var pieces = Tokenizer.Encode(texts[i], MaxLength);
            encoded[i] = new EncodedExample(i, pieces.Ids, pieces.Segments, -1);
        }
    }

    /// <summary>Logits of tokenised examples.</summary>
    public float[][] Logits(IReadOnlyList<EncodedExample> examples)
    {
        var rows = new float[examples.Count][];
        if (rows.Length == 0)
            return rows;
        lock (_gate)
            Evaluator.Logits(_model, examples, (index, logits) => rows[index] = logits.ToArray(), _inference);
        return rows;
    }

    /// <inheritdoc/>
    int IVictim.ClassCount => Labels.Count;

    // Numbers that are not finite are the engine's to tell.
    double[][] IVictim.Predict(IReadOnlyList<TextPair> inputs) =>
        Array.ConvertAll(Logits(Encode(inputs)), row => Softmax(row));

    /// <inheritdoc/>
    int ITextClassifier.Length(TextPair text) => Tokenizer.Encode(text, MaxLength + 1).Length;

    /// <summary>Class probabilities of each text (pair), <c>[C]</c> each.</summary>
    public double[][] Probabilities(IReadOnlyList<TextPair> texts) =>
        Array.ConvertAll(Logits(texts), row => Softmax(row));

    /// <summary>The label of a text, or pair of texts.</summary>
    public Prediction Predict(TextPair text) => Predict(new[] { text })[0];

    /// <summary>The label of each text, in input order; texts are batched.</summary>
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Predict(texts.Select(text => new TextPair(text)).ToArray());
    }

    /// <summary>The label of each text (pair), in input order; texts are batched.</summary>
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<TextPair> texts) =>
        Array.ConvertAll(
            Probabilities(texts),
            scores =>
            {
                var best = scores.ArgMax();
                return new Prediction(Labels[best], scores[best], scores);
            }
        );

    /// <summary>Accuracy and loss on labelled examples.</summary>
    public EvaluationResult Evaluate(IReadOnlyList<EncodedExample> examples) => Evaluate(examples, default);

    /// <summary>The same, until it is stopped.</summary>
    internal EvaluationResult Evaluate(IReadOnlyList<EncodedExample> examples, CancellationToken stop)
    {
        lock (_gate)
            return Evaluator.Evaluate(_model, examples, stop);
    }

    /// <summary>exp(x) / sum exp(x) in double precision.</summary>
    public static double[] Softmax(ReadOnlySpan<float> logits) => FunctionVictim.Softmax(logits);

    /// <inheritdoc/>
    public void Dispose()
    {
        _inference?.Dispose();
        if (!_borrowed)
            _model.Dispose();
    }
}
