using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Optim;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Torch.optim;
using RobustTickets.Training;

namespace RobustTickets.Pretraining;

/// <summary>What to pre-train and how long.</summary>
/// <param name="Corpus">Text files, one example a line.</param>
/// <param name="Config">Shape of the model.</param>
/// <param name="Tokenizer">Tokenizer; its vocabulary must have the size the config says.</param>
/// <param name="OutFolder">Hugging Face folder to write.</param>
/// <param name="Epochs">Passes over the corpus; the schedule ends there unless
/// <paramref name="Budget"/> is given.</param>
/// <param name="Budget">Wall-clock limit of the whole run: the learning rate follows the share of
/// time spent, and the run ends when it is used up.</param>
/// <param name="BatchSize">Examples a step.</param>
/// <param name="MaxLength">Word pieces of an example.</param>
/// <param name="LearningRate">Peak learning rate.</param>
/// <param name="WarmupFraction">Share of the run that warms up.</param>
/// <param name="MaskFraction">Share of word pieces to predict.</param>
/// <param name="Masking">New choices each epoch or the same.</param>
/// <param name="Seed">Seed of weights, order, masks and dropout.</param>
public sealed record PretrainRequest(
    IReadOnlyList<string> Corpus,
    HuggingFaceConfig Config,
    WordPieceTokenizer Tokenizer,
    string OutFolder,
    double Epochs = 1,
    TimeSpan? Budget = null,
    int BatchSize = 32,
    int MaxLength = 128,
    double LearningRate = 5e-4,
    double WarmupFraction = 0.06,
    double MaskFraction = 0.15,
    MaskingMode Masking = MaskingMode.Dynamic,
    int Seed = 42
);

/// <summary>Progress of pre-training.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Share">Share of the run done, by steps or by time.</param>
/// <param name="Loss">Mean masked loss of the newest step that had something to predict.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="TokensPerSecond">Word pieces a second so far.</param>
/// <param name="Remaining">Time left at this pace.</param>
public sealed record PretrainProgress(
    long Step,
    double Share,
    double Loss,
    double LearningRate,
    double TokensPerSecond,
    TimeSpan Remaining
);

/// <summary>What came of it.</summary>
/// <param name="Steps">Steps done.</param>
/// <param name="Tokens">Word pieces seen.</param>
/// <param name="Seconds">Wall-clock seconds.</param>
/// <param name="FirstLoss">Mean loss of the first 20 steps.</param>
/// <param name="LastLoss">Mean loss of the last 20 steps.</param>
public sealed record PretrainResult(long Steps, long Tokens, double Seconds, double FirstLoss, double LastLoss);

/// <summary>Masked-language-model pre-training on packed tokens.</summary>
public static class Pretrainer
{
    private const int Window = 20;

