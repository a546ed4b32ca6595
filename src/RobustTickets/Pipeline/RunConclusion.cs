// The end of a run: the trained models are folded, masked and saved, then evaluated from their
// folders, and result.json is written.
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Models;
using RobustTickets.Pipeline.Models;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Pipeline;

/// <summary>Saves the models of a run, and its result.</summary>
internal static class RunConclusion
{
    /// <summary>Saves the final model, with the ticket's coefficients and masks applied.</summary>
    public static void SaveModel(RunSession session, BertForSequenceClassification model, ITicketMask? ticket)
    {
        var cut = TicketRealisation.Cut(ticket, session.Recipe.Retrain);
        var kept = cut is null
            ? null
            : new KeptUnits([.. cut.Heads.Select(StructuredMask.Kept)], [.. cut.Neurons.Select(StructuredMask.Kept)]);
        session.Store.RequireFolder();
        SlimmingCoefficients.Fold(model);
        if (model.Encoder.Masks is FixedMasks masks)
            masks.Bake();
        BertFiles.SaveClassifier(model, session.Data.Labels, session.Request.Model, session.Folder.ModelFolder, kept);
        SaveSeen(session, session.Folder.ModelFolder);
    }

    /// <summary>Saves the dense control.</summary>
    public static void SaveControl(RunSession session, BertForSequenceClassification control)
    {
        BertFiles.SaveClassifier(control, session.Data.Labels, session.Request.Model, session.Folder.ControlFolder);
        SaveSeen(session, session.Folder.ControlFolder);
    }

    // The record of the training texts is saved with the weights.
    private static void SaveSeen(RunSession session, string model)
    {
        session.Data.Rows.Save(model);
        TrainedTexts
            .Of(session.Data.TrainTexts, session.Data.Rows.Train.Sha256)
            .And(SeenRowsReader.Read(new NamedModel(session.Request.Model)).Texts)
            .Save(model);
    }

    /// <summary>Evaluates the saved models and writes the result.</summary>
    public static RunResult Conclude(RunSession session)
    {
        using var model = BertFiles.LoadClassifier(
            session.Folder.ModelFolder,
            session.Data.Labels.Count,
            session.HeadKey,
            session.Execution
        );
        // Evaluation is slow on large data and may be cancelled: the last checkpoint contains the
        // whole training.
        var evaluated = Reported(session, model, session.Folder.PredictionsFile);
        var data = session.Data;
        var heldOut = ReferenceEquals(data.Development, data.Evaluation)
            ? null
            : Evaluator.Evaluate(model, data.Development.Examples, session.Stop);
        using var start = BertFiles.OpenBase(session.Request.Model);
        var dense = BertFiles.ConfigOf(start.Config, data.Labels.Count);
        var test = PartName.IsTest(session.Data.EvaluationName);
        var result = new RunResult(
            RunResult.CurrentSchema,
            session.Recipe.Name,
            session.Recipe.Task,
            session.Recipe.Source,
            session.Recipe.Seed,
            "finished",
            new ModelSummary(
                BaseCheckpoint.Of(session.Request.Model).Name,
                model.Store.Count(),
                model.Store.Count(n => !BertParameters.IsEmbedding(n)),
                dense.Layers,
                dense.Hidden,
                dense.HeadsPerLayer.Max(),
                dense.NeuronsPerLayer.Max(),
                session.Data.Labels.Count
            ),
            [.. session.Store.Finished],
            session.Store.Ticket,
            test ? null : evaluated.Accuracy,
            test ? evaluated.Accuracy : null,
            session.Data.EvaluationName,
            evaluated.Examples,
            DateTimeOffset.UtcNow,
            heldOut is null ? null : new DevelopmentSummary(data.DevelopmentName, heldOut.Examples, heldOut.Accuracy),
            Control(session)
        );
        session.Store.RequireFolder();
        session.Store.FlushEvents();
        result.Save(session.Folder.ResultFile);
        // Training state for resumption: several times the model's size, and not needed any more.
        if (!session.Request.KeepCheckpoints)
            RunCheckpoint.RemoveAll(session.Folder);
        return result;
    }

    /// <summary>The result of a completed run whose files are all present.</summary>
    public static RunResult Finished(RunSession session)
    {
        var result = RunResult.Load(session.Folder.ResultFile);
        RunFacts.RequireSame(session);
        using (BertFiles.Open(session.Folder.ModelFolder)) { }
        session.Store.Report(new Note("run", 0, $"{session.Folder.Path} is finished; nothing is left to do"));
        if (!session.Request.KeepCheckpoints)
            RunCheckpoint.RemoveAll(session.Folder);
        return result;
    }

    // Evaluates the reported rows and records the predictions.
    private static EvaluationResult Reported(RunSession session, BertForSequenceClassification model, string file)
    {
        var (rows, labels) = (session.Data.EvaluationTexts, session.Data.Labels);
        var predicted = new int[rows.Count];
        var result = Evaluator.Evaluate(
            model,
            session.Data.Evaluation.Examples,
            session.Stop,
            (row, found) => predicted[row] = found
        );
        session.Store.RequireFolder();
        RowPrediction.Save(
            file,
            rows.Zip(predicted, (row, found) => new RowPrediction(row.Id, labels[row.Label], labels[found]))
        );
        return result;
    }

    private static ControlSummary? Control(RunSession session)
    {
        if (!session.Recipe.Evaluate.EqualEpochControl)
            return null;
        using var control = BertFiles.LoadClassifier(
            session.Folder.ControlFolder,
            session.Data.Labels.Count,
            session.HeadKey,
            session.Execution
        );
        var evaluated = Reported(session, control, session.Folder.ControlPredictionsFile);
        return new ControlSummary(control.Store.Count(n => !BertParameters.IsEmbedding(n)), evaluated.Accuracy);
    }
}
