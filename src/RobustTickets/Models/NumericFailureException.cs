namespace RobustTickets.Models;

/// <summary>
/// A weight, logit, loss or gradient is not a finite number. The message names the file and the
/// tensor, the example, or the stage and the step.
/// </summary>
public sealed class NumericFailureException(string message) : Exception(message)
{
    /// <summary>Which of the texts of a call it is, from 0, where it is one; else null.</summary>
    internal int? Text { get; init; }

    /// <summary>What is not finite, without its place.</summary>
    internal string? Found { get; init; }
}
