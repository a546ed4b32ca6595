namespace RobustTickets.Attacks;

/// <summary>Files of an attack's folder.</summary>
internal static class AttackFiles
{
    /// <summary>What determines the figures; begins a folder.</summary>
    public const string Settings = "settings.json";

    /// <summary>The outcomes, one a line.</summary>
    public const string Examples = "examples.jsonl";

    /// <summary>The outcomes as TextAttack writes them.</summary>
    public const string Results = "results.csv";

    /// <summary>The figures; an attack that has them is finished.</summary>
    public const string Summary = "summary.json";

    /// <summary>The figures as TextAttack writes them.</summary>
    public const string TextAttackSummary = "textattack-summary.json";

    /// <summary>All of them; what says that the others are there comes first.</summary>
    public static IReadOnlyList<string> All { get; } = [Summary, Settings, Examples, Results, TextAttackSummary];

    /// <summary>Refuses a folder whose files an attack would replace although none began
    /// it.</summary>
    /// <exception cref="DataException">It holds such a file; named.</exception>
    public static void RequireNone(string folder)
    {
        if (All.FirstOrDefault(name => name != Settings && File.Exists(Path.Combine(folder, name))) is { } found)
            throw new OutputException(
                $"attack log '{folder}': {found} is there but not {Settings}",
                new Remedy("give an empty folder", "Output")
            );
    }
}
