// Runs the stages of a recipe in order, or resumes them: Search -> Draw -> Retrain -> Evaluate ->
// run folder. The only class that depends on every stage; it contains no stage's code.
using RobustTickets.Pipeline.Checks;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Torch.Distributed;
using RobustTickets.Training;

namespace RobustTickets.Pipeline;

/// <summary>Runs a recipe from data to result.</summary>
internal static class RecipeRunner
{
    /// <summary>Runs a recipe, or resumes one.</summary>
    /// <param name="request">Recipe, model, data, run folder and execution options.</param>
    /// <param name="progress">Receives progress events, or null.</param>
    /// <param name="stop">Cancelling it ends the run after the current step, with a
    /// checkpoint.</param>
    /// <returns>The contents of result.json.</returns>
    /// <inheritdoc cref="TrainRequest.Run" path="/exception"/>
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
        var finished = ranks.OfFirst(() => request.Resume && session.Folder.IsFinished ? 1.0 : 0.0) > 0;
        if (!finished)
            Train(session);
        RunResult? result = null;
        var text = ranks.OfFirst(() =>
            (result = finished ? RunConclusion.Finished(session) : RunConclusion.Conclude(session)).ToJson()
        );
        ranks.Collective.Barrier();
        return result ?? RunResult.OfJson(text);
    }

    private static void Train(RunSession session)
    {
        var (request, writes) = (session.Request, session.Store.Writes);
        var from = Resume(session);
        var known = from is null ? KnownSearches.Find(session) : null;
        if (writes && from is null)
            RunFacts.Stamp(session, known);
        else if (writes)
            RunFacts.StampResumed(session);

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
            RunConclusion.SaveModel(session, model, ticket);
        if (!request.Recipe.Evaluate.EqualEpochControl)
            return;
        using var control = RetrainRun.Run(session, StageName.Control, null, Take(ref from, StageName.Control));
        if (writes)
            RunConclusion.SaveControl(session, control);
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
        RunFacts.RequireSame(session, state.DataHash, state.InputsHash);
        return newest;
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
}
