// RobusT's search (spec 9.2, 15.11): fine-tune the network, then learn one score a weight on it by
// adversarial training through sampled gates, with a penalty on open gates that ramps up; draw by
// rank of the scores. The scores go into the ticket, so any other sparsity can be drawn from them
// later.
using System.Globalization;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Recipes;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Torch;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Runs a mask search and draws its ticket.</summary>
internal static class MaskSearchRun
{
    internal const string FineTuning = "fine-tune";

    private const string Rule = "hard-concrete";

    /// <summary>How often gates are counted in a search.</summary>
    private const int Counts = 100;

    /// <summary>
    /// Searches, from a checkpoint if one is given; the ticket folder is written.
    /// </summary>
    internal static WeightMask Run(
        RunSession session,
        MaskSearch search,
        WeightDrawOptions draw,
        (string Path, RunState State)? from
    )
    {
        var (recipe, examples) = (session.Recipe, session.Data.Train.Examples.Count);
        // A search that leaks needs the dense gradient of the word embedding, which piles up with
        // the others.
        var execution = session.Execution with
        {
            DenseWordGradient = !search.FreezeBase,
        };
        using var model = session.Checkpoint0(execution);
        if (search.FineTune is { } training && from?.State.Stage != SearchRun.Stage)
        {
            StageLoop.Run(session, model, StageSettings.Dense(FineTuning, training, recipe, examples), from);
        }
        var masks = HardConcreteMasks.Attach(model, search.Masks);
        var total = StepCounts.Of(recipe, search.Epochs, examples);
        var gradients = new MaskGradients(model, masks, search.Masks, total, search.FreezeBase);
        var every = Math.Max(1, total / Counts);
        var best = search.DrawFrom == DrawEpochRule.BestDev ? new BestEpoch(masks) : null;
        ICheckpointPart? leaked = search.FreezeBase ? null : new LeakedGradients(model, gradients);
        var tally = StageLoop.Run(
            session,
            model,
            new StageSettings(
                SearchRun.Stage,
                search.Objective,
                search.Optimizer,
                StepCounts.SearchAtMost(recipe, examples),
                total,
                search.Shuffle
            )
            {
                Trained = BertParameters.IsMaskScores,
                Rule = gradients,
                Part = new CheckpointParts([.. new[] { leaked, best }.OfType<ICheckpointPart>()]),
                AfterEpoch = (stage, evaluated) =>
                {
                    if (best?.Offer(evaluated.Accuracy, stage.Tally) == true)
                        session.Note(
                            stage,
                            FormattableString.Invariant(
                                $"epoch {stage.Tally.Epochs:0.##}: best so far, the ticket would be drawn from here"
                            )
                        );
                },
                AfterStep = (stage, step) =>
                {
                    var border = step.Step % StepCounts.PerEpoch(recipe, examples) == 0;
                    if (border || step.Step % every == 0)
                        Report(session, stage, masks, gradients.Lambda, border);
                },
            },
            from
        );
        best?.Restore();
        var drawn = WeightDraw.ByScore(
            [.. masks.Sites.Select(site => (site, masks.Scores(site), model.Store[BertParameters.Weight(site)].shape))],
            search.Masks.Layout,
            draw.Sparsity
        );
        var point = best is null ? new DrawPoint(tally.Steps, tally.Epochs) : new DrawPoint(best.Step, best.Epoch);
        session.Events.Append(new StopEvent(SearchRun.Stage, Rule, tally.Steps, point.Step, true));
        WeightTickets.Conclude(
            session,
            Rule,
            drawn,
            draw.Sparsity,
            tally,
            new SavedScores(search.Masks.Layout, [.. masks.Sites.Select(site => (site, masks.Scores(site)))]),
            point
        );
        return drawn;
    }

    private static void Report(RunSession session, StageRun stage, HardConcreteMasks masks, double lambda, bool aloud)
    {
        var gates = masks.Statistics();
        session.Events.Append(
            new GateEvent(
                stage.Name,
                stage.Tally.Steps,
                stage.Tally.Epochs,
                gates.Penalty,
                lambda,
                gates.Binary,
                gates.BelowHalf
            )
        );
        if (aloud)
            session.Note(
                stage,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"epoch {stage.Tally.Epochs:0.##}: R {gates.Penalty:0.000}, lambda {lambda:0.###}, "
                        + $"{100 * gates.Binary:0.0} % of gates exactly 0 or 1, {100 * gates.Closed:0.0} % closed"
                )
            );
    }

    /// <summary>The network's own gradients of a search that leaks: they are state.</summary>
    private sealed class LeakedGradients(BertForSequenceClassification model, MaskGradients gradients) : ICheckpointPart
    {
        private const string File = "gradients.safetensors";

        public void Write(string folder)
        {
            using var scope = torch.scope();
            SafetensorsWriter.WriteStreamed(
                Path.Combine(folder, File),
                gradients
                    .Leaking.Select(name => (name, model.Store[name].grad))
                    .Where(g => g.grad is not null)
                    .Select(g => BertFiles.Stream(g.name, g.grad!.contiguous()))
            );
        }

        public void Read(string folder)
        {
            using var file = SafetensorsFile.Open(Path.Combine(folder, File));
            using var scope = torch.scope();
            foreach (var tensor in file.Tensors)
                model.Store[tensor.Name].grad = torch.tensor<float>(
                    file.ReadFloats(tensor.Name),
                    tensor.Shape,
                    model.Store.Device
                );
        }
    }
}
