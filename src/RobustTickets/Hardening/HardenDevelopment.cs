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

    // Also the dense twin of a ticket, and fine-tuning.
    private const int MostFinalists = 4;

    // Reported rows may take longer, and attacks are repeated while the budget lasts.
    private const double Margin = 1.5;

    // Minimum fraction of the budget, even if attacks on development rows were fast.
    private const double LeastShare = 0.1;

    private readonly HardenPlan _plan = work.Plan;
    private readonly IReadOnlyList<Example> _rows = work.Inputs.Rows.Development;
    private readonly List<(HardenModel Model, IReadOnlyList<AttackReport> Reports)> _measured = [];
    private readonly List<HardenCandidate> _trained = [];

    /// <summary>Trains, attacks development rows, and chooses.</summary>
    public HardenChoice Choose()
    {
        var all = work.Candidates();
        if (work.Inputs.Own is { } own)
            _measured.Add((own, Attack(own)));
        foreach (var defence in _plan.Defences)
            TryAdd(all[defence.Name], reserved: 0);
        TakeUp(all);
        var examples = _measured.Min(m => m.Reports.Min(r => r.Outcomes.Count));
        var common = HardenWork.First(_rows, examples).Select(e => e.Id).ToHashSet(StringComparer.Ordinal);
        var rows = _measured.Select(m => Row(m.Model, m.Reports, common)).ToArray();
        var baseline = Baseline(rows, _rows);
        LeftOutOfPlan[] unfit =
        [
            .. rows.Zip(_measured).SelectMany(p => Unfit(p.First, p.Second.Model, p.Second.Reports, baseline)),
        ];
        foreach (var (name, reason) in unfit)
            work.Say($"on development rows {name} {reason}");
        var names = unfit.Select(u => u.Name).ToHashSet(StringComparer.Ordinal);
        var chosen = HardenSelection.Choose(rows, baseline, _plan.Goal, _plan.CleanLoss, names.Contains);
        var finalists = Finalists(all, rows, baseline, chosen);
        var reported = work.ReportedExamples(finalists.Count);
        return new HardenChoice(chosen, baseline, examples, rows, finalists, reported, unfit.Length > 0 ? unfit : null);
    }

    // Trains and attacks a defence if time allows; one that was skipped before stays skipped.
    private void TryAdd(HardenCandidate defence, double reserved)
    {
        if (work.Clock.State.LeftOut.Any(l => l.Name == defence.Name))
            return;
        // The baseline of the comparison must not be skipped.
        var deadline = _measured.Count == 0 ? (double?)null : Deadline() - reserved;
        if (work.TryTrain(defence.Name, defence.Recipe, work.Planned(defence, _trained), deadline))
        {
            _trained.Add(defence);
            var model = work.Model(defence.Name);
            _measured.Add((model, Attack(model)));
        }
    }

    // Tries the defences that did not fit the plan: trainings and attacks are timed by now. Models,
    // rows and order are the plan's.
    private void TakeUp(Dictionary<string, HardenCandidate> all)
    {
        foreach (var left in _plan.LeftOut)
        {
            if (!all.TryGetValue(left.Name, out var defence) || (work.Inputs.IsTicket && defence.Twin is not null))
                continue;
            TryAdd(defence, work.SeedSeconds());
        }
    }

    /// <summary>
    /// The baseline: the given model, or fine-tuning without one; also if the given model has not
    /// learned these classes and fine-tuning has, as any defence is better than such a model.
    /// </summary>
    /// <param name="models">All models, the given one or fine-tuning first.</param>
    /// <param name="on">The development rows.</param>
    internal static string Baseline(IReadOnlyList<DevelopmentRow> models, IReadOnlyList<Example> on) =>
        !HardenEvidence.HasLearned(models[0], on)
        && models.FirstOrDefault(r => r.Name == HardenCandidate.FineTune) is { } control
        && HardenEvidence.HasLearned(control, on)
            ? control.Name
            : models[0].Name;

    // Reasons not to choose a model, as phrases that follow its name.
    private IEnumerable<LeftOutOfPlan> Unfit(
        DevelopmentRow row,
        HardenModel model,
        IReadOnlyList<AttackReport> reports,
        string baseline
    )
    {
        var majority = HardenWork.Majority(_rows);
        if (row.Clean <= majority || (model == work.Inputs.Own && row.Name != baseline))
            yield return new(row.Name, HardenEvidence.NotLearned(row.Clean, majority, "them"));
        foreach (var (attack, report) in _plan.Attacks.Zip(reports))
            if (HardenEvidence.OneSided(model, attack, report, work.Inputs.Rows.Labels) is { } where)
                yield return new(row.Name, where);
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
        var stage = $"attacks on {model.Name}";
        var fresh =
            clock.IsOpen(stage)
            || _plan.Attacks.All(a => !HardenFolder.IsDone(work.Folder.Attack(model.Name, Part, a)));
        var before = clock.Began(stage);
        var on = HardenWork.First(_rows, count);
        var reports = _plan.Attacks.Select(a => work.Victims.Attack(model, Part, a, on)).ToArray();
        clock.Set(s =>
            (fresh ? Measured(s, (clock.Seconds - before) / count) : s) with
            {
                Withstood = Math.Max(reports[0].Aua / 100, s.Withstood ?? 0),
                Stage = null,
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

    // End of the training time. Attacks on development and reported rows follow; they get a
    // fraction of the budget or, if less, the time measured for them.
    private double Deadline()
    {
        var state = work.Clock.State;
        var attack = (state.AttackSeconds ?? 0) * (state.DevelopmentExamples ?? _plan.DevelopmentExamples);
        var finalists = MostFinalists + (2 * (_plan.Seeds - 1));
        var share = HardenPlan.ConfirmShare * _plan.BudgetSeconds;
        var measured = Margin * work.ConfirmSeconds(finalists, _plan.ReportedExamples);
        var confirm = Math.Clamp(measured, LeastShare * _plan.BudgetSeconds, share);
        var least = work.ConfirmSeconds(Compared, HardenPlan.LeastAttacked);
        return _plan.BudgetSeconds - attack - Math.Max(least, state.AttackSeconds is null ? share : confirm);
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
