// Confirmation on the reported rows, used once, after the choice: the finalists are attacked on
// them and compared with the baseline row by row; the chosen model is recommended if that confirms
// it (docs/harden.md, Selection).
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Hardening;

/// <summary>Tests the choice on the reported rows.</summary>
/// <param name="work">The comparison.</param>
/// <param name="choice">The choice on development rows, and the finalists that have a
/// model.</param>
/// <param name="commandOf">Returns the command line that uses a model folder; null: only the folder
/// is named.</param>
internal sealed class HardenConfirmation(HardenWork work, HardenChoice choice, Func<string, string>? commandOf)
{
    private const string Part = "reported";

    private readonly HardenPlan _plan = work.Plan;
    private readonly IReadOnlyList<Example> _reported = work.Inputs.Rows.Reported;

    /// <summary>A finalist and its attacks completed within the budget.</summary>
    private sealed class Contender(HardenModel model, string role)
    {
        public HardenModel Model => model;

        public string Role => role;

        /// <summary>Results by attack.</summary>
        public Dictionary<string, AttackEvidence> Evidence { get; } = [];
    }

    /// <summary>Attacks the finalists, the baseline first, and reports the result.</summary>
    public HardenResult Make()
    {
        Contender[] all = [.. choice.Finalists.Select(f => new Contender(work.Model(f.Name), f.Role))];
        Attack(all);
        HardenRow[] rows = [.. all.Select(c => Row(c, all[0]))];
        var majority = HardenWork.Majority(_reported);
        LeftOutOfPlan[] reported = [.. all.Zip(rows).SelectMany(p => Unfit(p.First, p.Second, majority))];
        foreach (var (name, reason) in reported)
            work.Say($"{name} {reason}");
        var development = choice.Unfit ?? [];
        var unfit = reported.Concat(development).DistinctBy(u => u.Name).ToDictionary(u => u.Name, u => u.Reason);
        var isWorth = HardenEvidence.HasLearned(rows[0], majority);
        var confirmed =
            choice.Chosen != choice.Baseline
            && isWorth
            && !unfit.ContainsKey(choice.Chosen)
            && HardenEvidence.Doubt(rows.First(r => r.Name == choice.Chosen), rows[0], _plan.Attacks, _plan.CleanLoss)
                is null;
        var recommended = confirmed ? choice.Chosen : choice.Baseline;
        var place = rows.First(r => r.Name == recommended).Model;
        return new HardenResult(
            HardenPlan.CurrentSchema,
            HardenEvidence.Recommendation(
                rows,
                choice.Chosen,
                choice.Rows.Count(r => r.Name != choice.Baseline && r.Name != HardenInputs.OwnName),
                majority,
                _plan.Attacks,
                new HardenCaveats(unfit, work.Inputs.MayBeSeen, _plan.CleanLoss)
            ),
            recommended,
            choice.Chosen,
            choice.Baseline,
            commandOf?.Invoke(place) ?? place,
            _plan.Rule,
            rows,
            choice.Rows,
            choice.Examples,
            _plan.Attacks,
            work.LeftOut(choice),
            [
                .. work.Inputs.Notes,
                .. development.Select(u => $"on development rows {u.Name} {u.Reason}"),
                .. reported.Select(u => $"{u.Name} {u.Reason}"),
            ],
            _plan.BudgetSeconds,
            work.Clock.Seconds,
            isWorth
                ? HardenSelection.Dearer(
                    choice.Rows,
                    choice.Baseline,
                    choice.Chosen,
                    _plan.CleanLoss,
                    name =>
                        unfit.ContainsKey(name)
                        || !HardenEvidence.HasLearned(
                            choice.Rows.First(r => r.Name == name),
                            work.Inputs.Rows.Development
                        )
                )
                : null
        );
    }

