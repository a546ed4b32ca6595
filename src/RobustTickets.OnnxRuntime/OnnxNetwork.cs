// An ONNX file run by ONNX Runtime. Inputs are matched by name and shape; inputs that cannot be
// derived from a text are rejected on loading.
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.OnnxRuntime.Files;
using RobustTickets.OnnxRuntime.Tokens;

namespace RobustTickets.OnnxRuntime;

/// <summary>A network in an ONNX file. Thread-safe.</summary>
public sealed class OnnxNetwork : ITokenModel
{
    private const int Float = 1,
        Int32 = 6,
        Int64 = 7;

    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly IReadOnlyList<(OnnxValueInfo Info, InputRole Role)> _inputs;
    private readonly OnnxValueInfo _output;
    private readonly long? _fixedLength;
    private readonly DisposeGuard _guard;

    private enum InputRole
    {
        Ids,
        Mask,
        Segments,
    }

    private OnnxNetwork(
        string path,
        InferenceSession session,
        OnnxFileInfo file,
        IReadOnlyList<(OnnxValueInfo, InputRole)> inputs,
        OnnxValueInfo output
    )
    {
        (Path, _session, File, _inputs, _output) = (path, session, file, inputs, output);
        _fixedLength = inputs[0].Item1.Shape![1];
        _guard = new DisposeGuard(
            typeof(OnnxNetwork),
            () =>
            {
                _session.Dispose();
                _run.Dispose();
            }
        );
    }

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>
    /// Whether a text's outputs depend on the rest of the batch, because activations are quantized
    /// by the range of the whole batch.
    /// </summary>
    public bool DependsOnBatch => File.QuantizesByBatch;

    /// <summary>Padding token id; padding is masked.</summary>
    public int PadId { get; init; }

    /// <summary>Key-value pairs in the file.</summary>
    public IReadOnlyDictionary<string, string> Metadata => File.Metadata;

    /// <summary>Numbers per row: classes, or output width per token; null if dynamic.</summary>
    public long? Width => _output.Shape?[^1];

    /// <summary>Whether the output has one row per text, not one per token.</summary>
    public bool IsPooled => _output.Shape?.Count == 2;

    /// <summary>Name of the output: logits, last_hidden_state, ...</summary>
    public string Output => _output.Name;

    /// <summary>
    /// Fixed sequence length in tokens, to which every text is padded; null if dynamic.
    /// </summary>
    public int? FixedLength => (int?)_fixedLength;

    /// <summary>The operator that computes the output; null if unknown.</summary>
    internal string? FinalOperator => File.FinalOperators.GetValueOrDefault(_output.Name);

    internal OnnxFileInfo File { get; }

    /// <summary>
    /// Maximum sequence length: the requested one, limited by tokenizer and graph. Our own exports
    /// record their positions.
    /// </summary>
    internal int Longest(OnnxOptions options, PieceEncoder pieces)
    {
        var longest = Math.Min(options.MaxLength ?? int.MaxValue, pieces.ModelMaxLength);
        if (
            Metadata.TryGetValue("max_position_embeddings", out var text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var positions)
        )
            longest = Math.Min(longest, positions);
        return Math.Min(longest, FixedLength ?? int.MaxValue);
    }

    /// <summary>Loads an ONNX file.</summary>
    /// <exception cref="DataException">The file is missing or malformed, or has inputs or outputs
    /// that no text model has.</exception>
    public static OnnxNetwork Open(string path) => Open(path, new OnnxOptions());

    /// <summary>Loads an ONNX file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Run options.</param>
    /// <param name="padId">Padding token id.</param>
    /// <exception cref="RequestException">An option is out of range.</exception>
    /// <exception cref="DataException">The file is missing or malformed, or has inputs or outputs
    /// that no text model has.</exception>
    public static OnnxNetwork Open(string path, OnnxOptions options, int padId = 0)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        var file = OnnxFileInfo.Read(path);
        var inputs = InputsOf(path, file);
        var output = OutputOf(path, file);
        return new OnnxNetwork(path, SessionOf(path, options), file, inputs, output) { PadId = padId };
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public float[][] Run(IReadOnlyList<TokenEncoding> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var call = _guard.Enter();
        if (batch.Count == 0)
            return [];
        var longest = batch.Max(t => t.Length);
        if (_fixedLength is { } fixedLength)
        {
            if (longest > fixedLength)
                throw new ArgumentException(
                    $"a text of {longest} pieces; the graph takes {fixedLength}",
                    nameof(batch)
                );
            longest = (int)fixedLength;
        }
        long[] shape = [batch.Count, longest];
        var inputs = new Dictionary<string, OrtValue>(StringComparer.Ordinal);
        try
        {
            foreach (var (info, role) in _inputs)
                inputs[info.Name] = Input(batch, role, info.Element, shape);
            using var outputs = _session.Run(_run, inputs, [_output.Name]);
            return Rows(batch, outputs[0]);
        }
        catch (OnnxRuntimeException e)
        {
            throw new DataException($"{Path}: cannot be run: {FirstLine(e)}", e);
        }
        finally
        {
            foreach (var value in inputs.Values)
                value.Dispose();
        }
    }

    /// <summary>Releases the network once calls in flight have ended; later calls throw.</summary>
    public void Dispose() => _guard.Dispose();

