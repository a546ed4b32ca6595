using RobustTickets.Checkpoints;

namespace RobustTickets;

/// <summary>
/// A named model is not on this machine. The message lists the models present and suggests similar
/// names.
/// </summary>
public sealed class ModelNotFoundException : CheckpointException
{
    /// <summary>Creates the exception from its message.</summary>
    public ModelNotFoundException(string message, KnownModel? known = null)
        : base(message) => Known = known;

    /// <summary>
    /// The known model of this name, not yet imported; null if the name is unknown.
    /// </summary>
    public KnownModel? Known { get; }
}
