// Runs the stages of a recipe in order, or resumes them: Search -> Draw -> Retrain -> Evaluate ->
// run folder. The only class that depends on every stage; it contains no stage's code.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Models;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Torch;
using RobustTickets.Torch.Distributed;
using RobustTickets.Training;

namespace RobustTickets.Pipeline;

/// <summary>Runs a recipe from data to result.</summary>
internal static class RecipeRunner
{
    private const string DataHash = "data_sha256",
        InputsHash = "inputs_sha256",
        Then = ", then ";

    /// <summary>Runs a recipe, or resumes one.</summary>
    /// <param name="request">Recipe, model, data, run folder and execution options.</param>
    /// <param name="progress">Receives progress events, or null.</param>
    /// <param name="stop">Cancelling it ends the run after the current step, with a
    /// checkpoint.</param>
    /// <returns>The contents of result.json.</returns>
    /// <exception cref="RequestException">This machine does not support the execution
    /// options.</exception>
    /// <exception cref="RecipeException">The recipe cannot run, or differs from the run's own on
    /// resumption.</exception>
    /// <exception cref="CheckpointException">Model folder or checkpoint is missing or
    /// corrupt.</exception>
    /// <exception cref="DataException">Data are missing or malformed.</exception>
    /// <exception cref="Models.NumericFailureException">Training produced a number that is not
    /// finite.</exception>
    /// <exception cref="FolderInUseException">Another process is writing to the run
    /// folder.</exception>
    /// <exception cref="OutputException">The run folder was removed, or cannot be
    /// written.</exception>
    /// <exception cref="NothingLearnedException">The search changed no value that a ticket could be
    /// drawn from.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled, on this
    /// rank or another; the checkpoint is written.</exception>
    /// <exception cref="RanksException">A rank of a distributed run did not connect, failed or
    /// disconnected.</exception>
    public static RunResult Run(TrainRequest request, IProgress<RunEvent>? progress, CancellationToken stop)
    {
        request = RankRequest.Checked(request.Located());
        request.Execution.Apply();
        Torch.Native.ShimLibrary.EnsureLoaded(); // before a run folder is made
        return Ranks.Run(request.Ranks, stop, ranks => OfRank(request, progress, stop, ranks));
    }

    private static RunResult OfRank(
        TrainRequest request,
        IProgress<RunEvent>? progress,
        CancellationToken stop,
        Ranks ranks
    )
    {
        using var session = RunSession.Open(request, progress, stop, ranks);
        var finished = ranks.OfFirst(() => request.Resume && File.Exists(session.Folder.ResultFile) ? 1.0 : 0.0) > 0;
        if (!finished)
            Train(session);
        RunResult? result = null;
        var text = ranks.OfFirst(() => (result = finished ? Finished(session) : Conclude(session)).ToJson());
        ranks.Collective.Barrier();
        return result ?? RunResult.OfJson(text);
    }

    private static void Train(RunSession session)
    {
        var (request, writes) = (session.Request, session.Store.Writes);
        var from = Resume(session);
        var known = from is null ? KnownSearches.Find(session) : null;
        if (writes && from is null)
            Stamp(session, known);
        else if (writes)
            StampResumed(session);

        ITicketMask? ticket = null;
        if (request.Recipe.Search is not null)
        {
            ticket =
                from is null || from.State.Stage is not (StageName.Retrain or StageName.Control)
                    ? Search(session, Take(ref from, from?.State.Stage), known)
                    : TicketFolder.Read(session.Ranks.Share(session.Folder.TicketFolder));
        }
        using var model = from is { State.Stage: StageName.Control }
            ? null
            : RetrainRun.Run(session, StageName.Retrain, ticket, Take(ref from, StageName.Retrain));
        if (model is not null && writes)
            SaveModel(session, model, ticket);
        if (!request.Recipe.Evaluate.EqualEpochControl)
            return;
        using var control = RetrainRun.Run(session, StageName.Control, null, Take(ref from, StageName.Control));
        if (!writes)
            return;
        BertFiles.SaveClassifier(control, session.Data.Labels, request.Model, session.Folder.ControlFolder);
        SaveSeen(session, session.Folder.ControlFolder);
    }

    /// <summary>The result of a completed run whose files are all present.</summary>
    private static RunResult Finished(RunSession session)
    {
        var result = RunResult.Load(session.Folder.ResultFile);
        if (File.Exists(session.Folder.EnvironmentFile))
        {
            var facts = EnvironmentStamp.Load(session.Folder.EnvironmentFile).Extra;
            RequireSame(session, facts.GetValueOrDefault(DataHash), facts.GetValueOrDefault(InputsHash));
        }
        using (BertFiles.Open(session.Folder.ModelFolder)) { }
        session.Store.Report(new Note("run", 0, $"{session.Folder.Path} is finished; nothing is left to do"));
        if (!session.Request.KeepCheckpoints)
            RunCheckpoint.RemoveAll(session.Folder);
        return result;
    }

