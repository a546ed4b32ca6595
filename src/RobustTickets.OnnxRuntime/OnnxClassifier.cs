using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.OnnxRuntime.Tokens;

namespace RobustTickets.OnnxRuntime;

/// <summary>A text classifier in an ONNX file, for attacks and predictions. Thread-safe.</summary>
public sealed class OnnxClassifier : ITextClassifier, IHasWordPieces
{
    private const int FewTexts = 16;
    private const string Softmax = "Softmax",
        Sigmoid = "Sigmoid";

    // The logarithm of a probability that is 0 in single precision must be finite.
    private const float LeastProbability = 1.17549435e-38f;

    private readonly OnnxNetwork _network;
    private readonly PieceEncoder _pieces;
    private readonly int _cells;
    private readonly bool _areProbabilities;
    private readonly DisposeGuard _guard;

    private OnnxClassifier(
        OnnxNetwork network,
        PieceEncoder pieces,
        IReadOnlyList<string> labels,
        int maxLength,
        OnnxOptions options,
        string name,
        string? note
    )
    {
        (_network, _pieces, Labels, MaxLength, Name) = (network, pieces, labels, maxLength, name);
        _cells = options.CellsPerBatch;
        _areProbabilities = network.FinalOperator == Softmax;
        _guard = new DisposeGuard(typeof(OnnxClassifier), _network.Dispose);
        Notes =
        [
            .. note is null ? Array.Empty<string>() : [note],
            .. _areProbabilities
                ?
                [
                    $"the output '{network.Output}' holds probabilities ({Softmax}): their logarithms are used as "
                        + "logits",
                ]
                : Array.Empty<string>(),
            .. network.DependsOnBatch
                ?
                [
                    "activations are quantized by the range of the whole batch: texts are run one at a time, so "
                        + "that none depends on another",
                ]
                : Array.Empty<string>(),
        ];
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Labels { get; }

    /// <inheritdoc/>
    public int MaxLength { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes { get; }

    WordPieceTokenizer? IHasWordPieces.Tokenizer => (_pieces as WordPieces)?.Tokenizer;

    /// <inheritdoc/>
    public int ClassCount => Labels.Count;

    /// <summary>Loads a classifier.</summary>
    /// <param name="path">An ONNX file, or a folder with <c>model.onnx</c>, with the tokenizer
    /// next to it. Class names come from the options, config.json, or the file.</param>
    /// <param name="options">Load and run options; null: the defaults.</param>
    /// <exception cref="RequestException">An option is out of range.</exception>
    /// <exception cref="DataException">A file is missing or malformed, the graph is not a
    /// classifier, or class names do not match it.</exception>
    public static OnnxClassifier Load(string path, OnnxOptions? options = null)
    {
        options ??= new OnnxOptions();
        options.Check();
        var files = OnnxModelFiles.Find(path);
        var pieces = PieceEncoder.Load(files, options.Tokenizer);
        var network = OnnxNetwork.Open(files.Model, options, pieces.PadId);
        try
        {
            if (!network.IsPooled)
                throw new DataException(
                    $"{files.Model}: returns numbers per piece, not logits [batch, classes]; it is not a classifier"
                );
            if (network.FinalOperator == Sigmoid)
                throw new DataException(
                    $"{files.Model}: output '{network.Output}' is computed by {Sigmoid}, a probability of its own for "
                        + $"each class; expected logits or {Softmax}: this program supports single-label classifiers"
                );
            var labels = LabelsOf(files, network, options);
            if (files.ConfigText("problem_type") is { } problem and not "single_label_classification")
                throw new DataException(
                    $"{Path.Combine(files.Folder, "config.json")}: 'problem_type' is '{problem}'; this program "
                        + "supports single-label classifiers"
                );
            var note = options.Labels is null && files.ConfigLabels() is { } named ? files.LabelNote(named) : null;
            return new OnnxClassifier(network, pieces, labels, network.Longest(options, pieces), options, path, note);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Logits <c>[C]</c> of each text (pair), in input order; for a file whose output is computed
    /// by Softmax, the natural logarithms of its probabilities.
    /// </summary>
    /// <inheritdoc path="/param"/>
    /// <exception cref="DataException">The network returns another number of outputs than there
    /// are classes.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed.</exception>
    // As in Predict: a collection expression of strings matches the overload for strings, too.
    [OverloadResolutionPriority(1)]
    public float[][] Logits(IReadOnlyList<TextPair> texts) => Logits(texts, CancellationToken.None);

    /// <summary>
    /// Logits <c>[C]</c> of each text (pair), in input order; for a file whose output is computed
    /// by Softmax, the natural logarithms of its probabilities.
    /// </summary>
    /// <inheritdoc path="/param"/>
    /// <exception cref="DataException">The network returns another number of outputs than there
    /// are classes.</exception>
    /// <exception cref="RequestException">The maximum length is below 5 and a text is a
    /// pair.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed.</exception>
    [OverloadResolutionPriority(1)]
    public float[][] Logits(IReadOnlyList<TextPair> texts, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(texts);
        TextPair.RequireTexts(texts, nameof(texts));
        PairRoom.Require(texts, MaxLength);
        using var call = _guard.Enter();
        var encoded = new TokenEncoding[texts.Count];
        if (texts.Count < FewTexts)
            for (var i = 0; i < encoded.Length; i++)
                encoded[i] = _pieces.Encode(texts[i], MaxLength);
        else
            Parallel.For(0, encoded.Length, i => encoded[i] = _pieces.Encode(texts[i], MaxLength));
        var rows = LengthBatches.Run(_network, encoded, _cells, stop);
        if (Array.Find(rows, r => r.Length != Labels.Count) is { } odd)
            throw new DataException($"{Name}: returns {odd.Length} logits for {Labels.Count} classes");
        if (_areProbabilities)
            foreach (var row in rows)
                for (var c = 0; c < row.Length; c++)
                    row[c] = MathF.Log(row[c] > LeastProbability || float.IsNaN(row[c]) ? row[c] : LeastProbability);
        return rows;
    }

    /// <inheritdoc cref="Logits(IReadOnlyList{TextPair}, CancellationToken)"/>
    public float[][] Logits(IReadOnlyList<string> texts, CancellationToken stop = default) =>
        Logits(Pairs(texts), stop);

    // Non-finite numbers are reported by the attack engine.
    double[][] IVictim.Predict(IReadOnlyList<TextPair> inputs) =>
        ((IVictim)this).Predict(inputs, CancellationToken.None);

    double[][] IVictim.Predict(IReadOnlyList<TextPair> inputs, CancellationToken stop) =>
        Array.ConvertAll(Logits(inputs, stop), row => FunctionVictim.Softmax(row));

    /// <summary>Class probabilities of each text (pair), <c>[C]</c> each.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="stop">Cancels the call between batches.</param>
    /// <inheritdoc cref="Predict(IReadOnlyList{TextPair}, CancellationToken)" path="/exception"/>
    [OverloadResolutionPriority(1)]
    public double[][] Probabilities(IReadOnlyList<TextPair> texts, CancellationToken stop = default) =>
        Array.ConvertAll(Finite(texts, stop), row => FunctionVictim.Softmax(row));

    /// <inheritdoc cref="Probabilities(IReadOnlyList{TextPair}, CancellationToken)"/>
    public double[][] Probabilities(IReadOnlyList<string> texts, CancellationToken stop = default) =>
        Probabilities(Pairs(texts), stop);

    /// <summary>Predicts the label of a text, or pair of texts.</summary>
    /// <inheritdoc cref="Predict(IReadOnlyList{TextPair}, CancellationToken)" path="/exception"/>
    public Prediction Predict(TextPair text) => Predict(new[] { text })[0];

    /// <summary>
    /// Predicts the label of each text (pair), in input order; texts are batched.
    /// </summary>
    /// <param name="texts">The texts.</param>
    /// <param name="stop">Cancels the call between batches.</param>
    /// <exception cref="InvalidOperationException">A logit is not finite.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    [OverloadResolutionPriority(1)]
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<TextPair> texts, CancellationToken stop = default) =>
        Array.ConvertAll(Finite(texts, stop), row => Prediction.Of(Labels, row));

    /// <inheritdoc cref="Predict(IReadOnlyList{TextPair}, CancellationToken)"/>
    public IReadOnlyList<Prediction> Predict(IEnumerable<string> texts, CancellationToken stop = default) =>
        Predict(Pairs(texts), stop);

    private static TextPair[] Pairs(IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return [.. texts.Select(text => new TextPair(text))];
    }

    private float[][] Finite(IReadOnlyList<TextPair> texts, CancellationToken stop)
    {
        var rows = Logits(texts, stop);
        for (var i = 0; i < rows.Length; i++)
        {
            var odd = Array.FindIndex(rows[i], x => !float.IsFinite(x));
            if (odd >= 0)
                throw new InvalidOperationException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{Name}: text {i + 1} of {rows.Length}: the logit of class {odd} is {rows[i][odd]}"
                    )
                );
        }
        return rows;
    }

    /// <inheritdoc/>
    public int Length(TextPair text)
    {
        _guard.Require();
        return _pieces.Encode(text, MaxLength + 1).Length;
    }

    /// <summary>Releases the network once calls in flight have ended; later calls throw.</summary>
    public void Dispose() => _guard.Dispose();

    private static IReadOnlyList<string> LabelsOf(OnnxModelFiles files, OnnxNetwork network, OnnxOptions options)
    {
        var (labels, place) =
            options.Labels is { } given ? (given, "the given list")
            : files.ConfigLabels() is { } config ? (config, Path.Combine(files.Folder, "config.json"))
            : OfFile(network) is { } own ? (own, $"{files.Model}'s metadata")
            : options.DefaultLabels is { } names ? (names, "the given list")
            : (
                network.Width is { } width and >= 1 and <= 1 << 20
                    ? [.. Enumerable.Range(0, (int)width).Select(Unnamed)]
                    : throw new DataException(
                        $"{files.Model}: does not define its number of classes, and no config.json in its folder "
                            + "names them; "
                            + "give their names"
                    ),
                "the graph"
            );
        if (network.Width is { } outputs && outputs != labels.Count)
            throw new DataException(
                $"{files.Model}: returns {outputs} logits, but {place} names {labels.Count} classes: "
                    + string.Join(", ", labels.Take(10))
            );
        if (labels.Count < 2)
            throw new DataException(
                $"{files.Model}: has {labels.Count} output, a regression or a single logit; a classifier has at "
                    + "least 2 classes"
            );
        return labels.Distinct(StringComparer.Ordinal).Count() == labels.Count
            ? labels
            : throw new DataException($"{place}: two classes have the same name: {string.Join(", ", labels.Take(10))}");
    }

    private static string Unnamed(int i) => $"LABEL_{i.ToString(CultureInfo.InvariantCulture)}";

    private static IReadOnlyList<string>? OfFile(OnnxNetwork network)
    {
        if (!network.Metadata.TryGetValue("labels", out var text))
            return null;
        try
        {
            return JsonSerializer.Deserialize<string[]>(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
