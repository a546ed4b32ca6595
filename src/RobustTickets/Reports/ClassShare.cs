// What an attack leaves of each true class: an attack that is withstood in one class alone says
// nothing about robustness.
using System.Globalization;
using RobustTickets.Attacks;

namespace RobustTickets.Reports;

/// <summary>Examples of one true class under an attack.</summary>
/// <param name="Label">The class.</param>
/// <param name="Withstood">Examples that withstood.</param>
/// <param name="Count">All of them.</param>
internal readonly record struct ClassShare(int Label, int Withstood, int Count)
{
    // Fewer say nothing about a class.
    private const int Few = 10;
    private const double AtMost = 0.1;

    /// <summary>Share that withstood, in [0, 1].</summary>
    public double Share => (double)Withstood / Count;

    /// <summary>
    /// What withstood in each true class, the most robust class first. An attack that leaves texts
    /// illegible measures which class such texts fall in.
    /// </summary>
    public static IReadOnlyList<ClassShare> Of(IEnumerable<AttackOutcome> examples) =>
        Of(examples.Select(e => (e.Label, e.Result == AttackResult.Failed)));

    /// <summary>The same of true classes and whether each example withstood.</summary>
    public static IReadOnlyList<ClassShare> Of(IEnumerable<(int Label, bool Withstood)> examples) =>
        [
            .. examples
                .GroupBy(e => e.Label)
                .Select(g => new ClassShare(g.Key, g.Count(e => e.Withstood), g.Count()))
                .OrderByDescending(c => c.Share)
                .ThenBy(c => c.Label),
        ];

    /// <summary>
    /// Whether an attack is withstood in the first class alone: ten times as often as in any other.
    /// </summary>
    /// <param name="classes">The classes, the most robust first.</param>
    public static bool IsOneSided(IReadOnlyList<ClassShare> classes) =>
        classes.Count > 1
        && classes[0].Withstood >= Few
        && classes.All(c => c.Count >= Few)
        && classes[1].Share < AtMost * classes[0].Share;

    /// <summary>
    /// Says that an attack is withstood in one class alone, and what that means: <c>in class ..
    /// alone ..</c>; null where it is not.
    /// </summary>
    /// <param name="classes">The classes, the most robust first.</param>
    /// <param name="name">Name of a class.</param>
    public static string? OneSided(IReadOnlyList<ClassShare> classes, Func<int, string> name) =>
        !IsOneSided(classes)
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"in class {name(classes[0].Label)} alone ({100 * classes[0].Share:0.0} % of it, "
                    + $"{100 * classes[1].Share:0.0} % of the next): texts that the attack leaves illegible fall in "
                    + $"that class, which is no robustness"
            );
}
