// A random structured ticket (EarlyRobust Table 3 "Random") without any search, written and
// reported like any other, at step 0.
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Draws a random structured ticket.</summary>
internal static class RandomStructuredSearch
{
    private const string Rule = "random";

    /// <summary>
    /// Draws the ticket and writes its folder. It is a function of the recipe, so a killed run
    /// simply draws it again.
    /// </summary>
    internal static FoundTicket Run(SearchContext context, RandomStructuredSearchOptions search, DrawOptions draw)
    {
        using var model = context.PreTrained();
        var snapshots = new SnapshotList();
        snapshots.Add(
            0,
            RandomCoefficients.Of(model.Config, context.Stages.KeyOf(StageName.Search).Derive(search.Trial))
        );
        var mask = snapshots.Masks(draw)[0];
        context.Store.Append(new StageEntry(StageName.Search, StageState.Begin));
        context.Store.Append(new StopEntry(StageName.Search, Rule, 0, 0, Converged: true));
        context.Store.Append(new StageEntry(StageName.Search, StageState.End));
        context.Write(snapshots, mask, draw, Rule, drawnAt: 0);
        return FoundTicket.Of(Rule, mask, default, default, converged: true);
    }
}
