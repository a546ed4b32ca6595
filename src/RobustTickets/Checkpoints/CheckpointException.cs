namespace RobustTickets.Checkpoints;

/// <summary>
/// A checkpoint is missing, malformed, does not fit its configuration, or cannot be written. The
/// message names the file and the field or tensor,
/// what was found and what is possible.
/// </summary>
public class CheckpointException : Exception
{
    /// <summary>
    /// Creates the exception from its finished message and, if there is one, the cause.
    /// </summary>
    public CheckpointException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <summary>Whether something could not be written, rather than read.</summary>
    public bool OfOutput { get; init; }
}
