// Summarises the result in sentences supported by the figures: better, worse or no significant
// difference.
using System.Globalization;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Reports;

internal static class HeadlineText
{
    /// <summary>HTML sentences; empty when no run was attacked.</summary>
    public static IEnumerable<string> Sentences(IReadOnlyList<RunRecord> runs)
    {
        // With several seeds of a recipe, runs are compared with the reference of the same seed.
        if (RunRecord.BySeed(runs) is { } groups)
        {
            foreach (var sentence in groups.SelectMany(Sentences))
                yield return sentence;
            yield break;
        }
        var reference = runs.FirstOrDefault(r => r.Result.Ticket is null) ?? runs[0];
        foreach (var name in runs.SelectMany(r => r.Attacks).Select(a => a.Name).Distinct())
        {
            if (reference.Attacks.FirstOrDefault(a => a.Name == name) is not { } own)
                continue;
            yield return $"Under <b>{Svg.Escape(name)}</b>, {Name(reference)} classifies {Strong(own.Aua)} "
                + $"of {own.Count} examples correctly, down from {Strong(own.Clean)}.";
            foreach (var run in runs.Where(r => r != reference))
            {
                if (run.Attacks.FirstOrDefault(a => a.Name == name) is { } other)
                    yield return Compared(run, other, reference, own);
            }
        }
    }

    private static string Compared(RunRecord run, AttackRecord attack, RunRecord reference, AttackRecord own)
    {
        var points = 100 * (attack.Aua - own.Aua);
        var same = attack.Examples.Select(e => e.Id).Order().SequenceEqual(own.Examples.Select(e => e.Id).Order());
        string judgement;
        if (!same)
            judgement = "on different examples, which cannot be compared";
        else
        {
            var p = PairedComparison.Of((own, attack)).PValue;
            var size = string.Create(
                CultureInfo.InvariantCulture,
                $"{Math.Abs(points):0.0} points {(points >= 0 ? "more" : "fewer")}"
            );
            judgement =
                points == 0 ? "exactly as many"
                : p < 0.05
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"{size} (exact McNemar p {Svg.Escape(PairedComparison.Text(p))})"
                    )
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{size}, which is not significant on this sample (exact McNemar p = {p:0.00})"
                );
        }
        return $"{Name(run)} classifies {Strong(attack.Aua)} correctly: {judgement}. {Cost(run, reference)}";
    }

    private static string Cost(RunRecord run, RunRecord reference)
    {
        var (a, b) = (run.Parameters, reference.Parameters);
        var text =
            a == b
                ? $"It has the same {SummaryTable.Parameters(a)} parameters"
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"It has {SummaryTable.Parameters(a)} of {SummaryTable.Parameters(b)} parameters "
                        + $"({100.0 * (a - b) / b:+0;−0} %)"
                );
        var (mine, other) = (run.CostSeconds, reference.CostSeconds);
        if (mine > 0 && other > 0)
            text += string.Create(
                CultureInfo.InvariantCulture,
                $", took {mine / other:0.00} times the compute seconds to train"
            );
        if (run.Clean is { } clean && reference.Clean is { } cleanOther)
        {
            text += string.Create(
                CultureInfo.InvariantCulture,
                $", and its clean accuracy is {100 * clean:0.0} % against {100 * cleanOther:0.0} %"
            );
        }
        return text + ".";
    }

    private static string Name(RunRecord run) => $"<b>{Svg.Escape(run.Label)}</b>";

    private static string Strong(double share) =>
        string.Create(CultureInfo.InvariantCulture, $"<strong>{100 * share:0.0} %</strong>");
}
