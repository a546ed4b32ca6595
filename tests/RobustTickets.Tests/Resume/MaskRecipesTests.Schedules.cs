// The learning rate of every step, for both horizons of the schedule.
using RobustTickets.Runs;
using RobustTickets.Torch.optim;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Resume;

public sealed partial class MaskRecipesTests
{
    [Theory]
    [InlineData("robust-ticket", ScheduleHorizon.Steps)]
    [InlineData("robust-ticket-released", ScheduleHorizon.Examples)]
    [InlineData("lth", ScheduleHorizon.Steps)]
    [InlineData("lth", ScheduleHorizon.Examples)]
    public void Every_stage_follows_the_schedule_of_its_horizon(string name, ScheduleHorizon horizon)
    {
        var recipe = Tiny(name);
        if (recipe.Search is MagnitudeSearchOptions rounds)
            recipe = recipe with
            {
                Search = rounds with { Optimizer = rounds.Optimizer with { Horizon = horizon } },
                Retrain = recipe.Retrain with { Optimizer = recipe.Retrain.Optimizer with { Horizon = horizon } },
            };
        var run = _task.NewRun();
        Run(recipe, run);
        var examples = RunSplits.Load(Path.Combine(run, "splits.json")).Train.Examples;
        var stages = EventLog
            .ReadEntries(Path.Combine(run, "events.jsonl"))
            .OfType<StepEntry>()
            .GroupBy(s => s.Stage)
            .ToArray();
        Assert.NotEmpty(stages);
        foreach (var stage in stages)
        {
            var (optimizer, epochs) = (stage.Key, recipe.Search) switch
            {
                ("fine-tune", MaskSearchOptions s) => (s.FineTune!.Optimizer, s.FineTune.Epochs),
                ("search", MaskSearchOptions s) => (s.Optimizer, s.Epochs),
                ("retrain", _) => (recipe.Retrain.Optimizer, recipe.Retrain.Epochs),
                (_, MagnitudeSearchOptions s) => (s.Optimizer, s.EpochsPerRound),
                _ => throw new NotSupportedException(stage.Key),
            };
            var steps = stage.Count();
            var total = horizon == ScheduleHorizon.Steps ? steps : Math.Floor(examples * epochs / TinyTask.BatchSize);
            // Mutant: the other horizon.
            Assert.NotEqual(steps, Math.Floor(examples * epochs / TinyTask.BatchSize));
            Assert.All(
                stage,
                s =>
                    Assert.Equal(
                        optimizer.LearningRate * Schedule.Linear(s.Step - 1, optimizer.WarmupFraction * total, total),
                        s.Lr,
                        1e-12
                    )
            );
        }
    }
}
