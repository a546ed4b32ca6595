// Rows of a table that use the ticket of another row's run (docs/experiments.md): rows with the
// same search, rounds of magnitude pruning on the way to another row's sparsity, and random tickets
// with as many weights in every matrix (RobusT 4.2).
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Pipeline;

/// <summary>Converts a row's recipe into one that uses another run's ticket.</summary>
internal static class SharedTickets
{
    /// <summary>
    /// The converted recipe, or null with a problem when the two rows cannot share a ticket.
    /// </summary>
    /// <param name="own">The row's recipe in the file.</param>
    /// <param name="source">Recipe of the row that provides the ticket.</param>
    /// <param name="row">Name of that row.</param>
    /// <param name="run">Run folder of that row's cell, as a path relative to the runs'
    /// parent.</param>
    /// <param name="problem">Why they cannot share, or null.</param>
    public static Recipe? Of(Recipe own, Recipe source, string row, string run, out string? problem)
    {
        problem = (own.Search, source.Search) switch
        {
            (null, _) => "its recipe has no search, so it uses no ticket",
            (_, null) => $"row \"{row}\" has no search, so it has no ticket to share",
            (RandomWeightSearchOptions, _) => source.Draw is WeightDrawOptions
                ? null
                : $"row \"{row}\" draws heads and neurons; random weights match a ticket of single weights",
            _ when !SearchAlike(own, source) =>
                $"its search differs from that of row \"{row}\" ({Difference(own, source)}), so it needs its own",
            (MaskSearchOptions, _) => null,
            (MagnitudeSearchOptions rounds, MagnitudeSearchOptions all) => Rounds(
                rounds,
                own.Draw!,
                all,
                source.Draw!,
                row
            ),
            _ when own.Draw != source.Draw =>
                $"its draw differs from that of row \"{row}\", and only mask searches and magnitude pruning "
                    + "rounds save what another draw needs",
            _ => null,
        };
        if (problem is not null)
            return null;
        var changed = own with { Source = $"{own.Source} [ticket of row {row}]" };
        return own.Search switch
        {
            RandomWeightSearchOptions random => changed with { Search = random with { Ticket = run } },
            MaskSearchOptions or MagnitudeSearchOptions => changed with { Search = new SavedTicketSearchOptions(run) },
            _ => changed with { Search = new SavedTicketSearchOptions(run), Draw = new SavedDraw() },
        };
    }

    /// <summary>A recipe returned by <see cref="Of"/>, with the ticket in another folder.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="run">The run with the ticket, as a path relative to the runs' parent.</param>
    public static Recipe In(Recipe recipe, string run) =>
        recipe with
        {
            Search = recipe.Search switch
            {
                RandomWeightSearchOptions random => random with { Ticket = run },
                SavedTicketSearchOptions saved => saved with { Ticket = run },
                var other => other,
            },
        };

    /// <summary>
    /// The stages of another run's search that a recipe uses, so that their cost counts as its own:
    /// for pruning rounds, those up to its sparsity; none for a random ticket, which only uses
    /// another's counts.
    /// </summary>
    /// <param name="recipe">The recipe returned by <see cref="Of"/>.</param>
    /// <param name="source">The recipe of the other run.</param>
    /// <param name="stages">The stages of that run.</param>
    public static IEnumerable<StageSummary> Used(Recipe recipe, Recipe source, IReadOnlyList<StageSummary> stages)
    {
        if (recipe.Search is not SavedTicketSearchOptions)
            return [];
        var searched = stages.Where(s => s.Stage is not (StageName.Retrain or StageName.Control));
        if (
            (source.Search, source.Draw, recipe.Draw)
            is not
            (MagnitudeSearchOptions all, WeightDrawOptions most, WeightDrawOptions own)
        )
            return searched;
        var rounds = Math.Round(own.Sparsity / most.Sparsity * all.Rounds);
        return searched.Where(s => Stages.RoundOf(s.Stage) <= rounds);
    }

    // Compares everything that affects a search: not what is done with its ticket, and not the
    // number of later pruning rounds. The result is then bit for bit that of a separate search.
    private static bool SearchAlike(Recipe own, Recipe source)
    {
        if (own.Search is MagnitudeSearchOptions rounds && source.Search is MagnitudeSearchOptions all)
            own = own with { Search = rounds with { Rounds = all.Rounds } };
        return own
            == source with
            {
                Name = own.Name,
                Source = own.Source,
                Draw = own.Draw,
                Retrain = own.Retrain,
                Evaluate = own.Evaluate,
            };
    }

    /// <summary>
    /// Why a search's pruning rounds are not the first rounds of another's, or null.
    /// </summary>
    private static string? Rounds(
        MagnitudeSearchOptions own,
        TicketDraw draw,
        MagnitudeSearchOptions all,
        TicketDraw most,
        string row
    )
    {
        var (each, other) = (
            ((WeightDrawOptions)draw).Sparsity / own.Rounds,
            ((WeightDrawOptions)most).Sparsity / all.Rounds
        );
        if (own.Rounds > all.Rounds)
            return $"it prunes in {own.Rounds} rounds, row \"{row}\" in {all.Rounds}; the row with the most rounds "
                + "must provide the ticket";
        return Math.Abs(each - other) <= 1e-9
            ? null
            : FormattableString.Invariant(
                $"it prunes {each:0.####} of the weights per round, row \"{row}\" {other:0.####}"
            );
    }

    private static string Difference(Recipe own, Recipe source) =>
        own switch
        {
            _ when own.Search!.GetType() != source.Search!.GetType() => "search.kind",
            _ when own.Search != source.Search => "search",
            _ when own.Split != source.Split => "split",
            _ => "max-length, batch-size or dev-fraction",
        };
}
