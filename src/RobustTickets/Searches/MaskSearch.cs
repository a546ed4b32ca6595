// RobusT's search (RobusT 3.2): fine-tunes the network, then learns one score per weight by
// adversarial training through sampled gates, with a penalty on open gates that ramps up; draws the
// ticket by rank of the scores.
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Kernels.Masks;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Torch;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Runs a mask search and draws its ticket.</summary>
internal static class MaskSearch
{
    private const string Rule = "hard-concrete";

    /// <summary>Number of times that gates are counted in a search.</summary>
    private const int Counts = 100;

    /// <summary>Runs or resumes the search and writes the ticket folder.</summary>
    internal static FoundTicket Run(
        SearchContext context,
        MaskSearchOptions search,
        WeightDrawOptions draw,
        Checkpoint? from
    )
    {
        // A leaking search needs the dense word-embedding gradient, which accumulates like the
        // others.
        using var model = context.Load(context.Execution with { DenseWordGradient = !search.FreezeBase });
        if (search.FineTune is { } training && from?.State.Stage != StageName.Search)
        {
            var (batchSize, examples) = (context.Stages.BatchSize, context.Stages.Examples.Count);
            StageLoop.Run(
                context.Stages,
                model,
                StageSettings.Dense(StageName.FineTune, training, batchSize, examples),
                from
            );
        }
        var masks = HardConcreteMasks.Attach(model, search.Masks);
        var best =
            search.DrawFrom == DrawEpochRule.BestDev
                ? new BestEpoch(() => masks.Sites.Select(site => (site, masks.Scores(site))))
                : null;
        var tally = Learn(context, search, model, masks, best, from);
        best?.Restore();
        context.RequireMoved(
            Movement.Problem(
                masks.Sites.Select(site => (ReadOnlyMemory<float>)masks.Scores(site).host<float>().ToArray()),
                (float)HardConcrete.ScoreOf(search.Masks.InitialGate)
            ),
            search.AllowShort,
            tally.Steps,
            "search.epochs"
        );
        return Draw(
            context,
            model,
            masks,
            search.Masks.Layout,
            draw.Sparsity,
            tally,
            best is null ? new DrawPoint(tally.Steps, tally.Epochs) : new DrawPoint(best.Step, best.Epoch)
        );
    }

    private static StageTally Learn(
        SearchContext context,
        MaskSearchOptions search,
        BertForSequenceClassification model,
        HardConcreteMasks masks,
        BestEpoch? best,
        Checkpoint? from
    )
    {
        var (batchSize, examples) = (context.Stages.BatchSize, context.Stages.Examples.Count);
        var total = StepCounts.Of(batchSize, search.Epochs, examples);
        var gradients = new MaskGradients(model, masks, search.Masks, total, search.FreezeBase);
        var every = Math.Max(1, total / Counts);
        ICheckpointPart? leaked = search.FreezeBase ? null : new LeakedGradients(model, gradients);
        return StageLoop.Run(
            context.Stages,
            model,
            new StageSettings(
                StageName.Search,
                search.Objective,
                search.Optimizer,
                SearchSteps.AtMost(search, batchSize, examples),
                StepCounts.Horizon(search.Optimizer, batchSize, search.Epochs, examples),
                search.Shuffle
            )
            {
                Augment = search.Augment,
                Trained = BertParameters.IsMaskScores,
                Rule = gradients,
                Part = new CheckpointParts([.. new[] { leaked, best }.OfType<ICheckpointPart>()]),
                AfterEpoch = (stage, accuracy) =>
                {
                    if (best?.Offer(accuracy, stage.Tally) == true)
                        context.Store.Note(
                            stage,
                            FormattableString.Invariant(
                                $"epoch {stage.Tally.Epochs:0.##}: best so far, the ticket would be drawn from here"
                            )
                        );
                },
                AfterStep = (stage, step) =>
                {
                    var border = step.Step % StepCounts.PerEpoch(batchSize, examples) == 0;
                    if (border || step.Step % every == 0)
                        Count(context.Store, stage, masks, gradients.Lambda, notify: border);
                    return true;
                },
            },
            from
        );
    }

    // The scores are saved in the ticket, so that any other sparsity can be drawn later.
    private static FoundTicket Draw(
        SearchContext context,
        BertForSequenceClassification model,
        HardConcreteMasks masks,
        MaskLayout layout,
        double sparsity,
        StageTally tally,
        DrawPoint point
    )
    {
        var drawn = WeightDraw.ByScore(
            [.. masks.Sites.Select(site => (site, masks.Scores(site), model.Store[BertParameters.Weight(site)].shape))],
            layout,
            sparsity
        );
        context.Store.Append(new StopEntry(StageName.Search, Rule, tally.Steps, point.Step, Converged: true));
        return context.Write(
            Rule,
            drawn,
            sparsity,
            tally,
            point,
            new SavedScores(layout, [.. masks.Sites.Select(site => (site, masks.Scores(site)))])
        );
    }

    private static void Count(RunStore store, StageRun stage, HardConcreteMasks masks, double lambda, bool notify)
    {
        var gates = masks.Statistics();
        var (step, epoch) = (stage.Tally.Steps, stage.Tally.Epochs);
        store.Append(new GateEntry(stage.Name, step, epoch, gates.Penalty, lambda, gates.Binary, gates.BelowHalf));
        if (notify)
            store.Report(new GatesCounted(stage.Name, step, epoch, gates.Penalty, lambda, gates.Binary, gates.Closed));
    }

    /// <summary>
    /// The network's accumulated gradients in a leaking search; part of its state.
    /// </summary>
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
