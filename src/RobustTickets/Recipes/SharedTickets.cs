// Rows of a table that take their ticket from the run of another row. Two cases. Rows that search alike and only draw, realise or retrain otherwise (a sweep over sparsity, the
// ablations of initialization and structure) need one search for all of them; since a search does not know what becomes of its ticket, the outcome is bit for bit that of a
// search of their own. And random tickets that keep as many weights in every matrix as another row's ticket does (RobusT 4.2, spec 10.3).
using RobustTickets.Tickets;

namespace RobustTickets.Recipes;

/// <summary>Turns a row's recipe into one that takes a ticket from another run.</summary>
internal static class SharedTickets
{
    /// <summary>The recipe, or null with a problem when the two rows cannot share a ticket.</summary>
    /// <param name="own">Recipe of the row as the file gives it.</param>
    /// <param name="source">Recipe of the row that it takes the ticket from.</param>
    /// <param name="row">Name of that row.</param>
    /// <param name="run">Run folder of that row's cell, named from beside it.</param>
    /// <param name="problem">Why not.</param>
    public static Recipe? Of(Recipe own, Recipe source, string row, string run, out string? problem)
    {
        problem = (own.Search, source.Search) switch
        {
            (null, _) => "its recipe has no search, so it takes no ticket",
            (_, null) => $"row \"{row}\" has no search, so it has no ticket to give",
            (RandomWeightSearch, _) => source.Draw is WeightDrawOptions ? null : $"row \"{row}\" draws heads and neurons; random weights match a ticket of single weights",
            _ when !SearchAlike(own, source) => $"it searches otherwise than row \"{row}\" ({Difference(own, source)}), so it needs a search of its own",
            (MaskSearch, _) => null,
            _ when own.Draw != source.Draw => $"it draws otherwise than row \"{row}\", and only a search of masks leaves scores to draw from again",
            _ => null,
        };
        if (problem is not null) return null;
        var changed = own with { Source = $"{own.Source} [ticket of row {row}]" };
        return own.Search switch
        {
            RandomWeightSearch random => changed with { Search = random with { Ticket = run } },
            MaskSearch => changed with { Search = new SavedTicketSearch(run) },
            _ => changed with { Search = new SavedTicketSearch(run), Draw = new SavedDraw() },
        };
    }

    /// <summary>Whether a recipe realises what another run searched, so that the cost of that search is its own as well; a random ticket only counts another's weights.</summary>
    public static bool TakesSearch(Recipe recipe) => recipe.Search is SavedTicketSearch;

    // Everything that a search can see.
    private static bool SearchAlike(Recipe own, Recipe source) => own == source with { Name = own.Name, Source = own.Source, Draw = own.Draw, Retrain = own.Retrain, Evaluate = own.Evaluate };

    private static string Difference(Recipe own, Recipe source) => own switch
    {
        _ when own.Search!.GetType() != source.Search!.GetType() => "search.kind",
        _ when own.Search != source.Search => "search",
        _ when own.Split != source.Split => "split",
        _ => "max-length, batch-size or dev-fraction",
    };
}
