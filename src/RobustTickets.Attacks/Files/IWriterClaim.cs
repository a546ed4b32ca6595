namespace RobustTickets.Attacks;

/// <summary>
/// A right to write that goes before the lock of a folder: machines that have no locks in common
/// agree on it, and a later one ends those before.
/// </summary>
internal interface IWriterClaim
{
    /// <summary>What it is a right to; one line of text.</summary>
    string Subject { get; }

    /// <summary>Which one of those that were given for it; later ones are higher.</summary>
    long Number { get; }

    /// <summary>Throws when a later one was given.</summary>
    void Require();
}
