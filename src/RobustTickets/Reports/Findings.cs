// Automatic checks of the report: numbers that do not support a conclusion, invalid comparisons,
// runs that did not do what was requested. Each finding states its figures.
using System.Globalization;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Runs;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Reports;

/// <summary>Severity of a finding.</summary>
public enum FindingLevel
{
    /// <summary>For information.</summary>
    Note,

    /// <summary>A conclusion from the numbers may be wrong.</summary>
    Warning,
}

/// <summary>A limitation of the report's numbers that readers must know.</summary>
/// <param name="Level">Severity.</param>
/// <param name="Subject">The run or runs concerned.</param>
/// <param name="Text">Description with figures.</param>
public sealed record Finding(FindingLevel Level, string Subject, string Text);

/// <summary>Finds limitations of the report's numbers.</summary>
public static class Findings
{
    /// <summary>Minimum number of attacked examples to compare models.</summary>
    public const int FewExamples = 100;

    /// <summary>All findings of the runs, warnings first.</summary>
    /// <param name="runs">The runs of a report.</param>
    public static IReadOnlyList<Finding> Of(IReadOnlyList<RunRecord> runs)
    {
        IReadOnlyList<RunRecord[]> seeds =
            RunRecord.BySeed(runs)
            ??
            [
                [.. runs],
            ];
        var tests = ReportMethod.Groups(runs).SelectMany(Tests).ToArray();
        var several =
            tests.Count(t => t.Tested) > 1
                ? new[] { new Finding(FindingLevel.Note, "tests", HeadlineText.Uncorrected) }
                : [];
        return
        [
            .. runs.SelectMany(OfRun)
                .Concat(OneSeed(runs))
                .Concat(seeds.SelectMany(Between))
                .Concat(tests.Select(t => t.Finding))
                .Concat(several)
                .OrderByDescending(f => f.Level),
        ];
    }

    private static IEnumerable<Finding> OfRun(RunRecord run)
    {
        Finding Warn(params FormattableString[] text) => new(FindingLevel.Warning, run.Label, Text(text));
        Finding Note(params FormattableString[] text) => new(FindingLevel.Note, run.Label, Text(text));

        if (run.Result.Stages.FirstOrDefault(s => !double.IsFinite(s.FinalLoss)) is { } broken)
            yield return Warn($"the last loss of stage {broken.Stage} is {broken.FinalLoss}.");
        if (run.Clean is null)
            yield return Warn($"no clean accuracy was measured.");
        if (!PartName.IsTest(run.Result.EvaluatedSplit))
            yield return Note(
                $"clean accuracy is that of split {run.Result.EvaluatedSplit} ({run.Result.EvaluatedExamples} ",
                $"examples): no labelled test split was evaluated."
            );
        if (run.SavedTicket is { } saved)
            yield return Note($"its ticket was found by the search of {saved}, which its seconds and GFLOP lack.");
        if (run.Attacks.Count == 0)
            yield return Warn($"was not attacked: nothing is known about its robustness.");
        foreach (var attack in run.Unjudged)
            yield return Warn(
                $"{attack.Name} has no results: every example failed with a technical error, or the attack has ",
                $"only just started."
            );

        foreach (var attack in run.Attacks)
        {
            if (attack.Missing > 0)
                yield return Warn(
                    $"{attack.Name} is not finished: {attack.Missing} examples are still to be attacked, ",
                    $"and its figures cover only the first {attack.Count}; run the same command again to continue."
                );
            if (attack.Count < FewExamples)
            {
                var interval = WilsonInterval.Of(attack.Failed, attack.Count);
                yield return Warn(
                    $"{attack.Name} attacked n = {attack.Count} examples, fewer than {FewExamples}: accuracy ",
                    $"under attack is only known to lie between {100 * interval.Low:0.0} and ",
                    $"{100 * interval.High:0.0} %."
                );
            }
            if (run.Clean < attack.MajorityShare)
                yield return Warn(
                    $"clean accuracy {100 * run.Clean:0.0} % is below the majority class ",
                    $"({100 * attack.MajorityShare:0.0} % of the examples that {attack.Name} attacked)."
                );
            if (
                run.Clean is { } clean
                && !WilsonInterval
                    .Of(attack.Succeeded + attack.Failed, attack.Count)
                    .Overlaps(SummaryTable.CleanInterval(run) ?? new(clean, clean))
            )
            {
                yield return Warn(
                    $"{attack.Name} measured {100 * attack.Clean:0.0} % accuracy on its examples before the attack, ",
                    $"but clean accuracy is {100 * clean:0.0} %: the attacked examples differ from the ",
                    $"evaluation split, or were read differently."
                );
            }
            if (ClassShare.OneSided(ClassShare.Of(attack.Examples), label => $"{label}") is { } where)
                yield return Warn($"{attack.Name} is withstood {where}.");
            foreach (var (name, stated, found) in Contradictions(attack))
                yield return Warn(
                    $"{attack.Name}: summary.json says {name} = {stated}, examples.jsonl gives {found:0.####}."
                );
        }

        if (run.Result.Ticket is { } ticket)
        {
            if (!ticket.Converged)
                yield return Warn(
                    $"the search never converged: rule {ticket.StopRule} did not hold within ",
                    $"{ticket.StoppedAtEpoch:0.##} epochs, and the ticket is that of step {ticket.DrawnAtStep}."
                );
            var layers = Math.Max(1, ticket.NeuronsPerLayer.Count);
            foreach (
                var finding in new[]
                {
                    Sparsity(run, "head", run.Ticket?.HeadRatio, ticket.HeadsTotal, ticket.HeadsKept, layers),
                    Sparsity(run, "neuron", run.Ticket?.NeuronRatio, ticket.NeuronsTotal, ticket.NeuronsKept, layers),
                }.OfType<string>()
            )
                yield return Warn($"{finding}");
            var width = run.Result.Model.Intermediate;
            for (var l = 0; l < ticket.NeuronsPerLayer.Count; l++)
            {
                if (ticket.NeuronsPerLayer[l] < 0.1 * width)
                    yield return Warn(
                        $"layer {l} kept {ticket.NeuronsPerLayer[l]} of {width} neurons: it is almost fully pruned."
                    );
            }
        }
    }

