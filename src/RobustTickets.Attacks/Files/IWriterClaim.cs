namespace RobustTickets.Attacks;

/// <summary>
/// A numbered right to write that overrides a folder's lock: machines without common locks agree on
/// it, and a later claim invalidates earlier ones.
/// </summary>
internal interface IWriterClaim
{
    /// <summary>What is claimed; one line of text.</summary>
    string Subject { get; }

    /// <summary>Sequence number among the claims to the subject; later claims are higher.</summary>
    long Number { get; }

    /// <summary>Throws when a later claim exists.</summary>
    void Require();
}
