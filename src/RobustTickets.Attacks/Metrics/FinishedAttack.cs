namespace RobustTickets.Attacks.Metrics;

/// <summary>Whether the attack in a folder is finished.</summary>
internal static class FinishedAttack
{
    /// <summary>
    /// Whether the attack in a folder is complete: its summary exists and counts as many outcomes
    /// as there are. True for an unreadable summary; its reader reports the error.
    /// </summary>
    public static bool Exists(string folder)
    {
        var summary = Path.Combine(folder, AttackFiles.Summary);
        if (!File.Exists(summary))
            return false;
        try
        {
            var figures = AttackJson.LoadSummary(summary);
            return Lines(Path.Combine(folder, AttackFiles.Examples)) == figures.Examples + figures.Errors;
        }
        catch (DataException)
        {
            return true;
        }
    }

    /// <summary>
    /// Whether the attack in a folder is complete, at all its temperatures, and no example ended in
    /// an error. Such examples are attacked again when the attack is run again.
    /// </summary>
    public static bool IsWithoutErrors(string folder) =>
        Exists(folder)
        && !AttackLog.Read(Path.Combine(folder, AttackFiles.Examples)).Any(o => o.Error is not null)
        && Directory.EnumerateDirectories(folder, $"{AttackFiles.Temperature}*").All(IsWithoutErrors);

    // Number of line feeds in a file; 0 if it does not exist.
    private static int Lines(string path) =>
        File.Exists(path) ? WholeFile.ReadShared(path).AsSpan().Count((byte)'\n') : 0;
}
