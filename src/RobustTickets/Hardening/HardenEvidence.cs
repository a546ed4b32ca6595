// Figures of the confirming attacks: rows that withstand an attack and its repetition, the exact
// McNemar test against the baseline with the interval of the paired difference, and the
// recommendation sentence.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Reports;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Hardening;

/// <summary>Robustness of a model under one attack.</summary>
/// <param name="AsIs">The attack on the model at temperature 1.</param>
/// <param name="Calibrated">The attack at the fitted temperature on the rows that withstood it;
/// null before it has run, or if no row withstood.</param>
internal sealed record AttackEvidence(AttackReport AsIs, AttackReport? Calibrated = null)
{
    /// <summary>Ids of the rows that withstand the attack and, if run, its repetition.</summary>
    public IReadOnlySet<string> Standing => Ids(Calibrated ?? AsIs);

    /// <summary>Whether every row that withstood was attacked again.</summary>
    public bool IsRepeated => Calibrated is not null || AsIs.Summary.Failed == 0;

    /// <summary>Number of rows attacked.</summary>
    public int Count => AsIs.Summary.Examples;

    private static HashSet<string> Ids(AttackReport report) =>
        [.. report.Outcomes.Where(o => o.Result == AttackResult.Failed).Select(o => o.Id)];
}

/// <summary>Caveats of a recommendation.</summary>
/// <param name="Unfit">Models that are not recommended, by name, with the reason as a phrase that
/// follows the name.</param>
/// <param name="MayBeSeen">Whether the model may have been trained on the rows.</param>
/// <param name="CleanLoss">Allowed loss of clean accuracy.</param>
internal sealed record HardenCaveats(
    IReadOnlyDictionary<string, string> Unfit,
    bool MayBeSeen,
    double CleanLoss = HardenSelection.MostLost
)
{
    /// <summary>No caveats.</summary>
    public static HardenCaveats None { get; } = new(new Dictionary<string, string>(), MayBeSeen: false);
}

/// <summary>Computes figures and the recommendation sentence.</summary>
internal static class HardenEvidence
{
    /// <summary>How a recommendation begins that recommends nothing.</summary>
    public const string Nothing = "Nothing to recommend yet: ";

    private const double Worthwhile = 0.05;

    /// <summary>The figure of an attack.</summary>
    public static HardenFigure Figure(string attack, bool unseen, AttackEvidence own, AttackEvidence? baseline)
    {
        // Both models are judged by the same attacks.
        if (baseline is not null && !(own.IsRepeated && baseline.IsRepeated))
            (own, baseline) = (own with { Calibrated = null }, baseline with { Calibrated = null });
        var standing = own.Standing;
        var interval = WilsonInterval.Of(standing.Count, own.Count);
        return new HardenFigure(
            attack,
            unseen,
            own.Count,
            own.AsIs.Aua / 100,
            own.IsRepeated,
            Temperature(own.Calibrated),
            (double)standing.Count / Math.Max(1, own.Count),
            interval.Low,
            interval.High,
            baseline is null ? null : Paired(standing, baseline.Standing, own.Count)
        );
    }

    /// <summary>Compares two models on the same rows.</summary>
    public static PairedFigure Paired(IReadOnlySet<string> own, IReadOnlySet<string> baseline, int count)
    {
        var (here, there) = (own.Count(id => !baseline.Contains(id)), baseline.Count(id => !own.Contains(id)));
        var pairs = PairedComparison.Of(here, there, count);
        var (low, high) = pairs.Interval;
        return new PairedFigure(here, there, pairs.Difference, low, high, pairs.PValue);
    }