    /// <summary>
    /// Trains from fresh weights and writes a Hugging Face folder of a BertForMaskedLM.
    /// </summary>
    /// <param name="request">What and how long.</param>
    /// <param name="progress">Told after every step, or null.</param>
    /// <param name="stop">Cancelling it writes the model as it is and throws.</param>
    /// <exception cref="DataException">The corpus cannot be read.</exception>
    /// <exception cref="CheckpointException">Vocabulary and config do not fit, or the folder cannot
    /// be written.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the folder.</exception>
    /// <exception cref="RequestException">Memory is surely too small.</exception>
    /// <exception cref="NumericFailureException">The loss stopped being finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled; the
    /// model so far is written.</exception>
    public static PretrainResult Run(
        PretrainRequest request,
        IProgress<PretrainProgress>? progress,
        CancellationToken stop
    )
    {
        if (request.Tokenizer.Vocabulary.Count > request.Config.VocabSize)
        {
            throw new CheckpointException(
                $"the vocabulary has {request.Tokenizer.Vocabulary.Count} word pieces, the config's vocab_size "
                    + $"is {request.Config.VocabSize}"
            );
        }
        using var hold = WriterLock.TakePlace(request.OutFolder);
        var maxLength = Math.Min(request.MaxLength, request.Config.MaxPositionEmbeddings);
        var corpus = MaskedCorpus.Read(request.Corpus, request.Tokenizer, maxLength);
        var config = BertFiles.ConfigOf(request.Config, 2);
        RequireMachine(request, config, corpus);
        var key = RandomKey.FromSeed(request.Seed);
        using var model = new BertForMaskedLM(
            BertFiles.Fresh(BertShapes.OfMaskedLM(config), config, key.Derive(0L)),
            config,
            new Execution()
        );
        var options = new OptimizerOptions(request.LearningRate, WeightDecay: 0.01, request.WarmupFraction);
        using var optimizer = new AdamW(
            model.Store,
            model.Store.Names.ToArray(),
            options.AdamW(),
            AdamW.DecaysByName,
            backend: FusedAdamW.For(model.Store)
        );
        var sampler = new BatchSampler(corpus.Count, request.BatchSize, shuffle: true, key.Derive(1L));
        var task = new MaskedLanguageModel(model, sampler.StepsPerEpoch, Batch);
        var total = Math.Max(1, (long)(sampler.StepsPerEpoch * request.Epochs));
        var clock = Stopwatch.StartNew();
        var tokens = 0L;
        var losses = new List<double>();
        var begun = Share();
        var plan = new StagePlan("pretrain", total, total, options, key.Derive(3L)) { Schedule = _ => RateAt(begun) };
        var trainer = new Trainer(task, optimizer, plan);
        if (GoOn())
            trainer.Run(penalty: null, AfterStep);
        Save(model, request);
        stop.ThrowIfCancellationRequested();
        return new PretrainResult(
            optimizer.Updates,
            tokens,
            clock.Elapsed.TotalSeconds,
            losses.Take(Window).DefaultIfEmpty(double.NaN).Average(),
            losses.TakeLast(Window).DefaultIfEmpty(double.NaN).Average()
        );

        MaskedBatch Batch(long step)
        {
            var epoch = request.Masking == MaskingMode.Static ? 0 : step / sampler.StepsPerEpoch;
            return corpus.Mask(sampler.Batch(step), key.Derive(2L).Derive(epoch), request.MaskFraction);
        }

        bool AfterStep(StepReport step)
        {
            tokens += step.Tokens;
            if (step.Passes.Forward > 0)
                losses.Add(step.Loss);
            var left = begun > 0 ? clock.Elapsed * ((1 - begun) / begun) : TimeSpan.Zero;
            progress?.Report(
                new PretrainProgress(
                    step.Step,
                    Share(),
                    losses.LastOrDefault(double.NaN),
                    step.LearningRate,
                    tokens / clock.Elapsed.TotalSeconds,
                    left
                )
            );
            begun = Share();
            return GoOn();
        }

        bool GoOn() => begun < 1 && !stop.IsCancellationRequested;

        double Share() => request.Budget is { } budget ? clock.Elapsed / budget : (double)optimizer.Updates / total;

        // The rate of a step follows from the share of the run that was done when it began.
        double RateAt(double share) =>
            Schedule.Linear((long)(share * 1_000_000), request.WarmupFraction * 1_000_000, 1_000_000);
    }

    // Refused now rather than after hours.
    private static void RequireMachine(PretrainRequest request, BertConfig config, MaskedCorpus corpus)
    {
        var parameters = BertShapes.OfMaskedLM(config).Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b));
        var batch = TrainingMemory.LongestBatch(corpus.Lengths, request.BatchSize);
        TrainingMemory.Of(config, parameters, batch).Require(nameof(request.Config), "", TrainingMemory.Here);
        DiskSpace.Check(request.OutFolder, parameters * sizeof(float));
    }

    private static void Save(BertForMaskedLM model, PretrainRequest request)
    {
        var config = request.Config with { Architectures = ["BertForMaskedLM"] };
        HuggingFaceFolderWriter.WriteStreamed(
            request.OutFolder,
            config,
            model.Store.Names.Select(n => BertFiles.Stream(n, model.Store[n])),
            replace: true
        );
        request.Tokenizer.SaveTo(request.OutFolder);
    }
}
