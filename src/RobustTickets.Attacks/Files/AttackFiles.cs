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

    /// <summary>The ids of the examples, one per line.</summary>
    public const string Ids = "ids.txt";

    /// <summary>Outcomes that wait for an earlier example; removed when the attack ends.</summary>
    public const string Pending = "pending.jsonl";

    // Written by the attack of a model.
    private const string Environment = "environment.json";

    /// <summary>Prefix of the folders of an attack's temperatures.</summary>
    public const string Temperature = "temperature-";

    /// <summary>All files; the file that implies the others comes first.</summary>
    public static IReadOnlyList<string> All { get; } =
    [Summary, Settings, Examples, Results, TextAttackSummary, Pending, Ids];

    /// <summary>How to attack anew beside an attack that cannot be resumed.</summary>
    public static Remedy AnotherFolder => new("to start a new attack, use another folder", "Output");

    /// <summary>
    /// Refuses a folder with files of these names when no attack was started in it.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="ids">Content of the ids.txt to be written: an attack that was killed before it
    /// wrote its settings may have left that file; null: none.</param>
    /// <exception cref="OutputException">The folder contains such a file; the message names
    /// it.</exception>
    public static void RequireNone(string folder, string? ids = null)
    {
        bool Has(string name) => name != Settings && Path.Exists(Path.Combine(folder, name));
        bool IsOwn(string name) =>
            name switch
            {
                Ids => File.ReadAllText(Path.Combine(folder, name)) == ids,
                Pending => IsEmpty(Path.Combine(folder, name)),
                _ => false,
            };
        if (All.Append(Environment).FirstOrDefault(name => Has(name) && !IsOwn(name)) is { } found)
            throw new OutputException(
                $"attack log '{folder}': contains {found} but no {Settings}",
                new Remedy("use an empty folder", "Output")
            );
    }

    private static bool IsEmpty(string path)
    {
        using var file = File.OpenRead(path);
        return file.Length == 0;
    }
}
