namespace RobustTickets.Checkpoints;

/// <summary>
/// A checkpoint is missing, malformed, does not fit its configuration, or cannot be written. The
/// message names the file, the field or tensor, the value found and the possible values.
/// </summary>
public class CheckpointException : Exception
{
    /// <summary>Creates the exception from its message and, if any, its cause.</summary>
    public CheckpointException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <summary>Whether writing failed rather than reading.</summary>
    public bool OfOutput { get; init; }
}
