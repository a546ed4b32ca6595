using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Recipes;

/// <summary>Trains the final model, or its dense control, from checkpoint-0 (spec 15.10).</summary>
internal static class RetrainRun
{
    internal const string Stage = "retrain";
    internal const string Control = "control";

    /// <summary>Trains from checkpoint-0, as <paramref name="ticket"/> says if there is one; goes on from a checkpoint if one is given.</summary>
    internal static BertForSequenceClassification Run(RunSession session, string name, ITicketMask? ticket, (string Path, RunState State)? from)
    {
        var recipe = session.Recipe;
        var retrain = recipe.Retrain;
        var key = session.StageKey(name);
        var model = TicketRealisation.Realise(session, ticket, retrain, out var trained);
        ObjectiveParameters.Attach(retrain.Objective, model, key.Derive(4L));
        using var optimizer = Trainer.CreateOptimizer(
            model, retrain.Optimizer, parameter => ObjectiveParameters.Trains(retrain.Objective, parameter) && (trained is null || trained(parameter)));
        var examples = session.Data.Train.Examples;
        var sampler = new BatchSampler(examples.Count, recipe.BatchSize, retrain.Shuffle, key.Derive(0L));
        var steps = StepCounts.Retrain(recipe, examples.Count);
        var stage = new StageRun(name, steps, model, optimizer, new SnapshotList());
        if (from is { } checkpoint)
        {
            RunCheckpoint.Restore(checkpoint.Path, checkpoint.State, model.Store, optimizer);
            stage.Tally = checkpoint.State.Tally;
            if (checkpoint.State.EpochAttackDue) EpochAttacks.Run(session, stage);
        }
        else
        {
            session.Events.Append(new StageEvent(name, "begin"));
            session.SaveCheckpoint(stage); // the border between stages: a search need never be repeated
        }

        var plan = new StagePlan(name, steps, steps, retrain.Optimizer, key.Derive(1L));
        new Trainer(model, ObjectiveFactory.Create(retrain.Objective), examples, sampler, optimizer, plan).Run(null, step =>
        {
            stage.Tally = stage.Tally.Add(step);
            session.AfterStep(stage, step);
            var border = step.Step % sampler.StepsPerEpoch == 0;
            if (border && recipe.Evaluate.EveryEpoch) session.EvaluateEpoch(stage);
            if (border && recipe.Evaluate.EpochAttack is not null) EpochAttacks.Run(session, stage);
            session.CheckpointIfDue(stage);
            return true;
        });
        session.SaveCheckpoint(stage); // before the end is logged: a resumed run logs it again
        ObjectiveParameters.Detach(model);
        session.Events.Append(new StageEvent(name, "end"));
        session.Finished.Add(stage.Tally.Summary(name));
        session.StepsBefore += stage.Tally.Steps;
        return model;
    }
}
