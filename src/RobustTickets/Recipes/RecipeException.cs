namespace RobustTickets;

/// <summary>
/// A recipe cannot be read or cannot be run. The message names the file (or option), the path of
/// each field at fault, what was found there and what
/// is possible. The command line maps it to exit code 2.
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
    /// Creates the exception from the place (a file, an option) and all problems found there.
    /// </summary>
    /// <param name="origin">File or option the recipe came from.</param>
    /// <param name="problems">At least one problem, each beginning with its path.</param>
    public RecipeException(string origin, IReadOnlyList<string> problems)
        : base(Compose(origin, problems))
    {
        Problems = problems;
    }

    /// <summary>The problems one by one, each beginning with the path of its field.</summary>
    public IReadOnlyList<string> Problems { get; }

    private static string Compose(string origin, IReadOnlyList<string> problems) =>
        problems.Count == 1
            ? $"{origin}: {problems[0]}"
            : $"{origin}: {problems.Count} problems\n  {string.Join("\n  ", problems)}";
}
