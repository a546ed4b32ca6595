// The methods that a report compares: the runs of one recipe over its seeds if all recipes have the
// same seeds, which gives one test over the examples that the seeds share; otherwise single runs.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Reports;

/// <summary>A method of a report.</summary>
/// <param name="Label">Name in sentences.</param>
/// <param name="Runs">Its runs, one per seed.</param>
internal sealed record ReportMethod(string Label, IReadOnlyList<RunRecord> Runs)
{
    /// <summary>The names of its attacks.</summary>
    public IEnumerable<string> Attacks => Runs.SelectMany(r => r.Attacks).Select(a => a.Name).Distinct();

    /// <summary>
    /// Groups of methods that are compared with each other: all of a report, or those of each seed
    /// if the seeds were attacked differently.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<ReportMethod>> Groups(IReadOnlyList<RunRecord> runs)
    {
        if (RunRecord.BySeed(runs) is not { } seeds)
            return
            [
                [.. runs.Select(Single)],
            ];
        var pooled = seeds
            .SelectMany(seed =>
                seed.GroupBy(r => r.Result.Name)
                    .SelectMany(same =>
                        same.Select((run, i) => (Label: i == 0 ? same.Key : $"{same.Key} ({i + 1})", run))
                    )
            )
            .GroupBy(r => r.Label)
            .Select(g => new ReportMethod(g.Key, [.. g.Select(r => r.run)]))
            .ToArray();
        return pooled.All(m => m.IsAttackedAlike)
            ? [pooled]
            : [.. seeds.Select(seed => (IReadOnlyList<ReportMethod>)[.. seed.Select(Single)])];

        static ReportMethod Single(RunRecord run) => new(run.Label, [run]);
    }

    /// <summary>An attack on each run; null if a run lacks it.</summary>
    public IReadOnlyList<AttackRecord>? Under(string attack)
    {
        var found = Runs.Select(r => r.Attacks.FirstOrDefault(a => a.Name == attack)).OfType<AttackRecord>().ToArray();
        return found.Length == Runs.Count ? found : null;
    }

    /// <inheritdoc cref="Difference(ReportMethod, ReportMethod, string)"/>
    public static string? Difference(RunRecord first, RunRecord second, string attack) =>
        Difference(new ReportMethod(first.Label, [first]), new ReportMethod(second.Label, [second]), attack);

    /// <summary>
    /// Why two methods cannot be compared under an attack, as a predicate that follows its name;
    /// null if they can.
    /// </summary>
    public static string? Difference(ReportMethod first, ReportMethod second, string attack)
    {
        var (task, other) = (first.Runs[0].Result.Task, second.Runs[0].Result.Task);
        return task != other
            ? $"was run on different tasks ({task} and {other})"
            : first
                .Under(attack)!
                .Zip(second.Under(attack)!, AttackIdentity.Difference)
                .FirstOrDefault(difference => difference is not null);
    }

    /// <summary>Mean accuracy under attack, in [0, 1].</summary>
    public static double Aua(IReadOnlyList<AttackRecord> attacks) => attacks.Average(a => a.Aua);

    /// <summary>Its 95 % interval over the examples.</summary>
    public static WilsonInterval Interval(IReadOnlyList<AttackRecord> attacks) =>
        attacks.Count == 1
            ? WilsonInterval.Of(attacks[0].Failed, attacks[0].Count)
            : RepeatedShare
                .Interval(attacks.SelectMany(a => a.Examples.Select(e => (e.Id, e.Result == AttackResult.Failed))))
                .GetValueOrDefault();

    // Seeds are compared together only if the same attacks met the same examples in all of them.
    private bool IsAttackedAlike =>
        Runs.All(r =>
            r.Attacks.Select(a => a.Name).SequenceEqual(Runs[0].Attacks.Select(a => a.Name))
            && r.Attacks.Zip(Runs[0].Attacks, AttackIdentity.Difference).All(difference => difference is null)
        );
}
