using System.Runtime.CompilerServices;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>
/// A trained classifier for use in programs: load a folder, get labels, logits or probabilities.
/// Thread-safe; calls run one after the other, each on all cores. Calls from thread-pool threads
/// (a web server's) are computed on one thread of the process, others on the calling thread.
/// </summary>
public sealed class Classifier : ITrainedClassifier, IHasWordPieces
{
    // With fewer texts, waking another thread costs more than it saves.
    private const int FewTexts = 16;

    // [CLS], a piece, [SEP].
    private const int ShortestLimit = 3;
    private readonly Lock _gate = new();
    private readonly BertForSequenceClassification _model;
    private readonly BertInference? _inference;
    private readonly DisposeGuard _guard;

    private Classifier(
        BertForSequenceClassification model,
        WordPieceTokenizer tokenizer,
        IReadOnlyList<string> labels,
        int maxLength,
        string name,
        bool borrowed = false
    )
    {
        (_model, Tokenizer, Labels, MaxLength, Name) = (model, tokenizer, labels, maxLength, name);
        _inference = BertInference.Of(model);
        _guard = new DisposeGuard(
            typeof(Classifier),
            () =>
            {
                _inference?.Dispose();
                if (!borrowed)
                    _model.Dispose();
            }
        );
    }

    /// <summary>
    /// Wraps a network in training with its current weights; dispose the wrapper before the weights
    /// change. The network itself is not disposed.
    /// </summary>
    internal static Classifier Of(
        BertForSequenceClassification model,
        WordPieceTokenizer tokenizer,
        IReadOnlyList<string> labels,
        int maxLength
    ) => new(model, tokenizer, labels, Math.Min(maxLength, model.Config.MaxPositions), "in training", borrowed: true);

    /// <summary>The folder it was loaded from, for display.</summary>
    public string Name { get; }

    /// <summary>
    /// What was ignored or adapted on loading, one sentence each, to show to the user.
    /// </summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Class names in order.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The tokenizer next to the weights.</summary>
    public WordPieceTokenizer Tokenizer { get; }

    /// <summary>
    /// Maximum sequence length, special tokens included; longer texts are truncated.
    /// </summary>
    public int MaxLength { get; }

    /// <summary>Parameters without embeddings, as the papers count them.</summary>
    public long ParametersWithoutEmbeddings
    {
        get
        {
            using var call = _guard.Enter();
            return _model.Store.Count(name => !BertParameters.IsEmbedding(name));
        }
    }

    /// <summary>Loads a Hugging Face folder, dense or a compact ticket.</summary>
    /// <param name="folder">The folder, or the name of a model (<see cref="ModelStore"/>).</param>
    /// <param name="execution">How it runs; null: fast paths on all CPU cores. The thread count
    /// also applies to other models (<see cref="Execution.Threads"/>).</param>
    /// <param name="maxLength">Maximum sequence length, at least 3 (to read pairs 5) and at most
    /// the model's positions; null: the tokenizer's.</param>
    /// <exception cref="RequestException">The execution is not available on this machine, or the
    /// maximum length is below 3.</exception>
    /// <exception cref="CheckpointException">The folder is missing, malformed, has no trained
    /// classifier, or is not a single-label classifier.</exception>
    /// <exception cref="NumericFailureException">A weight is not finite.</exception>
    /// <exception cref="Torch.Native.TorchUnavailableException">libtorch is not available.</exception>
    public static Classifier Load(string folder, Execution? execution = null, int? maxLength = null)
    {
        if (maxLength is < ShortestLimit)
            throw new RequestException(nameof(MaxLength), $"{maxLength}", $"must be {ShortestLimit} or more");
        folder = ModelStore.OfUser().Locate(folder);
        execution?.Apply();
        using (var files = BertFiles.OpenClassifier(folder))
        {
            var tokenizer = WordPieceTokenizer.Load(folder);
            var model = BertFiles.LoadClassifier(
                folder,
                files.Config.NumLabels,
                RandomKey.FromSeed(0),
                execution ?? new Execution()
            );
            try
            {
                var limit = Math.Min(maxLength ?? tokenizer.ModelMaxLength, model.Config.MaxPositions);
                return new Classifier(model, tokenizer, files.Config.Labels, limit, folder) { Notes = files.Notes };
            }
            catch
            {
                model.Dispose();
                throw;
            }
        }
    }

