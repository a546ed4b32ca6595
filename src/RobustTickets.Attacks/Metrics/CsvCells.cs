namespace RobustTickets.Attacks.Metrics;

/// <summary>How results.csv holds texts that a spreadsheet would run as formulas.</summary>
public enum CsvCells
{
    /// <summary>As TextAttack writes them; readers of its files expect nothing else.</summary>
    AsTextAttack,

    /// <summary>An apostrophe before a text that begins with =, +, -, @, tab or carriage
    /// return.</summary>
    Guarded,
}
