namespace RobustTickets.Attacks.Searches;

/// <summary>The order in which an attack tries words and candidates.</summary>
public interface ISearch
{
    /// <summary>Short name for settings.</summary>
    string Name { get; }

    /// <summary>
    /// Runs the search on one example, whose original text is not misclassified, and leaves the
    /// result in <see cref="SearchContext.Best"/>. Every yielded request
    /// is answered before the next element is asked for.
    /// </summary>
    IEnumerable<SearchRequest> Run(SearchContext context);
}
