namespace RobustTickets.Attacks;

/// <summary>File names in an attack's folder.</summary>
internal static class AttackFiles
{
    /// <summary>Settings that determine the figures; written first.</summary>
    public const string Settings = "settings.json";

    /// <summary>The outcomes, one per line.</summary>
    public const string Examples = "examples.jsonl";

    /// <summary>The outcomes in TextAttack's CSV format.</summary>
    public const string Results = "results.csv";

    /// <summary>The figures; present when the attack is finished.</summary>
    public const string Summary = "summary.json";

    /// <summary>The figures in TextAttack's JSON format.</summary>
    public const string TextAttackSummary = "textattack-summary.json";

    /// <summary>Prefix of the folders of an attack's temperatures.</summary>
    public const string Temperature = "temperature-";

    /// <summary>All files; the file that implies the others comes first.</summary>
    public static IReadOnlyList<string> All { get; } = [Summary, Settings, Examples, Results, TextAttackSummary];

    /// <summary>
    /// Refuses a folder with files of these names when no attack was started in it.
    /// </summary>
    /// <exception cref="DataException">The folder contains such a file; the message names
    /// it.</exception>
    public static void RequireNone(string folder)
    {
        if (All.FirstOrDefault(name => name != Settings && File.Exists(Path.Combine(folder, name))) is { } found)
            throw new OutputException(
                $"attack log '{folder}': contains {found} but no {Settings}",
                new Remedy("use an empty folder", "Output")
            );
    }
}