    /// <summary>
    /// Why the chosen model is not confirmed on the reported rows, as a clause; null if it is.
    /// </summary>
    /// <param name="chosen">Its figures.</param>
    /// <param name="baseline">The baseline's.</param>
    /// <param name="attacks">The attacks of the plan.</param>
    /// <param name="cleanLoss">Allowed loss of clean accuracy.</param>
    public static string? Doubt(HardenRow chosen, HardenRow baseline, IReadOnlyList<string> attacks, double cleanLoss)
    {
        if (
            Of(chosen, attacks[0])
            is not { Repeated: true, AgainstBaseline: { Difference: > 0, PValue: < HardenSelection.Level } }
        )
            return "the reported rows do not confirm it";
        if (Of(chosen, attacks[^1])?.AgainstBaseline is not { } last)
            return $"the budget ran out before {attacks[^1]} on the reported rows";
        if (
            last is { Difference: < 0, PValue: < HardenSelection.Level }
            || last.Difference < -HardenSelection.Near - HardenSelection.Rounding
        )
            return $"under {attacks[^1]}, whose dictionary it never saw, it loses "
                + $"{HardenSelection.Points(-last.Difference)} on the reported rows";
        var lost = baseline.Clean - chosen.Clean;
        return lost > cleanLoss + HardenSelection.Rounding
            ? $"on the reported rows it loses {HardenSelection.Points(lost)} of clean accuracy, where "
                + $"{HardenSelection.Points(cleanLoss)} are allowed"
            : null;
    }

    // The interval excludes neither zero nor a worthwhile gain.
    private static bool IsOpen(PairedFigure paired) =>
        paired.PValue >= HardenSelection.Level && paired.High >= Worthwhile;

    /// <summary>The figure of an attack; null if the budget ended before it.</summary>
    public static HardenFigure? Of(HardenRow row, string attack) => row.Figures.FirstOrDefault(f => f.Attack == attack);

    /// <summary>
    /// Returns a phrase, to follow the model's name, if the model withstands an attack in only one
    /// class; null otherwise.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="attack">The attack.</param>
    /// <param name="report">Result of the attack.</param>
    /// <param name="labels">Class names of the data.</param>
    public static string? OneSided(
        HardenModel model,
        string attack,
        AttackReport report,
        IReadOnlyList<string> labels
    ) => OneSided(model, attack, report.Outcomes.Select(o => (o.Label, o.Result == AttackResult.Failed)), labels);

    /// <summary>As the other overload, from rows.</summary>
    /// <param name="model">The model.</param>
    /// <param name="attack">The attack.</param>
    /// <param name="rows">Each row's label as a class index of the model, and whether it
    /// withstood.</param>
    /// <param name="labels">Class names of the data.</param>
    public static string? OneSided(
        HardenModel model,
        string attack,
        IEnumerable<(int Label, bool Withstood)> rows,
        IReadOnlyList<string> labels
    ) =>
        ClassShare.OneSided(
            ClassShare.Of(rows),
            label => labels[model.Classes is { } classes ? classes.ToList().IndexOf(label) : label]
        )
            is { } where
            ? $"withstands {attack} {where}"
            : null;

    /// <summary>Whether a model is better than predicting the majority class.</summary>
    public static bool HasLearned(HardenRow row, double majority) => row.CleanLow > majority;

    /// <summary>As the other overload, on development rows.</summary>
    public static bool HasLearned(DevelopmentRow row, IReadOnlyList<Example> rows) =>
        WilsonInterval.Of((long)Math.Round(row.Clean * rows.Count), rows.Count).Low > HardenWork.Majority(rows);

    /// <summary>A phrase, to follow the model's name, that it has not learned.</summary>
    /// <param name="clean">Its accuracy.</param>
    /// <param name="majority">Fraction of the majority class.</param>
    /// <param name="rows">Name of the rows.</param>
    public static string NotLearned(double clean, double majority, string rows) =>
        Text(
            $"classifies {100 * clean:0.0} % of {rows} correctly, predicting only the majority class ",
            $"{100 * majority:0.0} %, so it has not learned"
        );

    /// <summary>
    /// The recommendation with its caveats: a baseline robust in one class only, rows that may have
    /// been trained on.
    /// </summary>
    /// <inheritdoc cref="Sentence" path="/param"/>
    public static string Recommendation(
        IReadOnlyList<HardenRow> rows,
        string chosen,
        int tried,
        double majority,
        IReadOnlyList<string> attacks,
        HardenCaveats caveats
    )
    {
        var text = Sentence(rows, chosen, tried, majority, attacks, caveats);
        if (HasLearned(rows[0], majority) && caveats.Unfit.TryGetValue(rows[0].Name, out var why))
            text += $" But {rows[0].Name} {why}.";
        if (rows[0].Name != HardenInputs.OwnName && caveats.Unfit.TryGetValue(HardenInputs.OwnName, out var poor))
            text += $" On development rows your model {poor}; {rows[0].Name} is the baseline instead.";
        return caveats.MayBeSeen
            ? text
                + " The model may have been trained on these rows: figures may be too high, above all those of the "
                + "given model."
            : text;
    }

