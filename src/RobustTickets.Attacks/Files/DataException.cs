namespace RobustTickets.Attacks;

/// <summary>
/// A data file or lexical resource is missing, malformed or does not fit. The message names the
/// file and the line or field, what was found and
/// what is possible.
/// </summary>
public class DataException : Exception
{
    /// <summary>Creates the exception from its finished message.</summary>
    public DataException(string message)
        : base(message) { }

    /// <summary>Creates the exception from its finished message and the cause.</summary>
    public DataException(string message, Exception inner)
        : base(message, inner) { }
}
