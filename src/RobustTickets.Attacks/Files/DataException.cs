namespace RobustTickets.Attacks;

/// <summary>
/// A data file or lexical resource is missing, malformed or unsuitable. The message names the file
/// and the line or field, what was found and what is possible.
/// </summary>
public class DataException : Exception, IRemedied
{
    /// <summary>Creates the exception with a message.</summary>
    public DataException(string message)
        : base(message) => Problem = message;

    /// <summary>Creates the exception with a message and its cause.</summary>
    public DataException(string message, Exception inner)
        : base(message, inner) => Problem = message;

    /// <summary>Creates the exception with a message and a remedy.</summary>
    internal DataException(string problem, Remedy? remedy, Exception? inner = null)
        : base(Attacks.Remedy.After(problem, remedy), inner) => (Problem, Remedy) = (problem, remedy);

    /// <inheritdoc/>
    string IRemedied.Problem => Problem;

    /// <inheritdoc/>
    Remedy? IRemedied.Remedy => Remedy;

    /// <summary>The message without the remedy.</summary>
    internal string Problem { get; }

    /// <summary>How to fix the error, or null.</summary>
    internal Remedy? Remedy { get; }

    /// <summary>This error with a location in front of the message.</summary>
    internal DataException Within(string place) => new($"{place}: {Problem}", Remedy, this);
}