    private OrtValue Input(IReadOnlyList<TokenEncoding> batch, InputRole role, int element, long[] shape)
    {
        var longest = (int)shape[1];
        var values = new long[shape[0] * longest];
        for (var b = 0; b < batch.Count; b++)
        {
            var row = values.AsSpan(b * longest, longest);
            var text = batch[b];
            for (var i = 0; i < text.Length; i++)
                row[i] = role switch
                {
                    InputRole.Ids => text.Ids[i],
                    InputRole.Mask => 1,
                    _ => text.Segments[i],
                };
            if (role == InputRole.Ids)
                row[text.Length..].Fill(PadId);
        }
        return element == Int64
            ? OrtValue.CreateTensorValueFromMemory(values, shape)
            : OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, v => (int)v), shape);
    }

    private float[][] Rows(IReadOnlyList<TokenEncoding> batch, OrtValue output)
    {
        var info = output.GetTensorTypeAndShape();
        var shape = info.Shape;
        var perText = shape.Length >= 2 && shape[0] == batch.Count ? info.ElementCount / shape[0] : 0;
        if (perText == 0 || shape.Length > 3)
            throw new DataException(
                $"{Path}: output '{_output.Name}' is [{string.Join(", ", shape)}] for {batch.Count} texts"
            );
        var all = output.GetTensorDataAsSpan<float>();
        var rows = new float[batch.Count][];
        for (var b = 0; b < rows.Length; b++)
        {
            // Outputs of padding tokens are dropped.
            var kept = shape.Length == 3 ? Math.Min(batch[b].Length, shape[1]) * shape[2] : perText;
            rows[b] = all.Slice((int)(b * perText), (int)kept).ToArray();
        }
        return rows;
    }

    private static InferenceSession SessionOf(string path, OnnxOptions options)
    {
        using var session = Native(() => SessionOptionsOf(options));
        options.Session?.Invoke(session);
        try
        {
            return Native(() => new InferenceSession(path, session));
        }
        catch (OnnxRuntimeException e)
        {
            throw new DataException($"{path}: ONNX Runtime cannot load it: {FirstLine(e)}", e);
        }
    }

    private static SessionOptions SessionOptionsOf(OnnxOptions options)
    {
        var session = new SessionOptions
        {
            IntraOpNumThreads = options.Threads ?? Environment.ProcessorCount,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        // Waiting threads must not spin: the attack needs the processor.
        session.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        return session;
    }

    // A call that may be the first into the native library.
    private static T Native<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException)
        {
            throw new DataException(
                $"ONNX Runtime cannot be loaded on this machine: {e.GetBaseException().Message}",
                e
            );
        }
    }

    private static List<(OnnxValueInfo, InputRole)> InputsOf(string path, OnnxFileInfo file)
    {
        var found = new List<(OnnxValueInfo, InputRole)>();
        foreach (var input in file.Inputs)
        {
            var role =
                input.Name.Contains("mask", StringComparison.OrdinalIgnoreCase) ? InputRole.Mask
                : input.Name.Contains("token_type", StringComparison.OrdinalIgnoreCase)
                || input.Name.Contains("segment", StringComparison.OrdinalIgnoreCase)
                    ? InputRole.Segments
                : input.Name.Contains("ids", StringComparison.OrdinalIgnoreCase)
                    && !input.Name.Contains("position", StringComparison.OrdinalIgnoreCase)
                || file.Inputs.Count == 1
                    ? InputRole.Ids
                : throw Refused(path, $"unknown input {input}; expected input_ids, attention_mask or token_type_ids");
            if (input.Element is not (Int64 or Int32) || input.Shape is not { Count: 2 } shape)
                throw Refused(path, $"input {input}: expected integers [batch, sequence]");
            if (shape[0] is { } texts)
                throw Refused(
                    path,
                    $"input {input} has the fixed batch size {texts}; export it with a dynamic batch size"
                );
            if (found.Exists(f => f.Item2 == role))
                throw Refused(
                    path,
                    $"inputs {found.First(f => f.Item2 == role).Item1} and {input} are of the same kind"
                );
            found.Add((input, role));
        }
        var ids = found.FindIndex(f => f.Item2 == InputRole.Ids);
        if (ids < 0)
            throw Refused(path, $"no input_ids among its inputs: {List(file.Inputs)}");
        (found[0], found[ids]) = (found[ids], found[0]);
        return found;
    }

    private static OnnxValueInfo OutputOf(string path, OnnxFileInfo file)
    {
        string[] names = ["logits", "sentence_embedding", "last_hidden_state", "token_embeddings"];
        var floats = file.Outputs.Where(o => o.Element == Float && o.Shape is null or { Count: 2 or 3 }).ToArray();
        return names.Select(n => floats.FirstOrDefault(o => o.Name == n)).FirstOrDefault(o => o is not null)
            ?? (floats is [var only] ? only : null)
            ?? throw Refused(path, $"no logits and no hidden states among its outputs: {List(file.Outputs)}");
    }

    private static string List(IReadOnlyList<OnnxValueInfo> values) =>
        values.Count == 0 ? "there are none" : string.Join(", ", values.Take(8));

    private static DataException Refused(string path, string reason) => new($"{path}: {reason}");

    // ONNX Runtime's messages continue with source files and stack traces.
    private static string FirstLine(OnnxRuntimeException e) =>
        e.Message.Split('\n', 2)[0] is { Length: > 300 } long1 ? long1[..300] + " ..." : e.Message.Split('\n', 2)[0];
}
