// The demo's final table: one row per recipe with means over its seeds, and the significance of
// differences to fine-tuning.
using System.Globalization;
using RobustTickets.Reports;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Demo;

/// <summary>Aggregates the runs of a demo over its seeds.</summary>
internal static class DemoTable
{
    /// <summary>One row per recipe, in the order of the runs.</summary>
    public static ReportTable Of(IReadOnlyList<RunRecord> runs)
    {
        string[] attacks = [.. runs.SelectMany(r => r.Attacks).Select(a => a.Name).Distinct()];
        ReportColumn[] columns =
        [
            new("model", "Model", "Recipe of the runs", Numeric: false),
            new("seeds", null, "Training runs, one seed each", Numeric: true),
            new("clean", "Clean %", "Accuracy on the test reviews, mean over seeds", Numeric: true),
            .. attacks.Select(a => new ReportColumn(
                a,
                $"Under {a} %",
                "Accuracy under attack, mean over seeds; below, per seed",
                Numeric: true
            )),
            new("parameters", "Weights", "Parameters without the embedding tables", Numeric: true),
            new("seconds", "Seconds", "Compute of search and retraining, mean over seeds", Numeric: true),
        ];
        return new ReportTable(
            columns,
            [
                .. runs.GroupBy(r => r.Result.Name)
                    .Select(group =>
                        (IReadOnlyList<ReportCell>)
                            [
                                new ReportCell(group.Key),
                                ReportCell.Of(group.Count(), "0"),
                                ReportCell.Percent(group.Average(r => r.Clean)),
                                .. attacks.Select(a => Under(a, [.. group])),
                                new ReportCell(
                                    SummaryTable.Parameters((long)group.Average(r => r.Parameters)),
                                    group.Average(r => r.Parameters)
                                ),
                                ReportCell.Of(group.Average(r => r.CostSeconds), "N1"),
                            ]
                    ),
            ]
        );
    }

    /// <summary>Explains the columns to a new reader.</summary>
    public static IEnumerable<string> Legend(IReadOnlyList<RunRecord> runs)
    {
        var seeds = runs.Select(r => r.Result.Seed).Distinct().Count();
        var attacked = runs.SelectMany(r => r.Attacks).Max(a => a.Count);
        yield return "Clean: accuracy on unseen reviews. Under an attack: accuracy left when it rewords (textfooler,";
        yield return Text(
            $"synonyms) or misspells (deepwordbug) each of {attacked} until the model errs. Higher is better."
        );
        yield return Text(
            $"{(seeds == 1 ? "One training run each." : $"Mean of {seeds} training runs; each in brackets.")} ",
            $"Weights: in encoder and classifier. Seconds: training time."
        );
    }

    /// <summary>
    /// Compares each other recipe with the first, under each attack, over all seeds: difference in
    /// points, and an exact test over the reviews.
    /// </summary>
    public static IEnumerable<string> Sentences(IReadOnlyList<RunRecord> runs)
    {
        var groups = runs.GroupBy(r => r.Result.Name).Select(g => g.ToArray()).ToArray();
        var first = groups[0][0].Result.Name;
        foreach (var attack in runs.SelectMany(r => r.Attacks).Select(a => a.Name).Distinct())
        {
            foreach (var group in groups.Skip(1))
            {
                var (name, points) = (group[0].Result.Name, 100 * (Aua(group) - Aua(groups[0])));
                var sum = PairedComparison.Of(
                    groups[0]
                        .Join(group, r => r.Result.Seed, r => r.Result.Seed, (a, b) => (Of(a, attack), Of(b, attack)))
                );
                var verdict =
                    sum.PValue >= 0.05 ? "not shown to differ from"
                    : points > 0 ? "more robust than"
                    : "less robust than";
                yield return Text(
                    $"{attack}: {name} {verdict} {first} ({points:+0.0;-0.0;0.0} points; {sum.OnlySecond} reviews ",
                    $"withstood only by it, {sum.OnlyFirst} only by {first}; {sum.Test} p ",
                    $"{PairedComparison.Text(sum.PValue)})"
                );
            }

            double Aua(RunRecord[] group) => group.Average(r => Of(r, attack).Aua);
        }
    }

    /// <summary>
    /// Aua by class for attacks that some recipe withstands in one class only: there Aua reflects
    /// the class predicted for illegible text, not robustness.
    /// </summary>
    public static IEnumerable<string> OneSided(IReadOnlyList<RunRecord> runs)
    {
        foreach (var attack in runs.SelectMany(r => r.Attacks).Select(a => a.Name).Distinct())
        {
            var classes = runs.GroupBy(r => r.Result.Name)
                .Select(g => (g.Key, By: ClassShare.Of(g.SelectMany(r => Of(r, attack).Examples))))
                .ToArray();
            if (!classes.Any(c => ClassShare.IsOneSided(c.By)))
                continue;
            var each = classes.Select(c => Text($"{c.Key} {Percent(c.By, 0):0} and {Percent(c.By, 1):0}"));
            yield return $"{attack}, % withstood of negative and of positive reviews: {string.Join(", ", each)}; where "
                + "one is near 0, unreadable texts are assigned to the other class";
        }

        static double Percent(IReadOnlyList<ClassShare> classes, int label) =>
            classes.Where(c => c.Label == label).Select(c => 100 * c.Share).FirstOrDefault();
    }

    private static ReportCell Under(string attack, IReadOnlyList<RunRecord> runs) =>
        new(
            (100 * runs.Average(r => Of(r, attack).Aua)).ToString("0.00", CultureInfo.InvariantCulture),
            100 * runs.Average(r => Of(r, attack).Aua),
            string.Join(
                " / ",
                runs.Select(r => (100 * Of(r, attack).Aua).ToString("0.0", CultureInfo.InvariantCulture))
            )
        );

    private static AttackRecord Of(RunRecord run, string attack) => run.Attacks.Single(a => a.Name == attack);
}
