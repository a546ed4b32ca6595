// One stage of training as every search of weights and every retraining runs it: log, steps,
// evaluation after each epoch, checkpoints, and going on from one. Stages follow one another; at
// the border a checkpoint is written, so that a finished stage is never repeated.
using RobustTickets.Evaluation;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Pipeline;
using RobustTickets.Recipes;
using RobustTickets.Runs;
using RobustTickets.Tickets.Files;
using RobustTickets.Training;

namespace RobustTickets.Training;

/// <summary>What a stage is.</summary>
/// <param name="Name">Name in logs, checkpoints and results.</param>
/// <param name="Objective">What is minimised.</param>
/// <param name="Optimizer">Optimiser and schedule.</param>
/// <param name="LastStep">Steps.</param>
/// <param name="Horizon">T of the schedule.</param>
/// <param name="Shuffle">Whether the data are shuffled each epoch.</param>
internal sealed record StageSettings(
    string Name,
    ObjectiveOptions Objective,
    OptimizerOptions Optimizer,
    long LastStep,
    double Horizon,
    bool Shuffle
)
{
    /// <summary>Parameters that are trained; null for all.</summary>
    internal Func<string, bool>? Trained { get; init; }

    /// <summary>What happens to gradients before the update instead of clipping, or null.</summary>
    internal IGradientRule? Rule { get; init; }

    /// <summary>What a checkpoint holds beyond parameters and moments, or null.</summary>
    internal ICheckpointPart? Part { get; init; }

    /// <summary>Called after every step, before a checkpoint of it is written.</summary>
    internal Action<StageRun, StepReport>? AfterStep { get; init; }

    /// <summary>
    /// Called after the evaluation of a whole epoch, before a checkpoint of it is written.
    /// </summary>
    internal Action<StageRun, EvaluationResult>? AfterEpoch { get; init; }

    /// <summary>
    /// Whether the network of this stage is one that is kept: its epochs are attacked where the
    /// recipe asks for it, and its end is saved, since no stage need follow.
    /// </summary>
    internal bool Final { get; init; }

    /// <summary>A stage that trains the whole network.</summary>
    internal static StageSettings Dense(string name, DenseTraining training, Recipe recipe, int examples)
    {
        var steps = StepCounts.Of(recipe, training.Epochs, examples);
        return new StageSettings(name, training.Objective, training.Optimizer, steps, steps, training.Shuffle);
    }
}

/// <summary>Part of a checkpoint that a stage adds.</summary>
internal interface ICheckpointPart
{
    /// <summary>Writes files into the checkpoint's folder.</summary>
    void Write(string folder);

    /// <summary>Puts back what <see cref="Write"/> wrote.</summary>
    void Read(string folder);
}

/// <summary>Runs stages.</summary>
internal static class StageLoop
{
    /// <summary>
    /// Trains a model through a stage, from a checkpoint if it belongs to this stage.
    /// </summary>
    internal static StageTally Run(
        RunSession session,
        BertForSequenceClassification model,
        StageSettings settings,
        (string Path, RunState State)? from
    )
    {
        var (recipe, examples) = (session.Recipe, session.Data.Train.Examples);
        var key = session.StageKey(settings.Name);
        ObjectiveParameters.Attach(settings.Objective, model, key.Derive(4L));
        using var optimizer = Trainer.CreateOptimizer(
            model,
            settings.Optimizer,
            name =>
                ObjectiveParameters.Trains(settings.Objective, name)
                && (settings.Trained is null || settings.Trained(name) || InfoBertCritic.Owns(name))
        );
        var sampler = new BatchSampler(examples.Count, recipe.BatchSize, settings.Shuffle, key.Derive(0L));
        var plan = new StagePlan(
            settings.Name,
            settings.LastStep,
            settings.Horizon,
            settings.Optimizer,
            key.Derive(1L)
        );
        var trainer = new Trainer(
            model,
            ObjectiveFactory.Create(settings.Objective),
            examples,
            sampler,
            optimizer,
            plan,
            settings.Rule
        );
        var stage = new StageRun(settings.Name, settings.LastStep, model, optimizer, new SnapshotList())
        {
            Part = settings.Part,
        };
        if (from is { } checkpoint && checkpoint.State.Stage == settings.Name)
        {
            RunCheckpoint.Restore(checkpoint.Path, checkpoint.State, model.Store, optimizer);
            settings.Part?.Read(checkpoint.Path);
            stage.Tally = checkpoint.State.Tally;
            if (checkpoint.State.EpochAttackDue)
                EpochAttacks.Run(session, stage);
        }
        else
        {
            session.Events.Append(new StageEvent(settings.Name, "begin"));
            if (settings.Final || session.StepsBefore > 0)
                session.SaveCheckpoint(stage);
        }
        trainer.Run(
            null,
            step =>
            {
                stage.Tally = stage.Tally.Add(step);
                session.AfterStep(stage, step);
                settings.AfterStep?.Invoke(stage, step);
                var border = step.Step % sampler.StepsPerEpoch == 0;
                if (border && recipe.Evaluate.EveryEpoch)
                {
                    var evaluated = session.EvaluateEpoch(stage);
                    settings.AfterEpoch?.Invoke(stage, evaluated);
                }
                if (border && settings.Final && recipe.Evaluate.EpochAttack is not null)
                    EpochAttacks.Run(session, stage);
                session.CheckpointIfDue(stage);
                return true;
            }
        );
        if (settings.Final)
            session.SaveCheckpoint(stage); // before the end is logged: a resumed run logs it again
        ObjectiveParameters.Detach(model);
        session.Events.Append(new StageEvent(settings.Name, "end"));
        session.Finished.Add(stage.Tally.Summary(settings.Name));
        session.StepsBefore += stage.Tally.Steps;
        return stage.Tally;
    }
}
