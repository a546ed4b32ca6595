// Development: the plan's defences are trained and attacked on development rows, as time allows,
// and one is chosen by the plan's rule (docs/harden.md, Selection).
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Models;
using RobustTickets.Searches;

namespace RobustTickets.Hardening;

/// <summary>Chooses a defence.</summary>
/// <param name="plan">The plan.</param>
/// <param name="inputs">Model and rows.</param>
/// <param name="folder">The folder.</param>
/// <param name="trainer">Trains.</param>
/// <param name="victims">Attacks.</param>
/// <param name="clock">The time spent.</param>
/// <param name="say">Is told sentences.</param>
internal sealed class HardenDevelopment(
    HardenPlan plan,
    HardenInputs inputs,
    HardenFolder folder,
    HardenTrainer trainer,
    HardenVictims victims,
    BudgetClock clock,
    Action<string> say
)
{
    /// <summary>Seed of the order in which rows are attacked.</summary>
    public const ulong OrderSeed = 42;

    // The baseline and the chosen one.
    private const int Compared = 2;

    private readonly Example[] _order =
    [
        .. Splits.Order(inputs.Rows.Development.Count, OrderSeed).Select(i => inputs.Rows.Development[i]),
    ];
    private readonly List<(HardenModel Model, IReadOnlyList<AttackReport> Reports)> _measured = [];

    /// <summary>Trains, attacks development rows, and chooses.</summary>
    public HardenChoice Choose()
    {
        var all = trainer.Candidates(plan.Epochs, plan.TrainRows).ToDictionary(c => c.Name);
        if (inputs.Own is { } own)
            _measured.Add((own, AttackDevelopment(own)));
        foreach (var defence in plan.Defences)
        {
            if (clock.State.LeftOut.Any(l => l.Name == defence.Name))
                continue;
            if (TrainDefence(defence, all[defence.Name]))
            {
                var model = new HardenModel(defence.Name, folder.Model(defence.Name));
                _measured.Add((model, AttackDevelopment(model)));
            }
        }
        var examples = _measured.Min(m => m.Reports.Min(r => r.Outcomes.Count));
        var common = _order.Take(examples).Select(e => e.Id).ToHashSet(StringComparer.Ordinal);
        var rows = _measured.Select(m => Row(m.Model, m.Reports, common)).ToArray();
        var baseline = rows[0].Name;
        var chosen = HardenSelection.Choose(rows, baseline, plan.Goal, plan.CleanLoss);
        var finalists = Finalists(plan, all, rows, baseline, chosen);
        return new HardenChoice(chosen, baseline, examples, rows, finalists, ReportedExamples(finalists.Count));
    }

    private DevelopmentRow Row(HardenModel model, IReadOnlyList<AttackReport> reports, IReadOnlySet<string> common)
    {
        var (clean, parameters) = victims.Measure(model, inputs.Rows.Development);
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
            model == inputs.Own ? 0 : trainer.Seconds(model.Name)
        );
    }

    private IReadOnlyList<AttackReport> AttackDevelopment(HardenModel model)
    {
        var first = _measured.Count == 0;
        var count = first ? plan.DevelopmentExamples : clock.State.DevelopmentExamples ?? plan.DevelopmentExamples;
        say($"attacking {count} development rows: {model.Name}");
        var before = clock.Seconds;
        var fresh = plan.Attacks.All(a => !HardenFolder.IsDone(folder.Attack(model.Name, "development", a)));
        var on = _order.Take(count).ToArray();
        var reports = plan.Attacks.Select(a => victims.Attack(model, "development", a, on)).ToArray();
        clock.Set(s => !fresh ? s : Measured(s, (clock.Seconds - before) / count));
        return reports;

        HardenClock Measured(HardenClock state, double each) =>
            state with
            {
                AttackSeconds = Math.Max(each, state.AttackSeconds ?? 0),
                DevelopmentExamples = first
                    ? HardenPlan.Fitting(
                        HardenPlan.DevelopmentShare * plan.BudgetSeconds,
                        each * (plan.Defences.Count + (inputs.Own is null ? 0 : 1)),
                        plan.DevelopmentExamples
                    )
                    : state.DevelopmentExamples,
            };
    }

    private bool TrainDefence(PlannedDefence defence, HardenCandidate candidate)
    {
        // What everything is compared with is not left out.
        var isFirst = _measured.Count == 0;
        var deadline = Deadline();
        var expected = defence.Seconds * clock.State.TrainingRatio;
        if (!isFirst && !trainer.IsDone(candidate.Name) && clock.Seconds + expected > deadline)
        {
            Leave(
                candidate.Name,
                $"needs about {HardenPlan.Minutes(expected)}, "
                    + $"{HardenPlan.Minutes(Math.Max(0, deadline - clock.Seconds))} are left before the "
                    + "confirming attacks"
            );
            return false;
        }
        say($"training {candidate.Name}");
        var before = clock.Seconds;
        var fresh = !trainer.IsDone(candidate.Name);
        try
        {
            if (!trainer.Train(candidate.Name, candidate.Recipe, clock, isFirst ? null : deadline))
            {
                Leave(candidate.Name, "cut off by the budget while it was trained");
                return false;
            }
        }
        catch (Exception e)
            when (!isFirst && e is (NumericFailureException or NothingLearnedException or RecipeException))
        {
            Leave(candidate.Name, e.Message.Split(';')[0]);
            return false;
        }
        var ratio = (clock.Seconds - before) / defence.Seconds;
        clock.Set(s => fresh ? s with { TrainingRatio = Math.Max(s.TrainingRatio, ratio) } : s);
        return true;
    }

    // When training must be over: the attacks on development rows and on a few reported ones
    // follow.
    private double Deadline()
    {
        var each = clock.State.AttackSeconds ?? 0;
        var attack = each * (clock.State.DevelopmentExamples ?? plan.DevelopmentExamples);
        var attacks = plan.Attacks.Count;
        var confirm = each * HardenPlan.LeastAttacked * Compared * (attacks + 1) / attacks;
        return plan.BudgetSeconds - attack - Math.Max(confirm, HardenPlan.ConfirmShare * plan.BudgetSeconds);
    }

    private void Leave(string name, string reason)
    {
        say($"left out: {name}: {reason}");
        clock.LeaveOut(name, reason);
    }

    // The baseline, what was chosen, the dense network trained like a chosen ticket, fine-tuning,
    // and the chosen one and fine-tuning with further seeds.
    private static List<HardenFinalist> Finalists(
        HardenPlan plan,
        Dictionary<string, HardenCandidate> all,
        DevelopmentRow[] rows,
        string baseline,
        string chosen
    )
    {
        var finalists = new List<HardenFinalist> { new(baseline, "baseline") };
        void Add(string? name, string role)
        {
            if (name is not null && rows.Any(r => r.Name == name) && finalists.TrueForAll(f => f.Name != name))
                finalists.Add(new HardenFinalist(name, role));
        }
        Add(chosen, "chosen");
        Add(all.GetValueOrDefault(chosen)?.Twin, "twin");
        Add(HardenCandidate.FineTune, HardenCandidate.FineTune);
        var repeated = new[] { HardenCandidate.FineTune, chosen }.Where(all.ContainsKey).Distinct().ToArray();
        for (var seed = 2; seed <= plan.Seeds; seed++)
            finalists.AddRange(
                repeated.Select(name => new HardenFinalist(HardenCandidate.WithSeed(name, seed), "seed", seed))
            );
        return finalists;
    }

    // What the time left has room for, one attack repeated at another temperature.
    private int ReportedExamples(int models)
    {
        var attacks = plan.Attacks.Count;
        var each = (clock.State.AttackSeconds ?? 0) * models * (attacks + 1) / attacks;
        return HardenPlan.Fitting(Math.Max(0, plan.BudgetSeconds - clock.Seconds), each, plan.ReportedExamples);
    }
}
