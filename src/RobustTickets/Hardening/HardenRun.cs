// The comparison: split rows, plan, training, choice on development rows, confirmation on reported
// rows (docs/harden.md). Each step writes a file and is skipped on resumption if the file exists.
using RobustTickets.Attacks;
using RobustTickets.Hardening;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets;

/// <summary>Runs a comparison of defences.</summary>
/// <param name="request">The request.</param>
/// <param name="progress">Receives progress, or null.</param>
/// <param name="stop">Cancels the comparison; it can be resumed.</param>
internal sealed class HardenRun(HardenRequest request, IProgress<HardenProgress>? progress, CancellationToken stop)
{
    private readonly HardenFolder _folder = new(
        request.Output ?? throw new ArgumentNullException(nameof(request.Output))
    );

    /// <inheritdoc cref="HardenRequest.Preview"/>
    public IReadOnlyList<string> Preview()
    {
        request.Check();
        var place = Directory.CreateTempSubdirectory("harden-plan").FullName;
        try
        {
            var inputs = Open();
            var folder = new HardenFolder(place);
            using var victims = new HardenVictims(request, inputs, folder, progress, stop);
            victims.Require();
            _ = inputs.TrainingFiles(request);
            var plan = Plan(inputs, folder, Trainer(inputs, folder));
            return [.. inputs.Notes, .. Describe(plan)];
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    /// <inheritdoc cref="HardenRequest.Run"/>
    public HardenResult Run()
    {
        request.Check();
        _folder.Require(request.Resume);
        using var hold = WriterLock.Take(_folder.Path);
        var clock = new BudgetClock(_folder, request.Clock);
        var inputs = Open();
        var plan = _folder.Plan();
        if (plan is not null)
            RequireSame(plan, inputs);
        if (_folder.Result() is { } done)
        {
            Say($"{_folder.Path} is already finished; nothing to do");
            return done;
        }
        if (plan is not null && plan.Rule != HardenSelection.Rule(plan.Goal, plan.CleanLoss))
            throw new DataException(
                $"{_folder.PlanFile}: another version of the program fixed another rule there; go on with that "
                    + "version, or use another folder"
            );
        if (plan is not null)
            _folder.RequireRows(inputs.Rows);
        foreach (var note in inputs.Notes)
            Say(note);
        using var victims = new HardenVictims(request, inputs, _folder, progress, stop, clock);
        var (encoders, dictionaries) = (victims.Require(), inputs.TrainingFiles(request));
        var trainer = Trainer(inputs, _folder);
        if (plan is null)
            plan = Begin(inputs, trainer, encoders, dictionaries, clock);
        else
            RequireSameFiles(plan, encoders, dictionaries);
        foreach (var line in Describe(plan))
            Say(line);
        try
        {
            return Compare(plan, inputs, trainer, victims, clock);
        }
        finally
        {
            clock.Save();
        }
    }

    private HardenResult Compare(
        HardenPlan plan,
        HardenInputs inputs,
        HardenTrainer trainer,
        HardenVictims victims,
        BudgetClock clock
    )
    {
        var work = new HardenWork(plan, inputs, _folder, trainer, victims, clock, Say);
        var choice = _folder.Choice();
        if (choice is null)
        {
            choice = new HardenDevelopment(work).Choose();
            _folder.Save(choice);
        }
        Say($"chosen on development rows: {choice.Chosen}");
        choice = work.TrainSeeds(choice);
        _folder.Save(choice);
        var result = new HardenConfirmation(work, choice, request.CommandOf).Make();
        // Written last: the result marks the comparison as complete.
        HardenReport.Write(result, _folder);
        clock.Set(s => s);
        _folder.Save(result);
        return result;
    }

    // A rejected plan leaves no files, so the next request need not resume it.
    private HardenPlan Begin(
        HardenInputs inputs,
        HardenTrainer trainer,
        string encoders,
        string dictionaries,
        BudgetClock clock
    )
    {
        clock.Set(s => s);
        try
        {
            var plan = Plan(inputs, _folder, trainer) with { Encoders = encoders, Dictionaries = dictionaries };
            _folder.Save(plan);
            clock.Set(s => s);
            return plan;
        }
        catch
        {
            _folder.Forget();
            throw;
        }
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
                request.Time,
                seconds,
                rows.Train.Count,
                rows.Development.Count,
                rows.Reported.Count,
                inputs.MaxLength,
                rows.WordsOfText(),
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

    // Resuming must not change the plan's inputs; options that may differ are reported.
    private void RequireSame(HardenPlan plan, HardenInputs inputs)
    {
        if (plan.Inputs != inputs.Hash)
            throw Changed("rows, model, precision, device, attacks, goal or allowed loss of clean accuracy");
        if (plan.BudgetSeconds != request.Time.TotalSeconds)
            Say($"the budget stays at {HardenPlan.Minutes(plan.BudgetSeconds)}, as planned");
        if (plan.Seeds != request.Seeds)
            Say($"the number of seeds stays at {plan.Seeds}, as planned");
    }

    private void RequireSameFiles(HardenPlan plan, string encoders, string dictionaries)
    {
        if (plan.Encoders != encoders)
            throw Changed("sentence encoders of the attacks");
        if (plan.Dictionaries != dictionaries)
            throw Changed("the dictionaries that defences train on");
    }

    private DataException Changed(string what) =>
        new($"{_folder.Path}: {what} have changed since it was started; use another folder");

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

    private void Say(string text) => progress?.Report(new HardenNote(text));
}
