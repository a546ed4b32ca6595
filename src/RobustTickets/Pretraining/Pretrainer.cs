// Masked-language-model pre-training (BERT, section 3.1) on text that need not fit in memory.
// Resuming from a checkpoint is bit-exact: data order, masks and dropout are functions of the step.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Torch.Distributed;
using RobustTickets.Training;

namespace RobustTickets.Pretraining;

/// <summary>Masked-language-model pre-training on packed tokens.</summary>
public static class Pretrainer
{
    // Parameters and two moments (3): two checkpoints kept and one being written.
    private const int CopiesOnDisk = 9;

    /// <summary>
    /// Trains from fresh weights and writes a Hugging Face folder of a BertForMaskedLM.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="progress">Receives progress after every step, or null.</param>
    /// <param name="stop">Cancelling writes a checkpoint and the current model, then
    /// throws.</param>
    /// <exception cref="DataException">The corpus cannot be read, or differs from the
    /// checkpoint's.</exception>
    /// <exception cref="CheckpointException">Vocabulary and config do not fit, or the folder cannot
    /// be written.</exception>
    /// <exception cref="RunFolderException">There is a checkpoint without a request to resume it,
    /// or one with other settings; the run is complete; or the folder holds something
    /// else.</exception>
    /// <exception cref="FolderInUseException">Another process writes to the folder.</exception>
    /// <exception cref="RequestException">Memory is certainly too small, or a window of text does
    /// not fit in memory.</exception>
    /// <exception cref="NumericFailureException">The loss became NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled on this
    /// or another rank; the current model is written.</exception>
    /// <exception cref="RanksException">A rank did not join, failed or disconnected.</exception>
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
        if (request.Ranks is { } together)
            RankShare.Require(together.Size, request.BatchSize);
        return Ranks.Run(request.Ranks, stop, ranks => OfRank(request, progress, stop, ranks));
    }

    private static PretrainResult OfRank(
        PretrainRequest request,
        IProgress<PretrainProgress>? progress,
        CancellationToken stop,
        Ranks ranks
    )
    {
        using var hold = ranks.IsFirst ? WriterLock.TakePlace(request.OutFolder) : null;
        var from = RunCheckpoint.Share(ranks.IsFirst ? Newest(request) : null, ranks);
        var maxLength = Math.Min(request.MaxLength, request.Config.MaxPositionEmbeddings);
        var window = Window(request, maxLength);
        var settings = request.Settings(maxLength, window);
        using var corpus = MaskedCorpus.Read(
            request.Corpus,
            request.Tokenizer,
            maxLength,
            window,
            from is null ? null : PretrainState.Corpus(from.Path, settings),
            stop
        );
        var state = new PretrainState(settings, corpus.Index);
        ranks.RequireSame("corpus and settings", $"{corpus.Index.Hash} {state.Identity}");
        var config = BertFiles.ConfigOf(request.Config, 2);
        RequireMachine(request, config, corpus.Index);
        using var model = new BertForMaskedLM(
            BertFiles.Fresh(BertShapes.OfMaskedLM(config), config, RandomKey.FromSeed(request.Seed).Derive(0L)),
            config,
            new Execution()
        );
        using var run = new PretrainingRun(request, ranks, corpus, model, state, window);
        if (from is not null)
            run.GoOnFrom(from);
        run.Train(progress, hold);
        ranks.RequireSameWeights(model.Store);
        ranks.First(() => Save(model, request));
        if (ranks.Stop)
            throw new OperationCanceledException(
                $"stopped after step {run.Steps}"
                    + (request.CheckpointEverySteps is not null ? "; a resumed run goes on from there" : ""),
                stop
            );
        run.End();
        if (ranks.IsFirst)
            WholeFile.TryDelete(request.TrainingFolder);
        return run.Result();
    }

    // Examples shuffled at a time, rounded up to whole batches.
    private static int Window(PretrainRequest request, int maxLength)
    {
        var most = Array.MaxLength / Math.Max(3, maxLength);
        if (request.ShuffleWindow < 1 || (long)request.ShuffleWindow + request.BatchSize > most)
            throw new RequestException(
                nameof(request.ShuffleWindow),
                request.ShuffleWindow.ToString(CultureInfo.InvariantCulture),
                $"must lie in [1, {most - request.BatchSize}], what can be held of {maxLength} word pieces each"
            );
        return WindowedSampler.Whole(request.ShuffleWindow, request.BatchSize);
    }

    // The checkpoint to resume from; null for a new run.
    private static Checkpoint? Newest(PretrainRequest request)
    {
        var begun = Directory.Exists(request.TrainingFolder)
            ? RunCheckpoint.Newest(RunFolder.Create(request.TrainingFolder, allowExisting: true))
            : null;
        if (begun is not null && !request.Resume)
            throw new RunFolderException(
                $"{request.OutFolder}: was begun and is not finished ({begun.Path}); resume it, remove "
                    + $"{request.TrainingFolder}, or name another folder"
            )
            {
                Fields = ["Resume", "Output"],
            };
        // The model will replace the whole folder.
        if (
            begun is null
            && Directory.Exists(request.OutFolder)
            && Directory.EnumerateFileSystemEntries(request.OutFolder).Any()
        )
            throw new RunFolderException(
                request.Resume && File.Exists(Path.Combine(request.OutFolder, "config.json"))
                    ? $"{request.OutFolder}: is finished, there is nothing to go on from; name another folder"
                    : $"{request.OutFolder}: is not empty; name another folder, or remove it"
            )
            {
                Fields = ["Output"],
            };
        return begun;
    }

    // Checked before training rather than after hours.
    private static void RequireMachine(PretrainRequest request, BertConfig config, CorpusIndex corpus)
    {
        var parameters = BertShapes.OfMaskedLM(config).Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b));
        var batch = TrainingMemory.LongestBatch(corpus.Longest(request.BatchSize), request.BatchSize);
        TrainingMemory.Of(config, parameters, batch).Require(nameof(request.Config), "", TrainingMemory.Here);
        var copies = 1 + (request.CheckpointEverySteps is null ? 0 : CopiesOnDisk);
        DiskSpace.Check(request.OutFolder, copies * parameters * sizeof(float));
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
