// Development stage: the planned defences are trained and attacked on development rows within the
// budget, and one is chosen by the plan's rule (docs/harden.md, Selection).
using RobustTickets.Attacks;

namespace RobustTickets.Hardening;

/// <summary>Chooses a defence.</summary>
/// <param name="work">The comparison.</param>
internal sealed class HardenDevelopment(HardenWork work)
{
    private const string Part = "development";

    // The baseline and the chosen model.
    private const int Compared = 2;

    private readonly HardenPlan _plan = work.Plan;
    private readonly IReadOnlyList<Example> _rows = work.Inputs.Rows.Development;
    private readonly List<(HardenModel Model, IReadOnlyList<AttackReport> Reports)> _measured = [];

    /// <summary>Trains, attacks development rows, and chooses.</summary>
    public HardenChoice Choose()
    {
        var all = work.Candidates();
        if (work.Inputs.Own is { } own)
            _measured.Add((own, Attack(own)));
        foreach (var defence in _plan.Defences)
        {
            if (work.Clock.State.LeftOut.Any(l => l.Name == defence.Name))
                continue;
            // The baseline of the comparison must not be skipped.
            var deadline = _measured.Count == 0 ? (double?)null : Deadline();
            if (work.TryTrain(defence.Name, all[defence.Name].Recipe, defence.Seconds, deadline))
            {
                var model = work.Model(defence.Name);
                _measured.Add((model, Attack(model)));
            }
        }
        var examples = _measured.Min(m => m.Reports.Min(r => r.Outcomes.Count));
        var common = HardenWork.First(_rows, examples).Select(e => e.Id).ToHashSet(StringComparer.Ordinal);
        var rows = _measured.Select(m => Row(m.Model, m.Reports, common)).ToArray();
        var baseline = rows[0].Name;
        var chosen = HardenSelection.Choose(rows, baseline, _plan.Goal, _plan.CleanLoss);
        var finalists = Finalists(all, rows, baseline, chosen);
        return new HardenChoice(chosen, baseline, examples, rows, finalists, work.ReportedExamples(finalists.Count));
    }

    private DevelopmentRow Row(HardenModel model, IReadOnlyList<AttackReport> reports, IReadOnlySet<string> common)
    {
        var (clean, parameters) = work.Victims.Measure(model, _rows);
        return new DevelopmentRow(
            model.Name,
            clean,
            [
                .. reports.Select(r =>
                    r.Outcomes.Count(o => common.Contains(o.Id) && o.Result == AttackResult.Failed)
                    / (double)common.Count
                ),
            ],
            parameters,
            model == work.Inputs.Own ? 0 : work.Trainer.Seconds(model.Name)
        );
    }

    private IReadOnlyList<AttackReport> Attack(HardenModel model)
    {
        var (first, clock) = (_measured.Count == 0, work.Clock);
        var count = first ? _plan.DevelopmentExamples : clock.State.DevelopmentExamples ?? _plan.DevelopmentExamples;
        work.Say($"attacking {count} development rows: {model.Name}");
        var before = clock.Seconds;
        var fresh = _plan.Attacks.All(a => !HardenFolder.IsDone(work.Folder.Attack(model.Name, Part, a)));
        var on = HardenWork.First(_rows, count);
        var reports = _plan.Attacks.Select(a => work.Victims.Attack(model, Part, a, on)).ToArray();
        clock.Set(s =>
            (fresh ? Measured(s, (clock.Seconds - before) / count) : s) with
            {
                Withstood = Math.Max(reports[0].Aua / 100, s.Withstood ?? 0),
            }
        );
        return reports;

        HardenClock Measured(HardenClock state, double each) =>
            state with
            {
                AttackSeconds = Math.Max(each, state.AttackSeconds ?? 0),
                DevelopmentExamples = first
                    ? HardenPlan.Fitting(
                        HardenPlan.DevelopmentShare * _plan.BudgetSeconds,
                        each * (_plan.Defences.Count + (work.Inputs.Own is null ? 0 : 1)),
                        _plan.DevelopmentExamples
                    )
                    : state.DevelopmentExamples,
            };
    }

    // End of the training time: the attacks on development rows and on a few reported rows follow.
    private double Deadline()
    {
        var state = work.Clock.State;
        var attack = (state.AttackSeconds ?? 0) * (state.DevelopmentExamples ?? _plan.DevelopmentExamples);
        var confirm = work.ConfirmSeconds(Compared, HardenPlan.LeastAttacked);
        return _plan.BudgetSeconds - attack - Math.Max(confirm, HardenPlan.ConfirmShare * _plan.BudgetSeconds);
    }

    // The baseline, the chosen model, the dense twin of a chosen ticket, fine-tuning, and further
    // seeds of the chosen model and of fine-tuning.
    private List<HardenFinalist> Finalists(
        Dictionary<string, HardenCandidate> all,
        DevelopmentRow[] rows,
        string baseline,
        string chosen
    )
    {
        var finalists = new List<HardenFinalist> { new(baseline, HardenRole.Baseline) };
        void Add(string? name, string role)
        {
            if (name is not null && rows.Any(r => r.Name == name) && finalists.TrueForAll(f => f.Name != name))
                finalists.Add(new HardenFinalist(name, role));
        }
        Add(chosen, HardenRole.Chosen);
        Add(all.GetValueOrDefault(chosen)?.Twin, HardenRole.Twin);
        Add(HardenCandidate.FineTune, HardenCandidate.FineTune);
        var repeated = new[] { HardenCandidate.FineTune, chosen }.Where(all.ContainsKey).Distinct().ToArray();
        for (var seed = 2; seed <= _plan.Seeds; seed++)
            finalists.AddRange(
                repeated.Select(name => new HardenFinalist(HardenCandidate.WithSeed(name, seed), HardenRole.Seed, seed))
            );
        return finalists;
    }
}
