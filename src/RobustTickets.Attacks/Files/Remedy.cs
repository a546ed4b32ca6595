namespace RobustTickets.Attacks;

/// <summary>
/// How to fix an error: a field of the request and a value for it. A program that fills the field
/// from an option or a form shows its own name for it.
/// </summary>
/// <param name="Does">The advice, in front of the field.</param>
/// <param name="Field">The field's name in the request or the options.</param>
/// <param name="Value">A value that helps; null when the caller must choose one.</param>
/// <param name="Or">An alternative.</param>
internal sealed record Remedy(string Does, string Field, string? Value = null, Remedy? Or = null)
{
    /// <summary>The remedy with the library's field names.</summary>
    public override string ToString() => Spell(r => r.Value is null ? r.Field : $"{r.Field}: {r.Value}");

    /// <summary>The remedy with the given formatting of field and value.</summary>
    public string Spell(Func<Remedy, string> field) =>
        $"{Does} ({field(this)})" + (Or is null ? "" : $", or {Or.Spell(field)}");

    /// <summary>A message followed by its remedy.</summary>
    public static string After(string problem, Remedy? remedy) => remedy is null ? problem : $"{problem}; {remedy}";
}

/// <summary>An error that may have a remedy.</summary>
internal interface IRemedied
{
    /// <summary>The message without the remedy.</summary>
    string Problem { get; }

    /// <summary>How to fix the error, or null.</summary>
    Remedy? Remedy { get; }
}
