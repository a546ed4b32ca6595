namespace RobustTickets.Torch.Distributed;

/// <summary>
/// The ranks of a distributed run cannot continue: one did not connect, is lost, failed, or is
/// incompatible. The message names it.
/// </summary>
public sealed class RanksException : Exception
{
    /// <summary>Creates the exception with a message.</summary>
    public RanksException(string message)
        : base(message) { }

    /// <summary>Creates the exception with a message and its cause.</summary>
    public RanksException(string message, Exception inner)
        : base(message, inner) { }
}
