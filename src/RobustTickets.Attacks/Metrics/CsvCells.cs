namespace RobustTickets.Attacks.Metrics;

/// <summary>How results.csv writes texts that a spreadsheet would run as formulas.</summary>
public enum CsvCells
{
    /// <summary>Unchanged, as TextAttack writes them and readers of its files expect.</summary>
    AsTextAttack,

    /// <summary>
    /// With an apostrophe before a text that starts with =, +, -, @, tab or carriage return.
    /// </summary>
    Guarded,
}
