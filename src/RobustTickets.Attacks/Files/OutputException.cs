namespace RobustTickets.Attacks;

/// <summary>
/// A result cannot be written: the disk is full, the folder is missing or read-only, or the path
/// contains something else.
/// </summary>
public sealed class OutputException(string message, Exception? inner = null) : Exception(message, inner), IRemedied
{
    private readonly (string Problem, Remedy? Remedy) _parts = (message, null);

    /// <summary>Creates the exception with a message and a remedy.</summary>
    internal OutputException(string problem, Remedy remedy)
        : this(Attacks.Remedy.After(problem, remedy)) => _parts = (problem, remedy);

    string IRemedied.Problem => _parts.Problem;

    Remedy? IRemedied.Remedy => _parts.Remedy;
}
