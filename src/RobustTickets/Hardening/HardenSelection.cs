// Chooses a defence on development rows (docs/harden.md, Selection). A pure function of figures;
// the reported rows are not used.
using System.Globalization;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Hardening;

/// <summary>Figures of a defence on development rows; fractions in [0, 1].</summary>
/// <param name="Name">Its name.</param>
/// <param name="Clean">Accuracy on all development rows.</param>
/// <param name="Aua">Accuracy under each attack, on the rows that every model was attacked
/// on.</param>
/// <param name="Parameters">Parameters without embeddings; null if the model's format does not
/// state them.</param>
/// <param name="Seconds">Seconds of training.</param>
public sealed record DevelopmentRow(
    string Name,
    double Clean,
    IReadOnlyList<double> Aua,
    long? Parameters,
    double Seconds
)
{
    /// <summary>Mean accuracy under attack.</summary>
    public double Score => Aua.Count == 0 ? 0 : Aua.Average();
}

/// <summary>The selection rule.</summary>
internal static class HardenSelection
{
    /// <summary>Default allowed loss of clean accuracy against the baseline.</summary>
    public const double MostLost = 0.02;

    /// <summary>Robust accuracy that a smaller network, or the last attack, may lack.</summary>
    public const double Near = 0.02;

    /// <summary>Significance level of the confirming attack.</summary>
    public const double Level = 0.05;

    /// <summary>Tolerance of comparisons between fractions.</summary>
    internal const double Rounding = 1e-9;

    /// <summary>The rule as text.</summary>
    /// <param name="goal">The selection goal.</param>
    /// <param name="cleanLoss">Allowed loss of clean accuracy.</param>
    public static string Rule(HardenGoal goal, double cleanLoss) =>
        "on development rows only: among the defences that have learned, that withstand no attack in one class only, "
        + $"and whose clean accuracy is at most {Points(cleanLoss)} below the baseline's, "
        + (
            goal == HardenGoal.Robust
                ? "the one with the highest mean accuracy under the attacks, the first if several are equal"
                : $"the smallest encoder within {Points(Near)} of the highest mean accuracy under the attacks, the "
                    + "more accurate under them if several are equal"
        )
        + "; the baseline if none is better. It is recommended if, on the reported rows, the exact McNemar "
        + "test of the "
        + "first attack against the baseline, on the lower accuracy of the victim as is and at its fitted temperature, "
        + Text($"gives p < {Level} in its favour, and the last attack, whose dictionary it never saw, ")
        + Text($"neither gives p < {Level} against it nor an accuracy more than {Points(Near)} below the baseline's, ")
        + $"and if there, too, its clean accuracy is at most {Points(cleanLoss)} below the baseline's, "
        + "it has learned and withstands no attack in one class only";

    /// <summary>The defence to confirm; the baseline if none is better.</summary>
    /// <param name="rows">All rows in the order of the plan.</param>
    /// <param name="baseline">Name of the baseline.</param>
    /// <param name="goal">The selection goal.</param>
    /// <param name="cleanLoss">Allowed loss of clean accuracy.</param>
    /// <param name="isUnfit">Whether a model, by name, has not learned or is robust in one class
    /// only; null: no model is.</param>
    public static string Choose(
        IReadOnlyList<DevelopmentRow> rows,
        string baseline,
        HardenGoal goal,
        double cleanLoss = MostLost,
        Func<string, bool>? isUnfit = null
    )
    {
        var own = rows.Single(r => r.Name == baseline);
        var better = rows.Where(r =>
                r.Name != baseline
                && isUnfit?.Invoke(r.Name) != true
                && r.Clean >= own.Clean - cleanLoss - Rounding
                && r.Score > own.Score + Rounding
            )
            .ToArray();
        if (better.Length == 0)
            return baseline;
        var best = better.Max(r => r.Score);
        return (
            goal == HardenGoal.Robust
                ? better.First(r => r.Score >= best - Rounding)
                : better
                    .Where(r => r.Score >= best - Near - Rounding)
                    .OrderBy(r => r.Parameters ?? long.MaxValue)
                    .ThenByDescending(r => r.Score)
                    .First()
        ).Name;
    }

    /// <summary>
    /// One sentence about a defence that is more robust than the chosen one but loses more clean
    /// accuracy than allowed; null if there is none.
    /// </summary>
    /// <param name="rows">All rows in the order of the plan.</param>
    /// <param name="baseline">Name of the baseline.</param>
    /// <param name="chosen">Name of the chosen defence.</param>
    /// <param name="cleanLoss">Allowed loss of clean accuracy.</param>
    /// <param name="isUnfit">As in <see cref="Choose"/>.</param>
    public static string? Dearer(
        IReadOnlyList<DevelopmentRow> rows,
        string baseline,
        string chosen,
        double cleanLoss,
        Func<string, bool>? isUnfit = null
    )
    {
        var (own, best) = (rows.Single(r => r.Name == baseline), rows.Single(r => r.Name == chosen));
        var dearer = rows.Where(r =>
                isUnfit?.Invoke(r.Name) != true
                && r.Clean < own.Clean - cleanLoss - Rounding
                && r.Score > best.Score + Near
            )
            .MaxBy(r => r.Score);
        return dearer is null
            ? null
            : $"More robust on development rows, but {Points(own.Clean - dearer.Clean)} of clean accuracy below the "
                + $"baseline where {Points(cleanLoss)} are allowed: {dearer.Name}, with a mean of "
                + $"{Percent(dearer.Score)} % under the attacks against {Percent(best.Score)} of {chosen}.";
    }

    /// <summary>A difference of fractions as text.</summary>
    internal static string Points(double share) => $"{Percent(share)} points";

    private static string Percent(double share) => (100 * share).ToString("0.#", CultureInfo.InvariantCulture);
}
