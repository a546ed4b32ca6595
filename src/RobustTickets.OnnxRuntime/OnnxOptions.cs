using Microsoft.ML.OnnxRuntime;
using RobustTickets.Attacks;

namespace RobustTickets.OnnxRuntime;

/// <summary>Options for loading and running a model in an ONNX file.</summary>
/// <param name="Labels">Class names in the order of the logits; null: those in config.json next to
/// the file, otherwise in the file.</param>
/// <param name="Tokenizer">Folder of the tokenizer; null: the folder of the file.</param>
/// <param name="MaxLength">Maximum sequence length, special tokens included, at least 3, to read
/// pairs 5; null: the tokenizer's own limit.</param>
/// <param name="Threads">Threads per call, at least 1; null: all cores of this process.</param>
/// <param name="CellsPerBatch">Maximum number of texts times the longest length per batch; at least
/// 1.</param>
/// <param name="DefaultLabels">Class names if neither config.json nor the file has any.</param>
/// <param name="Session">Modifies the session's options before the file is loaded, for example to
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
    // [CLS], a token, [SEP].
    private const int ShortestLimit = 3;

    // Same limit as for models on libtorch.
    private static int MostThreads => Math.Max(1024, 4 * Environment.ProcessorCount);

    /// <summary>Throws if an option is out of range.</summary>
    /// <exception cref="RequestException">An option is out of range; the message names field, value
    /// and possible values.</exception>
    internal void Check()
    {
        if (MaxLength is < ShortestLimit)
            throw new RequestException(nameof(MaxLength), $"{MaxLength}", $"must be {ShortestLimit} or more");
        if (Threads is { } threads && (threads < 1 || threads > MostThreads))
            throw new RequestException(nameof(Threads), $"{threads}", $"must be 1 to {MostThreads}");
        if (CellsPerBatch < 1)
            throw new RequestException(nameof(CellsPerBatch), $"{CellsPerBatch}", "must be 1 or more");
    }
}
