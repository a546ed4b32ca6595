namespace RobustTickets.Attacks;

/// <summary>
/// A request cannot be carried out as it stands: which of its fields, what it holds, and why not. A
/// program that takes the field from somewhere (an option, a form) shows it by its own name there.
/// </summary>
public sealed class RequestException : Exception
{
    /// <summary>Creates the exception from its parts.</summary>
    /// <param name="field">The field as the request spells it, e.g. <c>Device</c>.</param>
    /// <param name="value">What the field holds; null when it is missing or says nothing.</param>
    /// <param name="reason">What is wrong with it and what is possible.</param>
    public RequestException(string field, string? value, string reason)
        : base(value is null ? $"{field}: {reason}" : $"{field} {value}: {reason}")
    {
        (Field, Value, Reason) = (field, value, reason);
    }

    /// <summary>The field as the request spells it.</summary>
    public string Field { get; }

    /// <summary>What the field holds, or null.</summary>
    public string? Value { get; }

    /// <summary>What is wrong with it and what is possible.</summary>
    public string Reason { get; }
}
