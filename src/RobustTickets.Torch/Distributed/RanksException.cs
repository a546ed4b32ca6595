namespace RobustTickets.Torch.Distributed;

/// <summary>
/// Ranks that train together cannot go on: one did not come, is gone, failed, or is not like the
/// others. The message names it.
/// </summary>
public sealed class RanksException : Exception
{
    /// <summary>Creates the exception from its finished message.</summary>
    public RanksException(string message)
        : base(message) { }

    /// <summary>Creates the exception from its finished message and the cause.</summary>
    public RanksException(string message, Exception inner)
        : base(message, inner) { }
}
