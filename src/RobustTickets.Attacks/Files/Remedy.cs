namespace RobustTickets.Attacks;

/// <summary>
/// What would put an error right: a field of what was asked for, and its value. A program that
/// fills the field from somewhere (an option, a form) shows it by its own name there.
/// </summary>
/// <param name="Does">What it does, before the field.</param>
/// <param name="Field">The field, as the request or the options spell it.</param>
/// <param name="Value">The value that helps; null where that is for the caller to say.</param>
/// <param name="Or">Another that would do as well.</param>
internal sealed record Remedy(string Does, string Field, string? Value = null, Remedy? Or = null)
{
    /// <summary>The remedy in the words of the library.</summary>
    public override string ToString() => Spell(r => r.Value is null ? r.Field : $"{r.Field}: {r.Value}");

    /// <summary>The remedy with its field and value in a program's own words.</summary>
    public string Spell(Func<Remedy, string> field) =>
        $"{Does} ({field(this)})" + (Or is null ? "" : $", or {Or.Spell(field)}");

    /// <summary>A message with its remedy.</summary>
    public static string After(string problem, Remedy? remedy) => remedy is null ? problem : $"{problem}; {remedy}";
}

/// <summary>An error that may know its remedy.</summary>
internal interface IRemedied
{
    /// <summary>The message without the remedy.</summary>
    string Problem { get; }

    /// <summary>What would put it right, or null.</summary>
    Remedy? Remedy { get; }
}
