namespace RobustTickets.Attacks;

/// <summary>
/// The TextAttack release whose behaviour an attack follows. The papers' numbers come from the
/// first two; 0.3.4 is the default.
/// </summary>
public enum TextAttackVersion
{
    /// <summary>
    /// 0.3.0 (RobusT, ACL 2022). As 0.3.4, but windows are searched from each previous word's start
    /// (TextAttack issue 526).
    /// </summary>
    V030,

    /// <summary>
    /// 0.3.4 (EarlyRobust, EMNLP 2022): every word is ranked and counted, pairs are joined with a
    /// marker that edits can damage (issue 631).
    /// </summary>
    V034,

    /// <summary>
    /// The main branch: words are stripped of quotes and hyphens at both ends, only modifiable
    /// words are ranked, columns are never joined. Its Chinese word segmentation is not
    /// implemented: a run of ideographs is one word.
    /// </summary>
    Head,
}

/// <summary>The releases by name.</summary>
internal static class TextAttackVersions
{
    /// <summary>Names and releases, oldest first.</summary>
    public static IReadOnlyDictionary<string, TextAttackVersion> ByName { get; } =
        new Dictionary<string, TextAttackVersion>
        {
            ["0.3.0"] = TextAttackVersion.V030,
            ["0.3.4"] = TextAttackVersion.V034,
            ["head"] = TextAttackVersion.Head,
        };
}