    private static ITicketMask Search(RunSession session, Checkpoint? from, SearchTrace? known)
    {
        var (context, run) = (session.Search(), session.Folder.Path);
        var found = (session.Recipe.Search, session.Recipe.Draw) switch
        {
            (SlimmingSearchOptions search, DrawOptions draw) => known is null
                ? SlimmingSearch.Run(context, search, draw, from)
                : SlimmingSearch.Replay(context, search, draw, known),
            (RandomStructuredSearchOptions random, DrawOptions draw) => RandomStructuredSearch.Run(
                context,
                random,
                draw
            ),
            (MaskSearchOptions search, WeightDrawOptions draw) => MaskSearch.Run(context, search, draw, from),
            (MagnitudeSearchOptions search, WeightDrawOptions draw) => MagnitudeSearch.Run(context, search, draw, from),
            (OneShotSearchOptions, WeightDrawOptions draw) => DrawnTicketSearch.OneShot(context, draw),
            (RandomWeightSearchOptions search, WeightDrawOptions draw) => DrawnTicketSearch.Random(
                context,
                search,
                draw,
                search.Ticket is { } named ? TicketReference.Find(named, run) : null
            ),
            (SavedTicketSearchOptions search, { } draw) => DrawnTicketSearch.Saved(
                context,
                TicketReference.Find(search.Ticket, run),
                draw
            ),
            var (search, draw) => throw new NotSupportedException(
                $"no run for {search?.GetType().Name} with {draw?.GetType().Name}"
            ),
        };
        session.Store.Ticket = found.Summary;
        return found.Mask;
    }

    /// <summary>
    /// On resumption, the newest checkpoint, with the log truncated to it; null for a new run.
    /// </summary>
    private static Checkpoint? Resume(RunSession session)
    {
        var newest = RunCheckpoint.Share(session.Store.Writes ? Newest(session) : null, session.Ranks);
        if (newest is null)
            session.Store.Begin();
        else
            session.Store.GoOnFrom(newest.State);
        return newest;
    }

    private static Checkpoint? Newest(RunSession session)
    {
        if (!session.Request.Resume || RunCheckpoint.Newest(session.Folder) is not { } newest)
            return null;
        var state = newest.State;
        if (state.RecipeHash != session.Store.Identity.RecipeHash)
            throw RunSession.OtherRecipe(session.Folder);
        RequireSame(session, state.DataHash, state.InputsHash);
        return newest;
    }

    private static void RequireSame(RunSession session, string? data, string? inputs)
    {
        if (data is not null && data != session.Data.Hash)
            throw new DataException(
                $"{session.Request.Data}: the training data have changed since {session.Folder.Path} was started"
            );
        if (inputs is not null && inputs != session.Store.Identity.InputFingerprint)
            throw new DataException(
                $"{session.Folder.Path}: the data ({session.Request.Data}, with the options for limit, "
                    + $"columns and labels), the tokenizer or the weights ({session.Request.Model}), "
                    + "or the files of a named ticket, of augment, of a teacher or of evaluate.epoch-attack have "
                    + "changed since "
                    + "it was started"
            );
    }

    /// <summary>
    /// Returns the checkpoint once, to the stage it was written in; otherwise null.
    /// </summary>
    private static Checkpoint? Take(ref Checkpoint? from, string? stage)
    {
        if (from?.State.Stage != stage)
            return null;
        var taken = from;
        from = null;
        return taken;
    }

    private static void Stamp(RunSession session, SearchTrace? known)
    {
        var facts = new Dictionary<string, string>(ComputedBy(session))
        {
            ["libtorch"] = torch.version,
            ["threads"] = torch.get_num_threads().ToString(System.Globalization.CultureInfo.InvariantCulture),
            [TrainedRun.DataFact] = Path.GetFullPath(session.Request.Data),
            [DataHash] = session.Data.Hash,
            [InputsHash] = session.Store.Identity.InputFingerprint,
        };
        if (session.Ranks.AreSeveral)
            facts["ranks"] = session.Ranks.Size.ToString(System.Globalization.CultureInfo.InvariantCulture);
        foreach (var file in session.Substitutes?.Files ?? [])
            facts[$"augment_{file.Kind}"] = $"{file.Name} {file.Sha256}".TrimEnd();
        if (session.SearchIdentity is { } identity)
            facts[KnownSearches.Fact] = identity;
        if (known is not null)
            facts[KnownSearches.Source] = known.Run;
        if (session.Teacher is { } teacher)
            facts["teacher"] = $"{teacher.Path} {teacher.Hash}";
        var stamp = EnvironmentStamp.Collect(facts, BaseCheckpoint.Of(session.Request.Model));
        (stamp with { Started = EnvironmentStamp.Now() }).Save(session.Folder.EnvironmentFile);
    }

