// Slimming search: the search of a robust early-bird ticket (EarlyRobust 3.2-3.3; spec 15.6):
// FreeLB on weights and coefficients together, L1 in the last pass, a snapshot of the coefficients
// at every twentieth of an epoch, and a stop rule over the masks they would draw. The schedule
// keeps its horizon whatever the stop.
using RobustTickets.Objectives;
using RobustTickets.Pipeline;
using RobustTickets.Recipes;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Runs the search stage and draws the ticket.</summary>
internal static class SearchRun
{
    internal const string Stage = "search";

    /// <summary>
    /// Searches (from a checkpoint if one is given) and returns the mask that was drawn; the ticket
    /// folder is written.
    /// </summary>
    internal static StructuredMask Run(
        RunSession session,
        SlimmingSearch search,
        DrawOptions draw,
        (string Path, RunState State)? from
    )
    {
        var recipe = session.Recipe;
        using var model = session.Checkpoint0();
        var coefficients = SlimmingCoefficients.Attach(model);
        var key = session.StageKey(Stage);
        ObjectiveParameters.Attach(search.Objective, model, key.Derive(2L));
        using var optimizer = Trainer.CreateOptimizer(
            model,
            search.Optimizer,
            name => ObjectiveParameters.Trains(search.Objective, name)
        );
        var examples = session.Data.Train.Examples;
        var borders = new Borders(examples.Count, recipe, search);
        var snapshots = from is { } f ? RunCheckpoint.Snapshots(f.Path) : new SnapshotList();
        var stage = new StageRun(Stage, borders.LastStep, model, optimizer, snapshots);
        var masks = snapshots.Masks(draw).ToList();
        if (from is { } checkpoint)
        {
            RunCheckpoint.Restore(checkpoint.Path, checkpoint.State, model.Store, optimizer);
            stage.Tally = checkpoint.State.Tally;
        }
        else
        {
            session.Events.Append(new StageEvent(Stage, "begin"));
        }

        var plan = new StagePlan(Stage, borders.LastStep, borders.HorizonSteps, search.Optimizer, key.Derive(1L));
        var trainer = new Trainer(
            model,
            ObjectiveFactory.Create(search.Objective),
            examples,
            new BatchSampler(examples.Count, recipe.BatchSize, search.Shuffle, key.Derive(0L)),
            optimizer,
            plan
        );
        var decision = StopRule.Decide(search.Stop, masks);
        if (decision is null)
        {
            trainer.Run(
                search.Slimming is { HeadPenalty: 0, NeuronPenalty: 0 }
                    ? null
                    : () => coefficients.Penalty(search.Slimming),
                step =>
                {
                    stage.Tally = stage.Tally.Add(step);
                    session.AfterStep(stage, step);
                    if (borders.At(step.Step) is { } g)
                    {
                        snapshots.Add(step.Step, coefficients.Snapshot());
                        masks.Add(DrawRule.Draw(snapshots.Items[^1].Coefficients, draw));
                        ReportMask(session, stage, search, masks, g);
                        decision = StopRule.Decide(search.Stop, masks);
                    }
                    session.CheckpointIfDue(stage);
                    return decision is null;
                }
            );
        }
        if (snapshots.Items.Count == 0 || snapshots.Items[^1].Step != stage.Tally.Steps)
        {
            snapshots.Add(stage.Tally.Steps, coefficients.Snapshot()); // a fixed stop between borders
            masks.Add(DrawRule.Draw(snapshots.Items[^1].Coefficients, draw));
        }
        return Conclude(session, stage, search, draw, masks, decision);
    }

    private static void ReportMask(
        RunSession session,
        StageRun stage,
        SlimmingSearch search,
        List<StructuredMask> masks,
        int g
    )
    {
        var distance = masks.Count > 1 ? MaskDistance.Between(masks[^1], masks[^2]) : (MaskDistance?)null;
        var run = search.Stop is ConsecutiveStop c ? StopRule.Run(masks, c.Gamma) : 0;
        session.Events.Append(new MaskEvent(Stage, stage.Tally.Steps, g, distance?.Heads, distance?.Neurons, run));
        if (distance is { } d)
            session.Note(
                stage,
                $"mini-epoch {g}: mask distance heads {d.Heads:0.000}, neurons {d.Neurons:0.000}"
                    + (run > 0 ? $" ({run} in a row)" : "")
            );
    }