    /// <summary>
    /// Logits of each text (pair), [C] each, in input order. The logits of a text do not depend on
    /// the other texts.
    /// </summary>
    /// <exception cref="NumericFailureException">A logit is not finite.</exception>
    /// <exception cref="RequestException">The maximum length is below 5 and a text is a
    /// pair.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed.</exception>
    // A collection expression of strings matches several overloads (strings convert to TextPair):
    // prefer the ones that take texts and pairs. Also below.
    [OverloadResolutionPriority(1)]
    public float[][] Logits(IReadOnlyList<TextPair> texts) => Logits(texts, CancellationToken.None);

    /// <summary>Cancellable overload.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="stop">Cancels the call between two batches.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    /// <inheritdoc cref="Logits(IReadOnlyList{TextPair})" path="/exception"/>
    [OverloadResolutionPriority(1)]
    public float[][] Logits(IReadOnlyList<TextPair> texts, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var rows = Rows(texts, stop);
        for (var i = 0; i < rows.Length; i++)
            Evaluator.RequireFinite(rows[i], $"{Name}: text {i + 1} of {rows.Length}", i);
        return rows;
    }

    /// <inheritdoc cref="Logits(IReadOnlyList{TextPair}, CancellationToken)"/>
    public float[][] Logits(IReadOnlyList<string> texts, CancellationToken stop = default) =>
        Logits(Pairs(texts), stop);

    /// <summary>Logits of tokenised examples.</summary>
    /// <exception cref="ObjectDisposedException">The classifier is disposed.</exception>
    public float[][] Logits(IReadOnlyList<EncodedExample> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        RequirePieces(examples);
        using var call = _guard.Enter();
        return Forward(examples, CancellationToken.None);
    }

    /// <summary>
    /// Tokenises each text (pair), truncated to <see cref="MaxLength"/>; many texts are tokenised
    /// in parallel.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The classifier is disposed.</exception>
    public IReadOnlyList<EncodedExample> Encode(IReadOnlyList<TextPair> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        _guard.Require();
        return Encode(texts.Count, i => texts[i], _ => Example.Unlabelled);
    }

    /// <inheritdoc/>
    int IVictim.ClassCount => Labels.Count;

    // The attack engine reports logits that are not finite.
    double[][] IVictim.Predict(IReadOnlyList<TextPair> inputs) =>
        ((IVictim)this).Predict(inputs, CancellationToken.None);

    double[][] IVictim.Predict(IReadOnlyList<TextPair> inputs, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return Array.ConvertAll(Rows(inputs, stop), row => Softmax(row));
    }

    /// <inheritdoc/>
    int ITextClassifier.Length(TextPair text)
    {
        _guard.Require();
        return Tokenizer.Encode(text, MaxLength + 1).Length;
    }

    /// <inheritdoc/>
    IReadOnlyList<Example> ITrainedClassifier.TrainedOn(IReadOnlyList<Example> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        _guard.Require();
        // A classifier in training has no folder.
        if (!Directory.Exists(Name) || TrainingRows.Find(Name, RunFolder.Around(Name)) is not { } training)
            return [];
        // The run's own held-out parts are taken from its record; rows of other files are compared
        // by text.
        RowPart[] heldOut = [training.Development, training.Evaluation];
        var ofRun = heldOut.Select(p => p.Sha256).ToHashSet(StringComparer.Ordinal);
        var seen = new SeenRows([.. training.TrainedOn], TrainedTexts.Find(Name), isWrittenDown: true);
        return
        [
            .. examples.Where(e =>
                seen.HasRow(e) || (e.Source is { } source && !ofRun.Contains(source) && seen.HasText(e))
            ),
        ];
    }

    /// <inheritdoc/>
    IAttackModels ITrainedClassifier.OpenModels()
    {
        _guard.Require();
        return new AttackModels(Directory.Exists(Name) ? RunFolder.Around(Name)?.BaseModel : null);
    }

    /// <summary>Class probabilities of each text (pair), <c>[C]</c> each.</summary>
    /// <inheritdoc cref="Logits(IReadOnlyList{TextPair}, CancellationToken)" path="/*[not(self::summary)]"/>
    [OverloadResolutionPriority(1)]
    public double[][] Probabilities(IReadOnlyList<TextPair> texts, CancellationToken stop = default) =>
        Array.ConvertAll(Logits(texts, stop), row => Softmax(row));

    /// <inheritdoc cref="Probabilities(IReadOnlyList{TextPair}, CancellationToken)"/>
    public double[][] Probabilities(IReadOnlyList<string> texts, CancellationToken stop = default) =>
        Probabilities(Pairs(texts), stop);

    /// <summary>The label of a text, or pair of texts.</summary>
    /// <inheritdoc cref="Logits(IReadOnlyList{TextPair})" path="/exception"/>
    public Prediction Predict(TextPair text) => Predict(new[] { text })[0];

