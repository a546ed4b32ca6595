// Accuracy under attack per true class: robustness in a single class is not evidence of a robust
// model.
using System.Globalization;
using RobustTickets.Attacks;

namespace RobustTickets.Reports;

/// <summary>Examples of one true class under an attack.</summary>
/// <param name="Label">The class.</param>
/// <param name="Withstood">Examples on which the attack failed.</param>
/// <param name="Count">All examples of the class.</param>
internal readonly record struct ClassShare(int Label, int Withstood, int Count)
{
    // Minimum number of examples per class.
    private const int Few = 10;
    private const double AtMost = 0.1;

    /// <summary>Accuracy under attack of the class, in [0, 1].</summary>
    public double Share => (double)Withstood / Count;

    /// <summary>
    /// Accuracy under attack per true class, most robust class first. An attack that makes texts
    /// illegible measures which class such texts are assigned to.
    /// </summary>
    public static IReadOnlyList<ClassShare> Of(IEnumerable<AttackOutcome> examples) =>
        Of(examples.Select(e => (e.Label, e.Result == AttackResult.Failed)));

    /// <summary>Accuracy under attack per true class, from pairs of class and outcome.</summary>
    public static IReadOnlyList<ClassShare> Of(IEnumerable<(int Label, bool Withstood)> examples) =>
        [
            .. examples
                .GroupBy(e => e.Label)
                .Select(g => new ClassShare(g.Key, g.Count(e => e.Withstood), g.Count()))
                .OrderByDescending(c => c.Share)
                .ThenBy(c => c.Label),
        ];

    /// <summary>
    /// Whether an attack fails in the first class only: ten times as often as in any other.
    /// </summary>
    /// <param name="classes">The classes, most robust first.</param>
    public static bool IsOneSided(IReadOnlyList<ClassShare> classes) =>
        classes.Count > 1
        && classes[0].Withstood >= Few
        && classes.All(c => c.Count >= Few)
        && classes[1].Share < AtMost * classes[0].Share;

    /// <summary>
    /// A sentence on an attack that fails in one class only, and what that means: <c>in class ..
    /// alone ..</c>; null if that is not so.
    /// </summary>
    /// <param name="classes">The classes, most robust first.</param>
    /// <param name="name">Name of a class.</param>
    public static string? OneSided(IReadOnlyList<ClassShare> classes, Func<int, string> name) =>
        !IsOneSided(classes)
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"in class {name(classes[0].Label)} only ({100 * classes[0].Share:0.0} % of it, "
                    + $"{100 * classes[1].Share:0.0} % of the next class): texts that the attack makes unreadable are "
                    + $"assigned to that class, which is not robustness"
            );
}
