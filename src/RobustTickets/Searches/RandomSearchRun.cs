// The search that searches nothing: a random structured ticket (EarlyRobust Table 3 "Random", spec
// 8.10 c), written and told as any other, at step 0.
using RobustTickets.Pipeline;
using RobustTickets.Recipes;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;

namespace RobustTickets.Searches;

/// <summary>Draws a random structured ticket.</summary>
internal static class RandomSearchRun
{
    private const string Rule = "random";

    /// <summary>
    /// Draws the ticket; the ticket folder is written. It is a function of the recipe, so a run
    /// killed here simply draws it again.
    /// </summary>
    internal static StructuredMask Run(RunSession session, RandomStructuredSearch search, DrawOptions draw)
    {
        using var model = session.Checkpoint0();
        var snapshots = new SnapshotList();
        snapshots.Add(0, RandomCoefficients.Of(model.Config, session.StageKey(SearchRun.Stage).Derive(search.Trial)));
        var mask = snapshots.Masks(draw)[0];
        session.Events.Append(new StageEvent(SearchRun.Stage, "begin"));
        session.Events.Append(new StopEvent(SearchRun.Stage, Rule, 0, 0, true));
        session.Events.Append(new StageEvent(SearchRun.Stage, "end"));
        session.Ticket = SearchRun.Summary(mask, Rule, 0, 0, 0, 0, converged: true);
        TicketFolder.Write(session, snapshots, mask, draw, Rule, 0);
        return mask;
    }
}
