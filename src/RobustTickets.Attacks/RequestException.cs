namespace RobustTickets.Attacks;

/// <summary>
/// A request cannot be carried out as it stands: which of its fields, what it holds, and why not. A
/// program that takes the field from somewhere (an option, a form) shows it by its own name there.
/// </summary>
public sealed class RequestException : Exception, IRemedied
{
    private readonly Remedy? _remedy;

    /// <summary>Creates the exception from its parts.</summary>
    /// <param name="field">The field as the request spells it, e.g. <c>Device</c>.</param>
    /// <param name="value">What the field holds; null when it is missing or says nothing.</param>
    /// <param name="reason">What is wrong with it and what is possible.</param>
    public RequestException(string field, string? value, string reason)
        : base(value is null ? $"{field}: {reason}" : $"{field} {value}: {reason}")
    {
        (Field, Value, Reason) = (field, value, reason);
    }

    /// <summary>The same with what would put it right.</summary>
    internal RequestException(string field, string? value, string reason, Remedy remedy)
        : this(field, value, reason, remedy, Attacks.Remedy.After(reason, remedy)) { }

    private RequestException(string field, string? value, string reason, Remedy remedy, string whole)
        : base(value is null ? $"{field}: {whole}" : $"{field} {value}: {whole}")
    {
        (Field, Value, Reason, _remedy) = (field, value, reason, remedy);
    }

    string IRemedied.Problem => Reason;

    Remedy? IRemedied.Remedy => _remedy;

    /// <summary>The field as the request spells it.</summary>
    public string Field { get; }

    /// <summary>What the field holds, or null.</summary>
    public string? Value { get; }

    /// <summary>What is wrong with it and what is possible.</summary>
    public string Reason { get; }
}