    // Counts follow from the interpolated quantile: floor(r (n - 1)) + 1 of n are pruned, none for
    // r = 0; of the n of each layer if layers are drawn separately. Without a recorded scope (a
    // saved ticket) both are accepted.
    private static string? Sparsity(RunRecord run, string unit, double? ratio, int total, int kept, int layers)
    {
        if (ratio is not { } r || total == 0)
            return null;
        int Asked(int pools) => r <= 0 ? 0 : pools * ((int)Math.Floor(r * ((total / pools) - 1)) + 1);
        int[] asked = run.RecipeValue($"draw.{unit}-scope") switch
        {
            "layerwise" => [Asked(layers)],
            null => [Asked(1), Asked(layers)],
            _ => [Asked(1)],
        };
        return asked.Contains(total - kept)
            ? null
            : Text(
                $"{total - kept} of {total} {unit}s were pruned ({100.0 * (total - kept) / total:0.0} %), but ",
                $"the recipe asked for {asked[0]} ({100 * r:0.0} %)."
            );
    }

    private static IEnumerable<(string Name, string Stated, double Found)> Contradictions(AttackRecord attack)
    {
        var found = new Dictionary<string, double>
        {
            ["examples"] = attack.Count,
            ["succeeded"] = attack.Succeeded,
            ["failed"] = attack.Failed,
            ["skipped"] = attack.Skipped,
            ["clean"] = 100 * attack.Clean,
            ["aua"] = 100 * attack.Aua,
            ["suc"] = 100 * attack.Suc,
            ["queries_asked"] = attack.MeanQueries,
            ["queries_forwarded"] = attack.MeanUniqueForwards,
            ["words_changed_percent"] = 100 * attack.WordsChanged,
        };
        foreach (var (name, stated) in attack.Summary)
        {
            if (
                found.TryGetValue(name, out var own)
                && double.TryParse(stated, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                && !(Math.Abs(value - own) < 1e-6)
            )
            {
                yield return (name, stated, own);
            }
        }
    }

    private static IEnumerable<Finding> OneSeed(IReadOnlyList<RunRecord> runs)
    {
        var once = runs.GroupBy(r => r.Result.Name)
            .Where(g => g.Select(r => r.Result.Seed).Distinct().Count() == 1)
            .Select(g => g.Key)
            .ToArray();
        if (runs.Count > 1 && once.Length > 0)
        {
            yield return new(
                FindingLevel.Note,
                string.Join(", ", once),
                "one seed each: the variation between seeds is unknown."
            );
        }
    }

    private static IEnumerable<Finding> Between(IReadOnlyList<RunRecord> runs)
    {
        for (var i = 0; i < runs.Count; i++)
        {
            for (var j = i + 1; j < runs.Count; j++)
            {
                foreach (var finding in Pair(runs[i], runs[j]))
                    yield return finding;
            }
        }
    }

    private static IEnumerable<Finding> Pair(RunRecord a, RunRecord b)
    {
        var subject = $"{a.Label}, {b.Label}";
        Finding Warn(params FormattableString[] text) => new(FindingLevel.Warning, subject, Text(text));

        if (a.Result.Task != b.Result.Task)
        {
            yield return Warn(
                $"are on different tasks ({a.Result.Task} and {b.Result.Task}): their rows cannot be compared."
            );
            yield break;
        }
        if (
            (a.Result.EvaluatedSplit, a.Result.EvaluatedExamples)
            != (b.Result.EvaluatedSplit, b.Result.EvaluatedExamples)
        )
        {
            yield return Warn(
                $"were evaluated on {a.Result.EvaluatedExamples} examples of {a.Result.EvaluatedSplit} and ",
                $"{b.Result.EvaluatedExamples} of {b.Result.EvaluatedSplit}."
            );
        }
        if (a.Result.Model.Base != b.Result.Model.Base)
            yield return Warn($"started from different models ({a.Result.Model.Base} and {b.Result.Model.Base}).");
        if (a.Environment is { } ea && b.Environment is { } eb && (ea.Cpu, ea.Cores) != (eb.Cpu, eb.Cores))
            yield return Warn(
                $"ran on different machines ({ea.Cpu}, {ea.Cores} cores; {eb.Cpu}, {eb.Cores} cores): their ",
                $"seconds cannot be compared."
            );
    }

    // Accuracy under attack of every two methods: what makes it incomparable, or the paired test
    // where the intervals alone decide nothing.
    private static IEnumerable<(Finding Finding, bool Tested)> Tests(IReadOnlyList<ReportMethod> methods) =>
        methods.SelectMany((a, i) => methods.Skip(i + 1).SelectMany(b => Tests(a, b)));

    private static IEnumerable<(Finding Finding, bool Tested)> Tests(ReportMethod a, ReportMethod b)
    {
        // Different tasks are told with the runs.
        if (a.Runs[0].Result.Task != b.Runs[0].Result.Task)
            yield break;
        Finding Of(FindingLevel level, string text) => new(level, $"{a.Label}, {b.Label}", text);
        foreach (var attack in a.Attacks)
        {
            if (a.Under(attack) is not { } first || b.Under(attack) is not { } second)
                continue;
            if (ReportMethod.Difference(a, b, attack) is { } difference)
            {
                var text = $"{attack} {difference}: accuracy under attack cannot be compared.";
                yield return (Of(FindingLevel.Warning, text), false);
                continue;
            }
            if (!ReportMethod.Interval(first).Overlaps(ReportMethod.Interval(second)))
                continue;
            var paired = PairedComparison.Of(first.Zip(second));
            var (own, other) = (ReportMethod.Aua(first), ReportMethod.Aua(second));
            var seeds = first.Count == 1 ? "" : $" in {first.Count} seeds";
            var found = Text(
                $"under {attack} the 95 % intervals of {100 * own:0.0} and {100 * other:0.0} % ",
                $"overlap (n = {first[0].Count}{seeds}); {paired.OnlyFirst} examples only the first withstood, ",
                $"{paired.OnlySecond} only the second ({paired.Test} p {PairedComparison.Text(paired.PValue)}): the ",
                $"difference of {100 * Math.Abs(own - other):0.0} points is "
            );
            yield return paired.PValue < 0.05
                ? (Of(FindingLevel.Note, $"{found}still significant on these examples."), true)
                : (Of(FindingLevel.Warning, $"{found}not significant."), true);
        }
    }
}