    private static StructuredMask Conclude(
        RunSession session,
        StageRun stage,
        SlimmingSearch search,
        DrawOptions draw,
        List<StructuredMask> masks,
        StopDecision? decision
    )
    {
        var converged = decision is not null || search.Stop is FixedStop;
        var index = decision?.DrawIndex ?? masks.Count - 1;
        var (drawnAt, mask) = (stage.Snapshots.Items[index].Step, masks[index]);
        var perEpoch = stage.Tally.Steps / stage.Tally.Epochs;
        var rule = RuleName(search.Stop);
        session.Events.Append(new StopEvent(Stage, rule, stage.Tally.Steps, drawnAt, converged));
        session.Events.Append(new StageEvent(Stage, "end"));
        session.Finished.Add(stage.Tally.Summary(Stage));
        session.StepsBefore += stage.Tally.Steps;
        session.Ticket = Summary(
            mask,
            rule,
            stage.Tally.Steps,
            stage.Tally.Epochs,
            drawnAt,
            drawnAt / perEpoch,
            converged
        );
        session.Note(
            stage,
            converged
                ? $"ticket drawn from step {drawnAt} ({drawnAt / perEpoch:0.00} epoch): {mask.HeadsKept} heads "
                    + $"and {mask.NeuronsKept} neurons kept"
                : $"the masks never settled within the epoch; ticket drawn from the last step {drawnAt}"
        );
        TicketFolder.Write(session, stage.Snapshots, mask, draw, rule, drawnAt);
        return mask;
    }

    /// <summary>The form of a structured ticket that goes into result.json.</summary>
    internal static TicketSummary Summary(
        StructuredMask mask,
        string rule,
        long stoppedAt,
        double stoppedAtEpoch,
        long drawnAt,
        double drawnAtEpoch,
        bool converged
    ) =>
        new(
            rule,
            stoppedAt,
            stoppedAtEpoch,
            drawnAt,
            drawnAtEpoch,
            converged,
            mask.Heads.Sum(l => l.Length),
            mask.HeadsKept,
            mask.Neurons.Sum(l => l.Length),
            mask.NeuronsKept,
            [.. mask.Heads.Select(l => l.Count(k => k))],
            [.. mask.Neurons.Select(l => l.Count(k => k))]
        );

    private static string RuleName(StopOptions stop) =>
        stop switch
        {
            ConsecutiveStop => "consecutive5",
            AnchorStop => "anchor-next5",
            FifoStop => "fifo5",
            FixedStop => "fixed",
            _ => stop.GetType().Name,
        };

    /// <summary>
    /// Steps of a search: T = floor(N * epochs / B), snapshots at floor(S * g / 20) with S =
    /// floor(N / B) (spec 2.3, 8.7).
    /// </summary>
    private sealed class Borders
    {
        private readonly Dictionary<long, int> _borders = [];

        internal Borders(int examples, Recipe recipe, SlimmingSearch search)
        {
            var perEpoch = Math.Max(1, examples / recipe.BatchSize);
            HorizonSteps = StepCounts.SearchHorizon(search, recipe.BatchSize, examples);
            LastStep = StepCounts.SearchAtMost(recipe, examples);
            for (var g = 1; g <= Math.Ceiling(search.SnapshotsPerEpoch * search.HorizonEpochs); g++)
            {
                var step = perEpoch * (long)g / search.SnapshotsPerEpoch;
                if (step > 0 && step <= LastStep)
                    _borders.TryAdd(step, g);
            }
        }

        internal double HorizonSteps { get; }

        internal long LastStep { get; }

        internal int? At(long step) => _borders.TryGetValue(step, out var g) ? g : null;
    }
}
