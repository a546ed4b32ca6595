using Microsoft.ML.OnnxRuntime;

namespace RobustTickets.OnnxRuntime;

/// <summary>How a model in an ONNX file is loaded and run.</summary>
/// <param name="Labels">Class names in the order of the logits; null: those of the config.json
/// beside the file, else of the file itself.</param>
/// <param name="Tokenizer">Folder of the tokenizer; null: the folder of the file.</param>
/// <param name="MaxLength">Most word pieces of a text, special tokens included; null: the
/// tokenizer's own limit.</param>
/// <param name="Threads">Threads of one call; null: every core of this process.</param>
/// <param name="CellsPerBatch">Texts times the longest of them, in one batch.</param>
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
);
