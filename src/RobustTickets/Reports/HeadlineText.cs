// Summarises the result in sentences supported by the figures: better, worse or no significant
// difference.
using System.Globalization;
using RobustTickets.Reports.Figures;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Reports;

internal static class HeadlineText
{
    /// <summary>What is to be said where several p-values stand.</summary>
    public const string Uncorrected =
        "The p-values are not corrected for multiple comparisons: of twenty tests without a difference, one is "
        + "expected to be below 0.05.";

    /// <summary>HTML sentences; empty when no run was attacked.</summary>
    public static IEnumerable<string> Sentences(IReadOnlyList<RunRecord> runs)
    {
        var sentences = ReportMethod.Groups(runs).SelectMany(Sentences).ToArray();
        return sentences.Count(s => s.Tested) > 1
            ? sentences.Select(s => s.Text).Append(Uncorrected)
            : sentences.Select(s => s.Text);
    }

    private static IEnumerable<(string Text, bool Tested)> Sentences(IReadOnlyList<ReportMethod> methods)
    {
        var reference = methods.FirstOrDefault(m => m.Runs[0].Result.Ticket is null) ?? methods[0];
        foreach (var name in methods.SelectMany(m => m.Attacks).Distinct())
        {
            if (reference.Under(name) is not { } own)
                continue;
            var seeds = own.Count == 1 ? "" : $" (mean of {own.Count} seeds)";
            yield return (
                $"Under <b>{Svg.Escape(name)}</b>, {Name(reference)} classifies {Strong(ReportMethod.Aua(own))} "
                    + $"of {own[0].Count} examples correctly{seeds}, down from {Strong(own.Average(a => a.Clean))}.",
                false
            );
            foreach (var method in methods.Where(m => m != reference))
            {
                if (method.Under(name) is { } other)
                    yield return Compared(name, method, other, reference, own);
            }
        }
    }

    private static (string Text, bool Tested) Compared(
        string attack,
        ReportMethod method,
        IReadOnlyList<AttackRecord> found,
        ReportMethod reference,
        IReadOnlyList<AttackRecord> own
    )
    {
        var classifies = $"{Name(method)} classifies {Strong(ReportMethod.Aua(found))} correctly";
        if (ReportMethod.Difference(reference, method, attack) is { } difference)
        {
            var why = Svg.Escape($"{attack} {difference}");
            return ($"{classifies}, which cannot be compared: {why}. {Cost(method, reference)}", false);
        }
        var points = 100 * (ReportMethod.Aua(found) - ReportMethod.Aua(own));
        var test = PairedComparison.Of(own.Zip(found));
        var size = Text($"{Math.Abs(points):0.0} points {(points >= 0 ? "more" : "fewer")}");
        var judgement =
            points == 0 ? "exactly as many"
            : test.PValue < 0.05 ? $"{size} ({test.Test} p {Svg.Escape(PairedComparison.Text(test.PValue))})"
            : $"{size}, which is not significant on this sample ({test.Test} p "
                + $"{PairedComparison.Text(test.PValue)})";
        return ($"{classifies}: {judgement}. {Cost(method, reference)}", points != 0);
    }

    private static string Cost(ReportMethod method, ReportMethod reference)
    {
        var (a, b) = (Parameters(method), Parameters(reference));
        var text =
            a == b
                ? $"It has the same {SummaryTable.Parameters(a)} parameters"
                : Text(
                    $"It has {SummaryTable.Parameters(a)} of {SummaryTable.Parameters(b)} parameters ",
                    $"({100.0 * (a - b) / b:+0;−0} %)"
                );
        if (method.Runs[0].Result.Task != reference.Runs[0].Result.Task)
            return text + ".";
        var (mine, other) = (method.Runs.Average(r => r.CostSeconds), reference.Runs.Average(r => r.CostSeconds));
        if (mine > 0 && other > 0)
            text += Text(
                $", took {mine / other:0.00} times the compute seconds to train{Uncounted(method, reference)}"
            );
        if (Clean(method) is { } clean && Clean(reference) is { } cleanOther)
            text += Text($", and its clean accuracy is {100 * clean:0.0} % against {100 * cleanOther:0.0} %");
        return text + ".";
    }

    // A saved ticket's search was run, and counted, by another run.
    private static string Uncounted(ReportMethod method, ReportMethod reference) =>
        (Saved(method), Saved(reference)) switch
        {
            (true, true) => " (without the searches of the saved tickets)",
            (true, false) => " (without the search of its saved ticket)",
            (false, true) => " (the other without the search of its saved ticket)",
            _ => "",
        };

    private static bool Saved(ReportMethod method) => method.Runs.Any(r => r.SavedTicket is not null);

    private static long Parameters(ReportMethod method) => (long)Math.Round(method.Runs.Average(r => r.Parameters));

    private static double? Clean(ReportMethod method) =>
        method.Runs.All(r => r.Clean is not null) ? method.Runs.Average(r => r.Clean) : null;

    private static string Name(ReportMethod method) => $"<b>{Svg.Escape(method.Label)}</b>";

    private static string Strong(double share) => Text($"<strong>{100 * share:0.0} %</strong>");
}
