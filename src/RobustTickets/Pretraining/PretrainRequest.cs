using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Torch.Distributed;

namespace RobustTickets.Pretraining;

/// <summary>Pre-training request.</summary>
/// <param name="Corpus">Text files, one example per line, plain or <c>.gz</c>, and folders of them.
/// Only one window of text is in memory at a time.</param>
/// <param name="Config">Shape of the model.</param>
/// <param name="Tokenizer">Tokenizer; its vocabulary size must match the config.</param>
/// <param name="Output">Hugging Face folder to write.</param>
/// <param name="Epochs">Passes over the corpus, above 0; the run and its schedule end there, or
/// earlier by <paramref name="Budget"/>.</param>
/// <param name="Budget">Wall-clock limit of the whole run, which ends when it is used up: the
/// learning rate follows the fraction of time or of steps spent, whichever is greater.</param>
/// <param name="BatchSize">Examples per step.</param>
/// <param name="MaxLength">Maximum sequence length in word pieces, at least 3.</param>
/// <param name="LearningRate">Peak learning rate, above 0.</param>
/// <param name="WarmupFraction">Fraction of the run used for warmup, in [0, 1).</param>
/// <param name="MaskFraction">Fraction of tokens to predict, in (0, 1).</param>
/// <param name="Masking">Whether masks change between epochs.</param>
/// <param name="Seed">Seed of weights, order, masks and dropout.</param>
/// <param name="ShuffleWindow">Examples shuffled at a time, rounded up to whole batches; a corpus
/// of at most this size is shuffled as a whole.</param>
/// <param name="CheckpointEverySteps">Steps between checkpoints; 0: only on cancellation.</param>
/// <param name="Resume">Whether to resume from the newest checkpoint, if there is one.</param>
/// <param name="LoggingFolder">Folder for <c>events.jsonl</c>, <c>metrics.csv</c> and a TensorBoard
/// event file, written during training and continued on resumption. Null for none.</param>
public sealed record PretrainRequest(
    IReadOnlyList<string> Corpus,
    HuggingFaceConfig Config,
    WordPieceTokenizer Tokenizer,
    string Output,
    double Epochs = 1,
    TimeSpan? Budget = null,
    int BatchSize = 32,
    int MaxLength = 128,
    double LearningRate = 5e-4,
    double WarmupFraction = 0.06,
    double MaskFraction = 0.15,
    MaskingMode Masking = MaskingMode.Dynamic,
    int Seed = 42,
    int ShuffleWindow = MaskedCorpus.DefaultWindow,
    int CheckpointEverySteps = 500,
    bool Resume = false,
    string? LoggingFolder = null
)
{
    /// <summary>
    /// This process's rank in distributed training, in which all ranks have the same request; rank
    /// 0 writes. Null: a single process.
    /// </summary>
    public RankSettings? Ranks { get; init; }

    /// <summary>Whether the run can be resumed; otherwise it writes no checkpoints.</summary>
    internal bool IsResumable { get; init; } = true;

    /// <summary>Suffix of <see cref="TrainingFolder"/> after the model's name.</summary>
    internal const string Training = ".training";

    private const string Positive = "a finite number greater than 0";

    /// <summary>Folder of checkpoints, next to the model; deleted on completion.</summary>
    internal string TrainingFolder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(Output)) + Training;

    /// <summary>Settings that determine the weights, besides the corpus, by name.</summary>
    internal IReadOnlyDictionary<string, string> Settings(int maxLength, int window) =>
        new Dictionary<string, string>
        {
            ["config"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Config.ToJson())))[..12],
            ["epochs"] = Text(Epochs),
            ["time budget"] = Budget is { } budget ? Text(budget.TotalSeconds) : "none",
            ["batch size"] = Text(BatchSize),
            ["max length"] = Text(maxLength),
            ["learning rate"] = Text(LearningRate),
            ["warm-up"] = Text(WarmupFraction),
            ["mask fraction"] = Text(MaskFraction),
            ["masking"] = Masking.ToString(),
            ["seed"] = Text(Seed),
            ["shuffle window"] = Text(window),
        };

    /// <summary>
    /// Trains from fresh weights and writes a Hugging Face folder of a BertForMaskedLM.
    /// </summary>
    /// <param name="progress">Receives progress after every step, or null.</param>
    /// <param name="stop">Cancels the run; a checkpoint and the current model are written.</param>
    /// <exception cref="DataException">The corpus cannot be read, or differs from the
    /// checkpoint's.</exception>
    /// <exception cref="CheckpointException">Vocabulary and config do not fit, or the folder cannot
    /// be written.</exception>
    /// <exception cref="RunFolderException">There is a checkpoint without a request to resume it,
    /// or one with other settings; the run is finished; or the folder contains something
    /// else.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the folder.</exception>
    /// <exception cref="OutputException">The folder's parent cannot be written, or the folder was
    /// removed.</exception>
    /// <exception cref="Torch.Native.TorchUnavailableException">libtorch is not available.</exception>
    /// <exception cref="RequestException">A number is out of its range, memory is too small, or a
    /// window of text does not fit in memory.</exception>
    /// <exception cref="NumericFailureException">The loss became NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled on this
    /// or another rank; the current model is written.</exception>
    /// <exception cref="RanksException">A rank of a distributed run did not connect, failed or
    /// disconnected.</exception>
    public PretrainResult Run(IProgress<PretrainProgress>? progress = null, CancellationToken stop = default) =>
        Pretrainer.Run(this, progress, stop);

    /// <summary>Throws if a number is out of its range.</summary>
    /// <exception cref="RequestException">The first such number.</exception>
    internal void Require()
    {
        Need(Epochs is > 0 and < double.PositiveInfinity, nameof(Epochs), Epochs, Positive);
        if (Budget is { } budget)
            Need(budget > TimeSpan.Zero, nameof(Budget), budget, "greater than 0");
        Need(BatchSize >= 1, nameof(BatchSize), BatchSize, "at least 1");
        Need(MaxLength >= 3, nameof(MaxLength), MaxLength, "at least 3: [CLS], a word piece, [SEP]");
        Need(LearningRate is > 0 and < double.PositiveInfinity, nameof(LearningRate), LearningRate, Positive);
        Need(WarmupFraction is >= 0 and < 1, nameof(WarmupFraction), WarmupFraction, "in [0, 1)");
        Need(MaskFraction is > 0 and < 1, nameof(MaskFraction), MaskFraction, "in (0, 1)");
        Need(Seed >= 0, nameof(Seed), Seed, "0 or more");
        Need(CheckpointEverySteps >= 0, nameof(CheckpointEverySteps), CheckpointEverySteps, "0 or more");
    }

    private static void Need(bool holds, string field, IFormattable value, string possible)
    {
        if (!holds)
            throw new RequestException(field, Text(value), $"must be {possible}");
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}

/// <summary>Progress of pre-training.</summary>
/// <param name="Step">Steps completed.</param>
/// <param name="TotalSteps">Total steps; null when a time budget may end the run.</param>
/// <param name="Share">Fraction of the run completed, by steps or by time, the greater.</param>
/// <param name="Loss">Mean masked loss of the newest step with masked tokens.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="TokensPerSecond">Mean tokens per second.</param>
/// <param name="Remaining">Remaining time of the budget, or estimated from the speed, the
/// smaller.</param>
public sealed record PretrainProgress(
    long Step,
    long? TotalSteps,
    double Share,
    double Loss,
    double LearningRate,
    double TokensPerSecond,
    TimeSpan Remaining
);

/// <summary>Result of pre-training.</summary>
/// <param name="Steps">Steps completed.</param>
/// <param name="Tokens">Tokens processed.</param>
/// <param name="Seconds">Wall-clock seconds.</param>
/// <param name="FirstLoss">Mean loss of the first 20 steps.</param>
/// <param name="LastLoss">Mean loss of the last 20 steps.</param>
public sealed record PretrainResult(long Steps, long Tokens, double Seconds, double FirstLoss, double LastLoss);
