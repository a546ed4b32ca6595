using RobustTickets.Checkpoints;

namespace RobustTickets;

/// <summary>
/// A model that is named is not on this machine. The message says what is there and what is meant,
/// perhaps.
/// </summary>
public sealed class ModelNotFoundException : CheckpointException
{
    /// <summary>Creates the exception from its finished message.</summary>
    public ModelNotFoundException(string message, KnownModel? known = null)
        : base(message) => Known = known;

    /// <summary>The known model of this name, that has not been made yet; null when the name is of
    /// none.</summary>
    public KnownModel? Known { get; }
}
