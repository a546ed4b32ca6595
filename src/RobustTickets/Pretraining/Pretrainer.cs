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
using RobustTickets.Torch.Native;
using RobustTickets.Training;

namespace RobustTickets.Pretraining;

/// <summary>Masked-language-model pre-training on packed tokens.</summary>
internal static class Pretrainer
{
    // Parameters and two moments (3): two checkpoints kept and one being written.
    private const int CopiesOnDisk = 9;

    /// <inheritdoc cref="PretrainRequest.Run"/>
    public static PretrainResult Run(
        PretrainRequest request,
        IProgress<PretrainProgress>? progress,
        CancellationToken stop
    )
    {
        request.Require();
        if (request.Tokenizer.Vocabulary.Count > request.Config.VocabSize)
        {
            throw new CheckpointException(
                $"the vocabulary has {request.Tokenizer.Vocabulary.Count} word pieces, but the config's vocab_size "
                    + $"is {request.Config.VocabSize}"
            );
        }
        if (request.Ranks is { } together)
            RankShare.Require(together.Size, request.BatchSize);
        ShimLibrary.EnsureLoaded(); // before a folder is made
        return Ranks.Run(request.Ranks, stop, ranks => OfRank(request, progress, stop, ranks));
    }

    private static PretrainResult OfRank(
        PretrainRequest request,
        IProgress<PretrainProgress>? progress,
        CancellationToken stop,
        Ranks ranks
    )
    {
        using var hold = ranks.IsFirst ? WriterLock.TakePlace(request.Output) : null;
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
            BertFiles.Fresh(
                BertShapes.OfMaskedLM(config),
                config,
                RandomKey.FromSeed(request.Seed).Derive(RandomStreams.Pretraining.Weights)
            ),
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
                $"stopped after step {run.Steps}" + (request.IsResumable ? "; resume to continue from there" : ""),
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
                $"must be in [1, {most - request.BatchSize}], the texts of {maxLength} word pieces that a buffer holds"
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
                $"{request.Output}: was started but is not finished ({begun.Path}); resume it, remove "
                    + $"{request.TrainingFolder}, or name another folder"
            )
            {
                Fields = ["Resume", "Output"],
            };
        // The model will replace the whole folder.
        if (
            begun is null
            && Directory.Exists(request.Output)
            && Directory.EnumerateFileSystemEntries(request.Output).Any()
        )
            throw new RunFolderException(
                request.Resume && File.Exists(Path.Combine(request.Output, "config.json"))
                    ? $"{request.Output}: is finished, there is nothing to resume; name another folder"
                    : $"{request.Output}: is not empty; name another folder, or remove it"
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
        var copies = 1 + (request.IsResumable ? CopiesOnDisk : 0);
        DiskSpace.Check(request.Output, copies * parameters * sizeof(float));
    }

    private static void Save(BertForMaskedLM model, PretrainRequest request)
    {
        var config = request.Config with { Architectures = ["BertForMaskedLM"] };
        HuggingFaceFolderWriter.WriteStreamed(
            request.Output,
            config,
            model.Store.Names.Select(n => BertFiles.Stream(n, model.Store[n])),
            replace: true
        );
        request.Tokenizer.SaveTo(request.Output);
    }
}
