// Shared state of a comparison's stages, and training within its budget: a defence, or a further
// seed of one, is trained if the following attacks still fit, else recorded as skipped.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Models;
using RobustTickets.Searches;

namespace RobustTickets.Hardening;

/// <summary>A running comparison.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Inputs">Model, rows and attacks.</param>
/// <param name="Folder">The folder.</param>
/// <param name="Trainer">Runs training.</param>
/// <param name="Victims">Runs attacks.</param>
/// <param name="Clock">Clock of the budget.</param>
/// <param name="Say">Receives messages.</param>
internal sealed record HardenWork(
    HardenPlan Plan,
    HardenInputs Inputs,
    HardenFolder Folder,
    HardenTrainer Trainer,
    HardenVictims Victims,
    BudgetClock Clock,
    Action<string> Say
)
{
    private const ulong OrderSeed = 42;

    // An attack that fails uses more queries than the mean.
    private const double LongerWhereWithstood = 1.5;

    /// <summary>The first rows of a part in the order in which they are attacked.</summary>
    public static Example[] First(IReadOnlyList<Example> rows, int count) =>
        [.. Splits.Order(rows.Count, OrderSeed).Take(count).Select(i => rows[i])];

    /// <summary>The defences of the plan by name.</summary>
    public Dictionary<string, HardenCandidate> Candidates() =>
        Trainer.Candidates(Plan.Epochs, Plan.TrainRows).ToDictionary(c => c.Name);

    /// <summary>A trained model of the comparison, or the given one.</summary>
    public HardenModel Model(string name) =>
        name == HardenInputs.OwnName ? Inputs.Own! : new HardenModel(name, Folder.Model(name));

    /// <summary>Planned seconds of a training.</summary>
    /// <param name="defence">The defence.</param>
    /// <param name="before">As in <see cref="HardenPlan.Seconds"/>.</param>
    public double Planned(HardenCandidate defence, params IEnumerable<HardenCandidate> before) =>
        HardenPlan.Seconds(defence, Plan.TrainRows, Plan.SecondsPerRow, before);

    /// <summary>Expected seconds of a training, as fast as those so far.</summary>
    private double Expected(HardenCandidate defence) => Planned(defence) * Ratio;

    // Measured to planned time of trainings.
    private double Ratio => Clock.State.TrainingRatio ?? 1;

    /// <summary>
    /// Defences that were left out of the plan or later, without those that were added after all.
    /// </summary>
    public IReadOnlyList<LeftOutOfPlan> LeftOut(HardenChoice choice)
    {
        var later = Clock.State.LeftOut;
        var known = choice.Rows.Select(r => r.Name).Concat(later.Select(l => l.Name)).ToHashSet(StringComparer.Ordinal);
        return [.. Plan.LeftOut.Where(l => !known.Contains(l.Name)), .. later];
    }

    /// <summary>Fraction of the majority class.</summary>
    public static double Majority(IReadOnlyList<Example> rows) =>
        rows.GroupBy(e => e.Label).Max(g => g.Count()) / (double)rows.Count;

    /// <summary>Maximum expected seconds of the trainings with further seeds.</summary>
    public double SeedSeconds() =>
        Plan.Seeds < 2 ? 0 : (Plan.Seeds - 1) * Ratio * (Plan.Defences[0].Seconds + Plan.Defences.Max(d => d.Seconds));

    /// <summary>
    /// Expected seconds on the reported rows: attacks, and accuracy on all of them.
    /// </summary>
    public double ConfirmSeconds(int models, int examples) =>
        AttackSeconds(models, examples)
        + HardenPlan.MeasureSeconds(models, Inputs.Rows.Reported.Count, Plan.SecondsPerRow);

    // The first attack is repeated, at another temperature, on the rows that withstand it.
    private double AttackSeconds(int models, int examples)
    {
        var attacks = Plan.Attacks.Count;
        var repeated = Math.Min(1, LongerWhereWithstood * (Clock.State.Withstood ?? 1));
        return (Clock.State.AttackSeconds ?? 0) * models * examples * (attacks + repeated) / attacks;
    }

    /// <summary>Number of reported rows that fit the remaining time.</summary>
    public int ReportedExamples(int models) =>
        HardenPlan.Fitting(
            Math.Max(0, Plan.BudgetSeconds - Clock.Seconds - ConfirmSeconds(models, examples: 0)),
            AttackSeconds(models, examples: 1),
            Plan.ReportedExamples
        );

    /// <summary>
    /// Trains or resumes; records it as skipped if training fails or takes too long.
    /// </summary>
    /// <param name="name">Name of the run.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="planned">Planned seconds.</param>
    /// <param name="deadline">Clock seconds at which training must end; null: it is the baseline of
    /// the comparison and is never skipped.</param>
    public bool TryTrain(string name, Recipe recipe, double planned, double? deadline)
    {
        var expected = planned * Ratio;
        var fresh = !Trainer.IsDone(name);
        if (fresh && Clock.Seconds + expected > deadline)
        {
            var left = HardenPlan.Minutes(Math.Max(0, deadline.Value - Clock.Seconds));
            Leave(
                name,
                $"needs about {HardenPlan.Minutes(expected)}, but only {left} are left before the confirmation attacks"
            );
            return false;
        }
        Say($"training {name}");
        var before = Clock.Began($"training of {name}");
        try
        {
            if (!Trainer.Train(name, recipe, Clock, deadline))
            {
                Leave(name, "stopped during training when the budget ran out");
                return false;
            }
        }
        catch (Exception e)
            when (deadline is not null && e is (NumericFailureException or NothingLearnedException or RecipeException))
        {
            Leave(name, e.Message.Split(';')[0]);
            return false;
        }
        var ratio = (Clock.Seconds - before) / planned;
        Clock.Set(s =>
            (fresh ? s with { TrainingRatio = Math.Max(s.TrainingRatio ?? 0, ratio) } : s) with
            {
                Stage = null,
            }
        );
        return true;
    }

    /// <summary>Trains the further seeds of the finalists as the remaining time allows.</summary>
    /// <returns>The choice with the finalists that have a model; time saved on the others goes to
    /// more reported rows.</returns>
    public HardenChoice TrainSeeds(HardenChoice choice)
    {
        var (kept, all) = (new List<HardenFinalist>(), Candidates());
        foreach (var finalist in choice.Finalists)
        {
            if (finalist.Seed is { } seed)
            {
                var defence = HardenCandidate.WithoutSeed(finalist.Name);
                var planned = Planned(all[defence]);
                var recipe = all[defence].Recipe;
                // Fine-tuning must not take the time of the chosen defence's seed after it.
                var following = choice.Finalists.SkipWhile(f => f != finalist).Skip(1).Where(f => f.Seed == seed);
                var deadline =
                    Plan.BudgetSeconds
                    - ConfirmSeconds(kept.Count + 1 + following.Count(), choice.ReportedExamples)
                    - following.Sum(f => Expected(all[HardenCandidate.WithoutSeed(f.Name)]));
                if (!TryTrain(finalist.Name, recipe with { Seed = recipe.Seed + seed - 1 }, planned, deadline))
                    continue;
            }
            kept.Add(finalist);
        }
        return kept.Count == choice.Finalists.Count
            ? choice
            : choice with
            {
                Finalists = kept,
                ReportedExamples = Math.Max(choice.ReportedExamples, ReportedExamples(kept.Count)),
            };
    }

    private void Leave(string name, string reason)
    {
        Say($"left out: {name}: {reason}");
        Clock.LeaveOut(name, reason);
    }
}
