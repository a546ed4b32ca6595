using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Tokens;
using RobustTickets.OnnxRuntime.Tokens;

namespace RobustTickets.OnnxRuntime;

/// <summary>
/// Sentence embeddings from an ONNX file: its <c>sentence_embedding</c> output, or the mean of the
/// hidden states of all tokens. Thread-safe.
/// </summary>
public sealed class OnnxSentenceEncoder : ISentenceEncoder, IDisposable
{
    private readonly OnnxNetwork _network;
    private readonly PieceEncoder _pieces;
    private readonly int _maxLength;
    private readonly int _cells;
    private readonly DisposeGuard _guard;

    private OnnxSentenceEncoder(OnnxNetwork network, PieceEncoder pieces, OnnxOptions options, string path)
    {
        (_network, _pieces, _cells) = (network, pieces, options.CellsPerBatch);
        _maxLength = network.Longest(options, pieces);
        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        Name = $"{(network.IsPooled ? "" : "mean-pooled ")}{Path.GetFileName(folder)}";
        Dimension = (int)network.Width!;
        _guard = new DisposeGuard(typeof(OnnxSentenceEncoder), _network.Dispose);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Dimension { get; }

    /// <summary>Loads an encoder.</summary>
    /// <param name="path">An ONNX file, or a folder with <c>model.onnx</c>, with the tokenizer
    /// next to it.</param>
    /// <param name="options">Load and run options; null: the defaults.</param>
    /// <exception cref="RequestException">An option is out of range.</exception>
    /// <exception cref="DataException">A file is missing or malformed, or the graph is not an
    /// encoder.</exception>
    public static OnnxSentenceEncoder Load(string path, OnnxOptions? options = null)
    {
        options ??= new OnnxOptions();
        options.Check();
        var files = OnnxModelFiles.Find(path);
        var pieces = PieceEncoder.Load(files, options.Tokenizer);
        var network = OnnxNetwork.Open(files.Model, options, pieces.PadId);
        if (network.Width is >= 1 and <= 1 << 20 && network.Output != "logits")
            return new OnnxSentenceEncoder(network, pieces, options, path);
        var found = network.Output;
        network.Dispose();
        throw new DataException(
            $"{files.Model}: output '{found}' is not a vector of known width; an encoder returns last_hidden_state or "
                + "sentence_embedding"
        );
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The encoder is disposed.</exception>
    public double[][] Encode(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using var call = _guard.Enter();
        TokenEncoding[] encoded = [.. texts.Select(t => _pieces.Encode(new TextPair(t), _maxLength))];
        return Array.ConvertAll(LengthBatches.Run(_network, encoded, _cells), Mean);
    }

    /// <summary>Releases the network once calls in flight have ended; later calls throw.</summary>
    public void Dispose() => _guard.Dispose();

    private double[] Mean(float[] states)
    {
        var mean = new double[Dimension];
        var count = states.Length / Dimension;
        for (var i = 0; i < states.Length; i++)
            mean[i % Dimension] += states[i];
        for (var j = 0; j < mean.Length; j++)
            mean[j] /= count;
        return mean;
    }
}
