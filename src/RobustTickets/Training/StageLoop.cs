// Runs one stage of training for searches and retraining: log, steps, evaluation after each epoch,
// checkpoints, resumption. A checkpoint is written at the end of each stage, so that a finished
// stage is never repeated.
using RobustTickets.Augmentation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Runs;

namespace RobustTickets.Training;

/// <summary>Services and data shared by the stages of a run.</summary>
/// <param name="Store">Log, checkpoints and finished stages.</param>
/// <param name="Examples">Training examples.</param>
/// <param name="BatchSize">Examples per step.</param>
/// <param name="Key">Random key of the run's seed.</param>
internal sealed record StageContext(
    RunStore Store,
    IReadOnlyList<EncodedExample> Examples,
    int BatchSize,
    RandomKey Key
)
{
    /// <summary>The ranks of a distributed run.</summary>
    internal Ranks Ranks => Store.Ranks;

    /// <summary>
    /// Evaluates after an epoch, logs the result and returns the accuracy in [0, 1]; null if the
    /// recipe does not request it.
    /// </summary>
    internal Func<StageRun, double>? EvaluateEpoch { get; init; }

    /// <summary>
    /// Attacks after an epoch, logs the result and returns the accuracy under attack in [0, 1];
    /// null if the recipe does not request it.
    /// </summary>
    internal Func<StageRun, double>? AttackEpoch { get; init; }

    /// <summary>Creates the text augmentation of a stage; null if no stage uses one.</summary>
    internal Func<AugmentOptions, TextAugmentation>? Augmentation { get; init; }

    /// <summary>Creates the word hulls; null if no stage uses them.</summary>
    internal Func<HullOptions, WordHulls>? Hulls { get; init; }

    /// <summary>Creates the teacher of a stage; null if no stage uses one.</summary>
    internal Func<DistillOptions, Teacher>? Teacher { get; init; }

    /// <summary>Random key of a stage.</summary>
    internal RandomKey KeyOf(string stage) => Stages.Key(Key, stage);
}

/// <summary>Runs stages.</summary>
internal static class StageLoop
{
    /// <summary>
    /// Trains a model through a stage, resuming from a checkpoint if it is of this stage.
    /// </summary>
    internal static StageTally Run(
        StageContext run,
        BertForSequenceClassification model,
        StageSettings settings,
        Checkpoint? from
    )
    {
        var (store, ranks, key) = (run.Store, run.Ranks, run.KeyOf(settings.Name));
        ObjectiveParameters.Attach(settings.Objective, model, key.Derive(settings.ObjectiveKey));
        using var optimizer = Trainer.CreateOptimizer(
            model,
            settings.Optimizer,
            name =>
                ObjectiveParameters.Trains(settings.Objective, name)
                && (settings.Trained is null || settings.Trained(name) || InfoBertCritic.Owns(name))
        );
        using var teacher = settings.Distill is { } distill ? run.Teacher!(distill) : null;
        var sampler = new BatchSampler(
            run.Examples.Count,
            run.BatchSize,
            settings.Shuffle,
            key.Derive(RandomStreams.Stage.Order)
        );
        using var trainer = new Trainer(
            model,
            ObjectiveFactory.Create(settings.Objective, run.Hulls),
            run.Examples,
            sampler,
            optimizer,
            new StagePlan(
                settings.Name,
                settings.LastStep,
                settings.Horizon,
                settings.Optimizer,
                key.Derive(RandomStreams.Stage.Steps)
            ),
            settings.Rule,
            new TaskExtras(
                settings.Augment is { } augment ? run.Augmentation!(augment) : null,
                teacher,
                RankShare.Of(ranks)
            ),
            ranks
        );
        var stage = new StageRun(settings.Name, settings.LastStep, model, optimizer, settings.Part);
        if (from is not null && from.State.Stage == settings.Name)
        {
            RunCheckpoint.Restore(from, model.Store, optimizer, ranks);
            settings.Part?.Read(from.Path);
            stage.Tally = from.State.Tally;
            if (from.State.EpochAttackDue)
                Attack(run.AttackEpoch!);
        }
        else
        {
            store.Append(new StageEntry(settings.Name, StageState.Begin, settings.LastStep));
            if (settings.Final || store.StepsBefore > 0)
                store.SaveCheckpoint(stage);
        }
        ranks.RequireSameWeights(model.Store);
        trainer.Run(
            settings.Penalty,
            step =>
            {
                store.StepDone(stage, step);
                var goOn = settings.AfterStep?.Invoke(stage, step) ?? true;
                var border = step.Step % sampler.StepsPerEpoch == 0;
                if (border && settings.Evaluated && run.EvaluateEpoch is { } evaluate)
                {
                    var accuracy = ranks.OfFirst(() => evaluate(stage));
                    settings.AfterEpoch?.Invoke(stage, accuracy);
                }
                if (border && settings.Final && run.AttackEpoch is { } attack)
                    Attack(attack);
                store.CheckpointIfDue(stage);
                return goOn;
            }
        );
        ranks.RequireSameWeights(model.Store);
        if (ranks.AreSeveral)
            store.Note(stage, $"sums over ranks: {trainer.SummedBytes} bytes in total");
        if (settings.Final)
            store.SaveCheckpoint(stage); // before the end is logged: a resumed run logs it again
        settings.BeforeEnd?.Invoke(stage);
        ObjectiveParameters.Detach(model);
        store.End(stage.Name, stage.Tally);
        return stage.Tally;

        void Attack(Func<StageRun, double> attack)
        {
            var accuracy = ranks.OfFirst(() => attack(stage));
            settings.AfterAttack?.Invoke(stage, accuracy);
        }
    }
}
