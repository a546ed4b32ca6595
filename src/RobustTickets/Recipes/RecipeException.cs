namespace RobustTickets;

/// <summary>
/// A recipe cannot be read or cannot be run. The message names the file (or the settings), the path
/// of each field at fault, what was found there and what is possible.
/// </summary>
public sealed class RecipeException : Exception
{
    /// <summary>Creates the exception from its finished message.</summary>
    public RecipeException(string message)
        : base(message)
    {
        Problems = [message];
    }

    /// <summary>
    /// Creates the exception from the place (a file, the settings) and all problems found there.
    /// </summary>
    /// <param name="origin">Where the recipe came from.</param>
    /// <param name="problems">At least one problem, each beginning with its path.</param>
    public RecipeException(string origin, IReadOnlyList<string> problems)
        : base(Compose(origin, problems))
    {
        (Origin, Problems) = (origin, problems);
    }

    /// <summary>
    /// Where the recipe came from, with which the message begins; null in a message about a run.
    /// </summary>
    public string? Origin { get; }

    /// <summary>The problems one by one, each beginning with the path of its field.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>Settings <c>path=value</c>, each of which would put something right.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Whether there is no such file, or none that may be read.</summary>
    internal bool Unreadable { get; init; }

    private static string Compose(string origin, IReadOnlyList<string> problems) =>
        problems.Count == 1
            ? $"{origin}: {problems[0]}"
            : $"{origin}: {problems.Count} problems\n  {string.Join("\n  ", problems)}";
}
