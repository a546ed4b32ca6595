namespace RobustTickets.Attacks;

/// <summary>Files of an attack's folder that others than its writer look at.</summary>
internal static class AttackFiles
{
    /// <summary>The outcomes, one a line.</summary>
    public const string Examples = "examples.jsonl";

    /// <summary>The figures; an attack that has them is finished.</summary>
    public const string Summary = "summary.json";
}