    /// <summary>The recommendation in one sentence.</summary>
    /// <param name="rows">Models on the reported rows, the baseline first.</param>
    /// <param name="chosen">Name of the chosen model.</param>
    /// <param name="tried">Number of defences tried.</param>
    /// <param name="majority">Fraction of the majority class in the reported rows.</param>
    /// <param name="attacks">The attacks of the plan.</param>
    /// <param name="caveats">Models that are not recommended, and unknown training rows.</param>
    public static string Sentence(
        IReadOnlyList<HardenRow> rows,
        string chosen,
        int tried,
        double majority,
        IReadOnlyList<string> attacks,
        HardenCaveats caveats
    )
    {
        var baseline = rows[0];
        var its = baseline.Name == HardenInputs.OwnName ? "your model" : baseline.Name;
        if (!HasLearned(baseline, majority))
            return Text(
                $"{Nothing}{its} classifies {100 * baseline.Clean:0.0} % ",
                $"of the reported rows correctly, predicting only the majority class {100 * majority:0.0} %; ",
                $"use a larger budget or more rows."
            );
        if (tried == 0)
            return $"{Nothing}no defence fits into this budget besides its attacks; increase it.";
        var plain = baseline.Name == HardenCandidate.FineTune;
        var unfitted = caveats.Unfit.Keys.Count(n => n != baseline.Name && n != HardenInputs.OwnName);
        if (chosen == baseline.Name)
            return $"{(plain ? "Plain fine-tuning is enough" : "Keep your model")}: on development rows none of the "
                + $"{tried} defences tried{Fit(unfitted)} was better under attack at the "
                + "same clean accuracy.";
        var keep = plain ? "Keep plain fine-tuning" : "Keep your model";
        var row = rows.First(r => r.Name == chosen);
        if (Of(row, attacks[0]) is not { AgainstBaseline: { } paired } first || Of(row, attacks[^1]) is not { } last)
            return $"{keep}: {chosen} was best on development rows, but the budget ran out before the reported rows "
                + "could confirm it.";
        var figures = Text(
            $"under {first.Attack} it keeps {100 * first.Aua:0.0} % of {first.Examples} ",
            $"{(caveats.MayBeSeen ? "rows that may have been trained on" : "unseen rows")} ",
            $"where {its} keeps {100 * (first.Aua - paired.Difference):0.0} % ",
            $"({100 * paired.Difference:+0.0;-0.0;0.0} points, 95 % interval ",
            $"{100 * paired.Low:+0.0;-0.0} to {100 * paired.High:+0.0;-0.0}, {P(paired.PValue)})"
        );
        if (caveats.Unfit.TryGetValue(chosen, out var unfit))
            return $"{keep}: {chosen} was best on development rows, but {unfit}; {figures}.";
        if (Doubt(row, baseline, attacks, caveats.CleanLoss) is { } doubt)
            return $"{keep}: {chosen} was best on development rows, but {doubt}; {figures}"
                + (
                    IsOpen(paired)
                        ? "; with so few rows a gain is still possible, use a larger budget or more rows."
                        : "."
                );
        var unseen =
            attacks.Count > 1 && last.AgainstBaseline is { } other
                ? Text(
                    $", under {last.Attack}, whose dictionary it never saw, ",
                    $"{100 * other.Difference:+0.0;-0.0;0.0} points ({100 * other.Low:+0.0;-0.0} to ",
                    $"{100 * other.High:+0.0;-0.0}, {P(other.PValue)})"
                )
                : "";
        return Text(
            $"Use {chosen}: {figures}{unseen}, at {100 * row.Clean:0.0} % clean accuracy ",
            $"against {100 * baseline.Clean:0.0} % and {100 * row.Size:0} % of the encoder."
        );
    }

    private static string Fit(int unfit) =>
        unfit == 0 ? "" : $", {unfit} of which withstand in one class only or have not learned,";

    /// <summary>A p value as text.</summary>
    internal static string P(double p) => $"p {PairedComparison.Text(p)}";

    private static double? Temperature(AttackReport? report) =>
        report?.Settings.Run.FirstOrDefault(l => l.Item == "temperature") is { } line
            ? double.Parse(line.Value, CultureInfo.InvariantCulture)
            : null;
}
