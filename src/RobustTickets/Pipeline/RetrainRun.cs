using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Training;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Pipeline;

/// <summary>Trains the final model, or its dense control, from checkpoint-0.</summary>
internal static class RetrainRun
{
    private const string DevAttack = "dev-attack";

    /// <summary>
    /// Trains from checkpoint-0 with <paramref name="ticket"/> applied if given; resumes from
    /// <paramref name="from"/> if given.
    /// </summary>
    internal static BertForSequenceClassification Run(
        RunSession session,
        string name,
        ITicketMask? ticket,
        Checkpoint? from
    )
    {
        var retrain = session.Recipe.Retrain;
        var training = new DenseTraining(
            retrain.Objective,
            retrain.Optimizer,
            retrain.Epochs,
            retrain.Shuffle,
            retrain.Augment
        );
        var (batchSize, examples) = (session.Recipe.BatchSize, session.Data.Train.Examples.Count);
        var model = TicketRealisation.Realise(session, ticket, retrain, out var trained);
        var best =
            retrain.Select == EpochSelection.DevAttack
                ? new BestEpoch(() => model.Store.Names.Select(n => (n, model.Store[n])), latest: true)
                : null;
        try
        {
            StageLoop.Run(
                session.Stages,
                model,
                StageSettings.Dense(name, training, batchSize, examples) with
                {
                    Distill = retrain.Distill,
                    Trained = trained,
                    Final = true,
                    Part = best,
                    AfterAttack = (stage, accuracy) => best?.Offer(accuracy, stage.Tally),
                    BeforeEnd = stage => Keep(session, stage, best),
                },
                from
            );
            return model;
        }
        catch
        {
            // The process may continue after cancellation or another failure: free the model.
            model.Dispose();
            throw;
        }
    }

    /// <summary>Replaces the last weights by those of the best epoch, and logs it.</summary>
    private static void Keep(RunSession session, StageRun stage, BestEpoch? best)
    {
        if (best is null)
            return;
        best.Restore();
        session.Store.Append(new SelectionEntry(stage.Name, best.Step, best.Epoch, DevAttack, best.Accuracy));
        session.Store.Note(
            stage,
            Text($"kept: epoch {best.Epoch}, Aua {100 * best.Accuracy:0.0} % on development examples, the highest")
        );
    }
}