    /// <summary>The label of each text, in input order; texts are batched.</summary>
    /// <inheritdoc cref="Logits(IReadOnlyList{TextPair}, CancellationToken)" path="/*[not(self::summary)]"/>
    public IReadOnlyList<Prediction> Predict(IEnumerable<string> texts, CancellationToken stop = default) =>
        Predict(Pairs(texts), stop);

    /// <summary>The label of each text (pair), in input order; texts are batched.</summary>
    /// <inheritdoc cref="Logits(IReadOnlyList{TextPair}, CancellationToken)" path="/*[not(self::summary)]"/>
    [OverloadResolutionPriority(1)]
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<TextPair> texts, CancellationToken stop = default) =>
        Array.ConvertAll(Logits(texts, stop), row => Prediction.Of(Labels, row));

    /// <summary>Accuracy and loss on labelled examples, as
    /// <see cref="ClassifierData.LoadData"/> reads them.</summary>
    /// <param name="examples">Examples; labels are indices into <see cref="Labels"/>.</param>
    /// <param name="stop">Cancels the call between two batches.</param>
    /// <exception cref="ArgumentException">There are no examples.</exception>
    /// <exception cref="DataException">A label is not a class index.</exception>
    /// <exception cref="NumericFailureException">A logit is not finite.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    [OverloadResolutionPriority(1)]
    public EvaluationResult Evaluate(IReadOnlyList<Example> examples, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (examples.Any(e => e is null))
            throw new ArgumentException("an example is null", nameof(examples));
        _guard.Require();
        return Evaluate(Encode(examples.Count, i => examples[i].Text, i => examples[i].Label), stop);
    }

    /// <summary>Accuracy and loss on tokenised, labelled examples.</summary>
    /// <inheritdoc cref="Evaluate(IReadOnlyList{Example}, CancellationToken)"/>
    public EvaluationResult Evaluate(IReadOnlyList<EncodedExample> examples, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (examples.Count == 0)
            throw new ArgumentException("there is no example to evaluate", nameof(examples));
        RequirePieces(examples);
        using var call = _guard.Enter();
        lock (_gate)
            return ComputeThread.Run(() => Evaluator.Evaluate(_model, examples, stop));
    }

    /// <summary>exp(x) / sum exp(x) in double precision.</summary>
    public static double[] Softmax(ReadOnlySpan<float> logits) => FunctionVictim.Softmax(logits);

    /// <summary>Releases the network after running calls have ended; later calls throw.</summary>
    public void Dispose() => _guard.Dispose();

    private float[][] Rows(IReadOnlyList<TextPair> texts, CancellationToken stop)
    {
        using var call = _guard.Enter();
        return Forward(Encode(texts.Count, i => texts[i], _ => Example.Unlabelled), stop);
    }

    private float[][] Forward(IReadOnlyList<EncodedExample> examples, CancellationToken stop)
    {
        var rows = new float[examples.Count][];
        if (rows.Length == 0)
            return rows;
        lock (_gate)
            ComputeThread.Run(() =>
                Evaluator.Logits(_model, examples, (index, logits) => rows[index] = logits.ToArray(), _inference, stop)
            );
        return rows;
    }

    private EncodedExample[] Encode(
        int count,
        Func<int, TextPair> text,
        Func<int, int> label,
        [CallerArgumentExpression(nameof(count))] string source = ""
    )
    {
        var texts = new TextPair[count];
        for (var i = 0; i < count; i++)
            texts[i] = text(i);
        TextPair.RequireTexts(texts, source.Split('.')[0]);
        PairRoom.Require(texts, MaxLength);
        var encoded = new EncodedExample[count];
        if (count < FewTexts)
            for (var i = 0; i < count; i++)
                Encode(i);
        else
            Parallel.For(0, count, Encode);
        return encoded;

        void Encode(int i)
        {
            var pieces = Tokenizer.Encode(texts[i], MaxLength);
            encoded[i] = new EncodedExample(i, pieces.Ids, pieces.Segments, label(i));
        }
    }

    private static void RequirePieces(IReadOnlyList<EncodedExample> examples)
    {
        for (var i = 0; i < examples.Count; i++)
            if (examples[i].Ids.Length == 0 || examples[i].Ids.Length != examples[i].Segments.Length)
                throw new ArgumentException(
                    $"example {i + 1} of {examples.Count}: {examples[i].Ids.Length} word pieces and "
                        + $"{examples[i].Segments.Length} segments; both numbers must be equal and at least 1",
                    nameof(examples)
                );
    }

    private static TextPair[] Pairs(IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return [.. texts.Select(text => new TextPair(text))];
    }
}
