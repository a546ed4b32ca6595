// Runs a pre-training from its first or newest step to the last: masked batches, progress,
// checkpoints, and the completed fraction, which determines the learning rate.
using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Kernels.Optim;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Runs;
using RobustTickets.Torch.Distributed;
using RobustTickets.Torch.optim;
using RobustTickets.Training;

namespace RobustTickets.Pretraining;

/// <summary>Trains a masked language model on one rank.</summary>
internal sealed class PretrainingRun : IDisposable
{
    private const string Stage = StageName.Pretrain;

    // Total updates in the schedule, of which a fraction is done; large, so that its minimum of one
    // update has no effect.
    private const double Whole = 1e6;
    private readonly PretrainRequest _request;
    private readonly Ranks _ranks;
    private readonly MaskedCorpus _corpus;
    private readonly BertForMaskedLM _model;
    private readonly PretrainState _state;
    private readonly RandomKey _key;
    private readonly OptimizerOptions _options;
    private readonly AdamW _optimizer;
    private readonly WindowedSampler _sampler;
    private readonly long _total;
    private readonly Stopwatch _clock = new();
    private StageTally _tally = StageTally.Zero;
    private TimeSpan _before;
    private long _logged;
    private PretrainingLog? _log;

    // Completed fraction of the run at the end of the newest step.
    private double _done;

    /// <param name="request">The request.</param>
    /// <param name="ranks">This rank and its group.</param>
    /// <param name="corpus">The texts.</param>
    /// <param name="model">The model with fresh weights; not disposed.</param>
    /// <param name="state">The state at the start.</param>
    /// <param name="window">Examples shuffled at a time.</param>
    public PretrainingRun(
        PretrainRequest request,
        Ranks ranks,
        MaskedCorpus corpus,
        BertForMaskedLM model,
        PretrainState state,
        int window
    )
    {
        (_request, _ranks, _corpus, _model, _state) = (request, ranks, corpus, model, state);
        _key = RandomKey.FromSeed(request.Seed);
        _options = new OptimizerOptions(request.LearningRate, WeightDecay: 0.01, request.WarmupFraction);
        _sampler = new WindowedSampler(
            corpus.Count,
            window,
            request.BatchSize,
            _key.Derive(RandomStreams.Pretraining.Order)
        );
        _total = Math.Max(1, (long)(_sampler.StepsPerEpoch * request.Epochs));
        _optimizer = new AdamW(
            model.Store,
            model.Store.Names.ToArray(),
            _options.AdamW(),
            AdamW.DecaysByName,
            backend: FusedAdamW.For(model.Store)
        );
    }

    /// <summary>Steps completed.</summary>
    public long Steps => _optimizer.Updates;

    /// <summary>Resumes from a checkpoint with the same settings and corpus.</summary>
    public void GoOnFrom(Checkpoint checkpoint)
    {
        RunCheckpoint.Restore(checkpoint, _model.Store, _optimizer, _ranks);
        _state.Read(checkpoint.Path);
        (_tally, _logged) = (checkpoint.State.Tally, checkpoint.State.EventsLength);
        _before = TimeSpan.FromSeconds(_state.Seconds);
    }

    /// <summary>Trains to the end or until cancelled.</summary>
    /// <param name="progress">Receives progress after every step, or null.</param>
    /// <param name="hold">The folder's lock on the first rank; null on the others.</param>
    public void Train(IProgress<PretrainProgress>? progress, WriterLock? hold)
    {
        var tokens = _tally.Tokens;
        _clock.Start();
        _done = Share();
        var plan = new StagePlan(Stage, _total, _total, _options, _key.Derive(RandomStreams.Pretraining.Steps))
        {
            Schedule = _ => Rate(),
        };
        var task = new MaskedLanguageModel(_model, _sampler.StepsPerEpoch, Batch);
        using var trainer = new Trainer(task, _optimizer, plan, ranks: _ranks);
        _ranks.RequireSameWeights(_model.Store);
        if (_ranks.IsFirst && _request.LoggingFolder is { } folder)
            _log = PretrainingLog.Open(folder, _logged, Planned);
        if (GoesOn())
            trainer.Run(penalty: null, AfterStep);

        bool AfterStep(StepReport step)
        {
            _tally = _tally.Add(step.Entry(Stage));
            if (step.Passes.Forward > 0)
                _state.Add(step.Loss);
            _log?.Append(step);
            _done = Share();
            var rate = (_tally.Tokens - tokens) / _clock.Elapsed.TotalSeconds;
            progress?.Report(
                new PretrainProgress(step.Step, Planned, _done, _state.NewestLoss, step.LearningRate, rate, Left())
            );
            if (
                hold is not null
                && _request.IsResumable
                && (_ranks.Stop || (_request.CheckpointEverySteps is > 0 and var every && step.Step % every == 0))
            )
                SaveCheckpoint(hold);
            return GoesOn();
        }
    }

    /// <summary>Closes the log of a finished run.</summary>
    public void End() => _log?.End();

    /// <summary>The result so far.</summary>
    public PretrainResult Result() =>
        new(Steps, _tally.Tokens, Elapsed.TotalSeconds, _state.FirstLoss, _state.LastLoss);

    /// <inheritdoc/>
    public void Dispose()
    {
        _log?.Dispose();
        _optimizer.Dispose();
    }

    // This rank's examples of a step, with its fraction of all masked tokens.
    private MaskedBatch Batch(long step)
    {
        var epoch = _request.Masking == MaskingMode.Static ? 0 : step / _sampler.StepsPerEpoch;
        var batch = _sampler.Batch(step, out var number);
        var own = RankShare.Of(_ranks).In(batch, _ => 1);
        var masked =
            own.Length == 0
                ? MaskedBatch.Empty
                : _corpus.Mask(
                    number,
                    own,
                    _key.Derive(RandomStreams.Pretraining.Masks).Derive(epoch),
                    _request.MaskFraction
                );
        Span<double> targets = [masked.Rows.Length];
        _ranks.Sum(targets);
        return _ranks.AreSeveral && targets[0] > 0 ? masked with { Share = masked.Rows.Length / targets[0] } : masked;
    }

    private void SaveCheckpoint(WriterLock hold)
    {
        hold.Require();
        RunStore.RequireFinite(_model.Store, Stage, Steps);
        _state.Seconds = Elapsed.TotalSeconds;
        RunCheckpoint.Save(
            RunFolder.Create(_request.TrainingFolder, allowExisting: true),
            new RunState(
                Stage,
                Steps,
                Steps,
                _log?.Position ?? 0,
                _state.Identity,
                _corpus.Index.Hash,
                _tally,
                [],
                Ticket: null
            ),
            _model.Store,
            _optimizer,
            _state,
            hold.Require
        );
    }

    private bool GoesOn() => _done < 1 && !_ranks.Stop;

    // Steps of the run; null when a time budget ends it.
    private long? Planned => _request.Budget is null ? _total : null;

    private TimeSpan Elapsed => _before + _clock.Elapsed;

    private TimeSpan Left()
    {
        var now = Elapsed;
        var end = now / _done;
        var left = (_request.Budget is { } budget && budget < end ? budget : end) - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    // By steps or by time, whichever ends the run first.
    private double Share()
    {
        var ofSteps = (double)Steps / _total;
        return _request.Budget is { } budget ? Math.Max(ofSteps, _ranks.OfFirst(() => Elapsed / budget)) : ofSteps;
    }

    // The learning rate depends on the fraction completed at the start of the step.
    private double Rate() => Schedule.Linear(_done * Whole, _request.WarmupFraction * Whole, Whole);
}