    // Attacks that no longer fit the budget are recorded as skipped.
    private void Attack(Contender[] all)
    {
        var on = HardenWork.First(_reported, choice.ReportedExamples);
        foreach (var (contender, attack, at) in InOrder(all))
        {
            var (model, name) = (contender.Model, contender.Model.Name);
            if (work.Clock.Seconds > _plan.BudgetSeconds && !work.Victims.IsDone(model, Part, attack, at))
            {
                var again = at == Calibration.AsIs ? "" : " at the fitted temperature";
                work.Clock.LeaveOut($"{attack} on reported rows{again}: {name}", "the budget ran out before");
                continue;
            }
            if (at == Calibration.AsIs)
            {
                work.Say($"{attack} on {on.Length} reported rows: {name}");
                contender.Evidence[attack] = new AttackEvidence(work.Victims.Attack(model, Part, attack, on));
            }
            else if (contender.Evidence.TryGetValue(attack, out var asIs) && !asIs.IsRepeated)
            {
                // Rows already broken need no attack at another temperature.
                var standing = asIs.Standing;
                work.Say($"{attack} on the {standing.Count} rows that withstood: {name}, fitted temperature");
                contender.Evidence[attack] = asIs with
                {
                    Calibrated = work.Victims.Attack(
                        model,
                        Part,
                        attack,
                        Array.FindAll(on, e => standing.Contains(e.Id)),
                        at
                    ),
                };
            }
            work.Clock.Set(s => s);
        }
    }

    // The decisive attacks come first: baseline and chosen model under every attack. Each attack is
    // repeated at the fitted temperature on the rows that withstood it; for the first attack
    // immediately, since it decides, for the others at the end.
    private IEnumerable<(Contender, string Attack, Calibration At)> InOrder(Contender[] all)
    {
        var first = all.Where(c => c.Role is HardenRole.Baseline or HardenRole.Chosen).ToArray();
        Contender[][] groups = [first, [.. all.Except(first)]];
        var attacks =
            from contenders in groups
            from attack in _plan.Attacks
            from at in attack == _plan.Attacks[0] ? Enum.GetValues<Calibration>() : [Calibration.AsIs]
            from contender in contenders
            select (contender, attack, at);
        var repeated =
            from contenders in groups
            from attack in _plan.Attacks.Skip(1)
            from contender in contenders
            select (contender, attack, Calibration.Fitted);
        return attacks.Concat(repeated);
    }

    // Reasons not to recommend a model, as phrases that follow its name.
    private IEnumerable<LeftOutOfPlan> Unfit(Contender contender, HardenRow row, double majority)
    {
        if (!HardenEvidence.HasLearned(row, majority))
            yield return new(row.Name, HardenEvidence.NotLearned(row.Clean, majority, "the reported rows"));
        foreach (var (attack, evidence) in contender.Evidence)
            if (HardenEvidence.OneSided(contender.Model, attack, evidence.AsIs, work.Inputs.Rows.Labels) is { } where)
                yield return new(row.Name, where);
    }

    private HardenRow Row(Contender contender, Contender baseline)
    {
        var model = contender.Model;
        work.Say($"accuracy on {_reported.Count} reported rows: {model.Name}");
        var (clean, parameters) = work.Victims.Measure(model, _reported);
        var interval = WilsonInterval.Of((long)Math.Round(clean * _reported.Count), _reported.Count);
        return new HardenRow(
            model.Name,
            contender.Role,
            model.Folder,
            clean,
            interval.Low,
            interval.High,
            parameters,
            (double?)parameters / choice.Rows.Max(r => r.Parameters),
            model.Name == HardenInputs.OwnName ? null : work.Trainer.Seconds(model.Name),
            [
                .. _plan
                    .Attacks.Where(contender.Evidence.ContainsKey)
                    .Select(attack =>
                        HardenEvidence.Figure(
                            attack,
                            attack == _plan.Attacks[^1],
                            contender.Evidence[attack],
                            contender == baseline ? null : baseline.Evidence.GetValueOrDefault(attack)
                        )
                    ),
            ]
        );
    }
}
