using Microsoft.ML.OnnxRuntime;
using RobustTickets.Attacks;

namespace RobustTickets.OnnxRuntime;

/// <summary>How a model in an ONNX file is loaded and run.</summary>
/// <param name="Labels">Class names in the order of the logits; null: those of the config.json
/// beside the file, else of the file itself.</param>
/// <param name="Tokenizer">Folder of the tokenizer; null: the folder of the file.</param>
/// <param name="MaxLength">Most word pieces of a text, special tokens included, at least 3; null:
/// the tokenizer's own limit.</param>
/// <param name="Threads">Threads of one call, at least 1; null: every core of this process.</param>
/// <param name="CellsPerBatch">Texts times the longest of them, in one batch; at least 1.</param>
/// <param name="DefaultLabels">Class names where neither config.json nor the file says any.</param>
/// <param name="Session">Changes the session's options before the file is loaded, for example to
/// add an execution provider.</param>
public sealed record OnnxOptions(
    IReadOnlyList<string>? Labels = null,
    string? Tokenizer = null,
    int? MaxLength = null,
    int? Threads = null,
    int CellsPerBatch = 4096,
    IReadOnlyList<string>? DefaultLabels = null,
    Action<SessionOptions>? Session = null
)
{
    // [CLS], a piece, [SEP].
    private const int ShortestLimit = 3;

    // As for models on libtorch: no machine has a use for more.
    private static int MostThreads => Math.Max(1024, 4 * Environment.ProcessorCount);

    /// <summary>Refuses values that no network can take.</summary>
    /// <exception cref="RequestException">Field, value found, values possible.</exception>
    internal void Check()
    {
        if (MaxLength is < ShortestLimit)
            throw new RequestException(nameof(MaxLength), $"{MaxLength}", $"must be {ShortestLimit} or more");
        if (Threads is { } threads && (threads < 1 || threads > MostThreads))
            throw new RequestException(nameof(Threads), $"{threads}", $"1 to {MostThreads} are possible");
        if (CellsPerBatch < 1)
            throw new RequestException(nameof(CellsPerBatch), $"{CellsPerBatch}", "must be 1 or more");
    }
}
