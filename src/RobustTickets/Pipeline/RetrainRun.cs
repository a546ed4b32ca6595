using RobustTickets.Models;
using RobustTickets.Recipes;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Pipeline;

/// <summary>Trains the final model, or its dense control, from checkpoint-0.</summary>
internal static class RetrainRun
{
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
        var (batchSize, examples) = (session.Recipe.BatchSize, session.Data.Train.Examples.Count);
        var steps = RecipeSteps.Retrain(session.Recipe, examples);
        var horizon = StepCounts.Horizon(retrain.Optimizer, batchSize, retrain.Epochs, examples);
        var model = TicketRealisation.Realise(session, ticket, retrain, out var trained);
        try
        {
            StageLoop.Run(
                session.Stages,
                model,
                new StageSettings(name, retrain.Objective, retrain.Optimizer, steps, horizon, retrain.Shuffle)
                {
                    Augment = retrain.Augment,
                    Distill = retrain.Distill,
                    Trained = trained,
                    Final = true,
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
}