    // Records a changed device or precision, and excludes this run's search from reuse by other
    // runs.
    private static void StampResumed(RunSession session)
    {
        if (!File.Exists(session.Folder.EnvironmentFile))
            return;
        var stamp = EnvironmentStamp.Load(session.Folder.EnvironmentFile);
        var facts = stamp.Extra.ToDictionary();
        foreach (var (name, now) in ComputedBy(session))
        {
            var before = facts.GetValueOrDefault(name);
            if (before is null || before.Split(Then)[^1] == now)
                continue;
            facts[name] = before + Then + now;
            facts.Remove(KnownSearches.Fact);
            session.Store.Report(new Note("run", 0, $"started with {name} {before}, resumed with {now}"));
        }
        (stamp with { Extra = facts }).Save(session.Folder.EnvironmentFile);
    }

    private static Dictionary<string, string> ComputedBy(RunSession session) =>
        new()
        {
            ["device"] = Devices.Describe(session.Execution.Device),
            ["precision"] = session.Execution.Precision.ToString().ToLowerInvariant(),
        };

    private static void SaveModel(RunSession session, BertForSequenceClassification model, ITicketMask? ticket)
    {
        var cut = TicketRealisation.Cut(ticket, session.Recipe.Retrain);
        var kept = cut is null
            ? null
            : new KeptUnits([.. cut.Heads.Select(StructuredMask.Kept)], [.. cut.Neurons.Select(StructuredMask.Kept)]);
        session.Store.RequireFolder();
        SlimmingCoefficients.Fold(model);
        if (model.Encoder.Masks is FixedMasks masks)
            masks.Bake();
        BertFiles.SaveClassifier(model, session.Data.Labels, session.Request.Model, session.Folder.ModelFolder, kept);
        SaveSeen(session, session.Folder.ModelFolder);
    }

    // The record of the training texts is saved with the weights.
    private static void SaveSeen(RunSession session, string model)
    {
        session.Data.Rows.Save(model);
        TrainedTexts
            .Of(session.Data.TrainTexts, session.Data.Rows.Train.Sha256)
            .And(SeenRowsReader.Read(new VictimFolder(session.Request.Model)).Texts)
            .Save(model);
    }

    private static ControlSummary? Control(RunSession session)
    {
        if (!session.Recipe.Evaluate.EqualEpochControl)
            return null;
        using var control = BertFiles.LoadClassifier(
            session.Folder.ControlFolder,
            session.Data.Labels.Count,
            session.HeadKey,
            session.Execution
        );
        var evaluated = Evaluator.Evaluate(control, session.Data.Evaluation.Examples, session.Stop);
        return new ControlSummary(control.Store.Count(n => !BertParameters.IsEmbedding(n)), evaluated.Accuracy);
    }

    private static RunResult Conclude(RunSession session)
    {
        using var model = BertFiles.LoadClassifier(
            session.Folder.ModelFolder,
            session.Data.Labels.Count,
            session.HeadKey,
            session.Execution
        );
        // Evaluation is slow on large data and may be cancelled: the last checkpoint contains the
        // whole training.
        var evaluated = Evaluator.Evaluate(model, session.Data.Evaluation.Examples, session.Stop);
        var data = session.Data;
        var heldOut = ReferenceEquals(data.Development, data.Evaluation)
            ? null
            : Evaluator.Evaluate(model, data.Development.Examples, session.Stop);
        using var start = BertFiles.OpenBase(session.Request.Model);
        var dense = BertFiles.ConfigOf(start.Config, data.Labels.Count);
        var test = PartName.IsTest(session.Data.EvaluationName);
        var result = new RunResult(
            RunResult.CurrentSchema,
            session.Recipe.Name,
            session.Recipe.Task,
            session.Recipe.Source,
            session.Recipe.Seed,
            "finished",
            new ModelSummary(
                BaseCheckpoint.Of(session.Request.Model).Name,
                model.Store.Count(),
                model.Store.Count(n => !BertParameters.IsEmbedding(n)),
                dense.Layers,
                dense.Hidden,
                dense.HeadsPerLayer.Max(),
                dense.NeuronsPerLayer.Max(),
                session.Data.Labels.Count
            ),
            [.. session.Store.Finished],
            session.Store.Ticket,
            test ? null : evaluated.Accuracy,
            test ? evaluated.Accuracy : null,
            session.Data.EvaluationName,
            evaluated.Examples,
            DateTimeOffset.UtcNow,
            heldOut is null ? null : new DevelopmentSummary(data.DevelopmentName, heldOut.Examples, heldOut.Accuracy),
            Control(session)
        );
        session.Store.RequireFolder();
        session.Store.FlushEvents();
        result.Save(session.Folder.ResultFile);
        // Training state for resumption: several times the model's size, and not needed any more.
        if (!session.Request.KeepCheckpoints)
            RunCheckpoint.RemoveAll(session.Folder);
        return result;
    }
}
