namespace RobustTickets.Attacks.Searches;

/// <summary>
/// Search method of an attack: the order in which words and candidates are tried.
/// </summary>
public interface ISearch
{
    /// <summary>Short name in settings.</summary>
    string Name { get; }

    /// <summary>
    /// Runs the search on one example, whose original text is classified correctly, and leaves the
    /// result in <see cref="SearchContext.Best"/>. The engine answers every yielded request before
    /// it asks for the next.
    /// </summary>
    IEnumerable<SearchRequest> Run(SearchContext context);
}
