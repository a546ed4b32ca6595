namespace RobustTickets.Attacks;

/// <summary>
/// A request is invalid; names the field, its value and the reason. A program that fills the field
/// from an option or a form shows its own name for it.
/// </summary>
public sealed class RequestException : Exception, IRemedied
{
    private readonly Remedy? _remedy;

    /// <summary>Creates the exception from field, value and reason.</summary>
    /// <param name="field">The field's name in the request, e.g. <c>Device</c>.</param>
    /// <param name="value">The field's value; null when it is missing or adds nothing.</param>
    /// <param name="reason">What is wrong and what is possible.</param>
    public RequestException(string field, string? value, string reason)
        : base(value is null ? $"{field}: {reason}" : $"{field} {value}: {reason}")
    {
        (Field, Value, Reason) = (field, value, reason);
    }

    /// <summary>Creates the exception with a remedy.</summary>
    internal RequestException(string field, string? value, string reason, Remedy remedy)
        : this(field, value, reason, remedy, Attacks.Remedy.After(reason, remedy)) { }

    private RequestException(string field, string? value, string reason, Remedy remedy, string whole)
        : base(value is null ? $"{field}: {whole}" : $"{field} {value}: {whole}")
    {
        (Field, Value, Reason, _remedy) = (field, value, reason, remedy);
    }

    string IRemedied.Problem => Reason;

    Remedy? IRemedied.Remedy => _remedy;

    /// <summary>The field's name in the request.</summary>
    public string Field { get; }

    /// <summary>The field's value, or null.</summary>
    public string? Value { get; }

    /// <summary>What is wrong and what is possible.</summary>
    public string Reason { get; }
}
