namespace RobustTickets.Models;

/// <summary>
/// A weight, logit, loss or gradient is not finite. The message names the file and tensor, the
/// example, or the stage and step.
/// </summary>
public sealed class NumericFailureException(string message) : Exception(message)
{
    /// <summary>
    /// Index of the text in the call, from 0, if one text is the cause; otherwise null.
    /// </summary>
    internal int? Text { get; init; }

    /// <summary>The value that is not finite, without its location.</summary>
    internal string? Found { get; init; }
}
