// The comparison: rows in parts, a plan, trainings, the choice on development rows, and once the
// reported rows (docs/harden.md). Every step leaves its file and is skipped when it is there.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Hardening;

namespace RobustTickets;

/// <summary>Compares defences on a user's own rows and recommends one.</summary>
/// <param name="request">What is compared.</param>
/// <param name="progress">Is told what happens.</param>
/// <param name="commandOf">The command line that uses a model folder, for whoever reads the report;
/// null: the folder alone is named.</param>
/// <param name="stop">Ends the work, which goes on the next time.</param>
public sealed class HardenRun(
    HardenRequest request,
    IProgress<HardenProgress>? progress = null,
    Func<string, string>? commandOf = null,
    CancellationToken stop = default
)
{
    private readonly HardenFolder _folder = new(request.Output);

    /// <summary>What would be done, one sentence each: measured, planned, and forgotten.</summary>
    /// <exception cref="RequestException">An option, or the budget, is impossible.</exception>
    /// <exception cref="DataException">Data or resources are missing, or the rows too
    /// few.</exception>
    public IReadOnlyList<string> Preview()
    {
        request.Check();
        var place = Directory.CreateTempSubdirectory("harden-plan").FullName;
        try
        {
            var inputs = Open();
            var folder = new HardenFolder(place);
            var plan = Plan(inputs, folder, Trainer(inputs, folder));
            return [.. inputs.Notes, .. Describe(plan)];
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    /// <summary>Compares, or goes on.</summary>
    /// <inheritdoc cref="Preview" path="/exception"/>
    /// <exception cref="Runs.RunFolderException">The folder cannot take it.</exception>
    /// <exception cref="OperationCanceledException">Stopped; the same request goes on with
    /// <see cref="HardenRequest.Resume"/>.</exception>
    public HardenResult Run()
    {
        request.Check();
        _folder.Require(request.Resume);
        using var hold = WriterLock.Take(_folder.Path);
        if (_folder.Result() is { } done)
        {
            Say($"{_folder.Path} is finished; nothing is left to do");
            return done;
        }
        var clock = new BudgetClock(_folder, request.Clock);
        var inputs = Open();
        foreach (var note in inputs.Notes)
            Say(note);
        var trainer = Trainer(inputs, _folder);
        var plan = _folder.Plan();
        if (plan is null)
        {
            plan = Plan(inputs, _folder, trainer);
            _folder.Save(plan);
            clock.Set(s => s);
        }
        else if (plan.Inputs != inputs.Hash)
            throw new DataException(
                $"{_folder.Path}: rows, model, attacks or goal have changed since it was begun; name another folder"
            );
        foreach (var line in Describe(plan))
            Say(line);
        using var victims = new HardenVictims(
            request,
            inputs.Base,
            _folder,
            inputs.Rows,
            plan.MaxLength,
            progress,
            stop
        );
        foreach (var attack in plan.Attacks)
            victims.Require(attack);
        var choice = _folder.Choice();
        if (choice is null)
        {
            choice = new HardenDevelopment(plan, inputs, _folder, trainer, victims, clock, Say).Choose();
            _folder.Save(choice);
        }
        Say($"chosen on development rows: {choice.Chosen}");
        var finalists = TrainSeeds(plan, choice, trainer, clock);
        var result = Confirm(plan, choice, finalists, inputs, trainer, victims, clock);
        _folder.Save(result);
        HardenReport.Write(result, _folder);
        clock.Set(s => s);
        return result;
    }

    private HardenInputs Open()
    {
        request.Running.Apply();
        return HardenInputs.Open(request, stop);
    }

    private HardenTrainer Trainer(HardenInputs inputs, HardenFolder folder) =>
        new(request, inputs, folder, progress, stop);

    private HardenPlan Plan(HardenInputs inputs, HardenFolder folder, HardenTrainer trainer)
    {
        folder.Write(inputs.Rows);
        Say("measuring the speed of a few steps");
        var seconds = trainer.Probe();
        var rows = inputs.Rows;
        return HardenPlan.Make(
            new HardenFacts(
                inputs.Hash,
                request.Budget,
                seconds,
                rows.Train.Count,
                rows.Development.Count,
                rows.Reported.Count,
                inputs.MaxLength,
                inputs.Attacks.Names,
                request.Seeds,
                request.Goal,
                inputs.Own is not null,
                inputs.IsTicket,
                request.CleanLoss
            ),
            trainer.Candidates
        );
    }

    private static IEnumerable<string> Describe(HardenPlan plan)
    {
        yield return Text(
            $"plan: {plan.TrainRows} of {plan.OfRows} rows, {Epochs(plan)}, {plan.MaxLength} word pieces, "
        )
            + Text(
                $"{plan.DevelopmentExamples} development rows attacked, at most {plan.ReportedExamples} reported ones"
            );
        foreach (var defence in plan.Defences)
            yield return $"  {defence.Name}: {defence.About}, about {HardenPlan.Minutes(defence.Seconds)}";
        foreach (var left in plan.LeftOut)
            yield return $"  left out: {left.Name}: {left.Reason}";
        yield return $"rule: {plan.Rule}";
    }

    private static string Epochs(HardenPlan plan) => plan.Epochs == 1 ? "1 epoch" : Text($"{plan.Epochs:0.#} epochs");

    private List<HardenFinalist> TrainSeeds(
        HardenPlan plan,
        HardenChoice choice,
        HardenTrainer trainer,
        BudgetClock clock
    )
    {
        var kept = new List<HardenFinalist>();
        var all = trainer.Candidates(plan.Epochs, plan.TrainRows).ToDictionary(c => c.Name);
        var perModel = (clock.State.AttackSeconds ?? 0) * choice.ReportedExamples;
        foreach (var finalist in choice.Finalists)
        {
            if (finalist.Seed is { } seed && !trainer.IsDone(finalist.Name))
            {
                var candidate = all[HardenCandidate.WithoutSeed(finalist.Name)];
                var seconds = plan.Defences.Single(d => d.Name == candidate.Name).Seconds * clock.State.TrainingRatio;
                var attacks = perModel * (kept.Count + 1);
                var until = plan.BudgetSeconds - attacks;
                var recipe = candidate.Recipe with { Seed = candidate.Recipe.Seed + seed - 1 };
                if (clock.Seconds + seconds > until || !trainer.Train(finalist.Name, recipe, clock, until))
                {
                    clock.LeaveOut(finalist.Name, "the budget has no room for this seed");
                    Say($"left out: {finalist.Name}: the budget has no room for this seed");
                    continue;
                }
            }
            kept.Add(finalist);
        }
        return kept;
    }

    private HardenResult Confirm(
        HardenPlan plan,
        HardenChoice choice,
        List<HardenFinalist> finalists,
        HardenInputs inputs,
        HardenTrainer trainer,
        HardenVictims victims,
        BudgetClock clock
    )
    {
        var reported = inputs.Rows.Reported;
        var on = Splits
            .Order(reported.Count, HardenDevelopment.OrderSeed)
            .Take(choice.ReportedExamples)
            .Select(i => reported[i])
            .ToArray();
        var models = finalists
            .Select(f => f.Name == HardenInputs.OwnName ? inputs.Own! : new HardenModel(f.Name, _folder.Model(f.Name)))
            .ToArray();
        var reports = AttackReported(plan, finalists, models, on, victims, clock);
        var oneSided = reports
            .Where(r => r.Key.At == Calibration.AsIs)
            .Select(r =>
                HardenEvidence.OneSided(
                    r.Key.Model,
                    r.Key.Attack,
                    r.Value.Outcomes.Select(o => (o.Label, o.Result == AttackResult.Failed)),
                    inputs.Rows.Labels
                )
            )
            .OfType<string>()
            .ToArray();
        foreach (var note in oneSided)
            Say(note);
        var whole = choice.Rows.Max(r => r.Parameters);
        var rows = models.Select((m, i) => Row(m, finalists[i].Role)).ToArray();
        var majority = reported.GroupBy(e => e.Label).Max(g => g.Count()) / (double)reported.Count;
        var confirmed =
            choice.Chosen != choice.Baseline
            && HardenEvidence.HasLearned(rows[0], majority)
            && HardenEvidence.Confirms(rows.First(r => r.Name == choice.Chosen), plan.Attacks);
        var recommended = confirmed ? choice.Chosen : choice.Baseline;
        var place = rows.First(r => r.Name == recommended).Model;
        return new HardenResult(
            HardenPlan.CurrentSchema,
            HardenEvidence.Sentence(rows, choice.Chosen, choice.Rows.Count - 1, majority, plan.Attacks),
            recommended,
            choice.Chosen,
            choice.Baseline,
            commandOf?.Invoke(place) ?? place,
            plan.Rule,
            rows,
            choice.Rows,
            choice.Examples,
            plan.Attacks,
            [.. plan.LeftOut, .. clock.State.LeftOut],
            [.. inputs.Notes, .. oneSided],
            plan.BudgetSeconds,
            clock.Seconds,
            HardenSelection.Dearer(choice.Rows, choice.Baseline, choice.Chosen, plan.CleanLoss)
        );

        HardenRow Row(HardenModel model, string role)
        {
            var (clean, parameters) = victims.Measure(model, reported);
            var interval = WilsonInterval.Of((long)Math.Round(clean * reported.Count), reported.Count);
            return new HardenRow(
                model.Name,
                role,
                model.Folder,
                clean,
                interval.Low,
                interval.High,
                parameters,
                (double?)parameters / whole,
                model.Name == HardenInputs.OwnName ? null : trainer.Seconds(model.Name),
                [.. plan.Attacks.Select(attack => Figure(model, role, attack)).OfType<HardenFigure>()]
            );
        }

        HardenFigure? Figure(HardenModel model, string role, string attack)
        {
            var own = Evidence(model, attack);
            var baseline = role == "baseline" ? null : Evidence(models[0], attack);
            // Both are looked at in the same way.
            if (own is not null && baseline is not null && (own.Calibrated is null || baseline.Calibrated is null))
                (own, baseline) = (own with { Calibrated = null }, baseline with { Calibrated = null });
            return own is null ? null : HardenEvidence.Figure(attack, attack == plan.Attacks[^1], own, baseline);
        }

        AttackEvidence? Evidence(HardenModel model, string attack) =>
            reports.GetValueOrDefault((model.Name, attack, Calibration.AsIs)) is { } asIs
                ? new AttackEvidence(asIs, reports.GetValueOrDefault((model.Name, attack, Calibration.Fitted)))
                : null;
    }

    // What the comparison hangs on comes first; when the budget is spent the rest is left out.
    private Dictionary<(string Model, string Attack, Calibration At), AttackReport> AttackReported(
        HardenPlan plan,
        List<HardenFinalist> finalists,
        HardenModel[] models,
        Example[] on,
        HardenVictims victims,
        BudgetClock clock
    )
    {
        var reports = new Dictionary<(string, string, Calibration), AttackReport>();
        var first = models.Where((_, i) => finalists[i].Role is "baseline" or "chosen").ToArray();
        foreach (var group in new[] { first, [.. models.Except(first)] })
        {
            foreach (var (attack, i) in plan.Attacks.Select((a, i) => (a, i)))
            {
                foreach (var at in i == 0 ? new[] { Calibration.AsIs, Calibration.Fitted } : [Calibration.AsIs])
                {
                    foreach (var model in group)
                    {
                        if (clock.Seconds > plan.BudgetSeconds && !victims.IsDone(model, "reported", attack, at))
                        {
                            clock.LeaveOut($"{attack} on reported rows: {model.Name}", "the budget was spent before");
                            continue;
                        }
                        Say(
                            $"{attack} on {on.Length} reported rows: "
                                + $"{model.Name}{(at == Calibration.Fitted ? ", fitted temperature" : "")}"
                        );
                        reports[(model.Name, attack, at)] = victims.Attack(model, "reported", attack, on, at);
                        clock.Set(s => s);
                    }
                }
            }
        }
        return reports;
    }

    private void Say(string text) => progress?.Report(new HardenNote(text));

    private static string Text(FormattableString text) =>
        text.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
