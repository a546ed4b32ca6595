namespace RobustTickets;

/// <summary>
/// A recipe cannot be read or run. The message names the file (or the settings), the path of each
/// invalid field, its value and the possible values.
/// </summary>
public sealed class RecipeException : Exception
{
    /// <summary>Creates the exception with a message.</summary>
    public RecipeException(string message)
        : base(message)
    {
        Problems = [message];
    }

    /// <summary>
    /// Creates the exception from the origin (a file, the settings) and all problems found there.
    /// </summary>
    /// <param name="origin">Origin of the recipe.</param>
    /// <param name="problems">At least one problem, each starting with its path.</param>
    public RecipeException(string origin, IReadOnlyList<string> problems)
        : base(Compose(origin, problems))
    {
        (Origin, Problems) = (origin, problems);
    }

    /// <summary>
    /// Origin of the recipe, with which the message starts; null in a message about a run.
    /// </summary>
    public string? Origin { get; }

    /// <summary>The problems, each starting with the path of its field.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>Settings <c>path=value</c>, each of which would fix one problem.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Whether the file is missing or unreadable.</summary>
    internal bool Unreadable { get; init; }

    private static string Compose(string origin, IReadOnlyList<string> problems) =>
        problems.Count == 1
            ? $"{origin}: {problems[0]}"
            : $"{origin}: {problems.Count} problems\n  {string.Join("\n  ", problems)}";
}
