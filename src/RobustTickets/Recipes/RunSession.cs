// What all stages of a run share: data as word pieces, the pre-trained folder, the run folder with its log, progress, and the interrupt.
using System.Security.Cryptography;
using RobustTickets.Evaluation;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Text.Data;
using RobustTickets.Text.Tokens;
using RobustTickets.Tickets;
using RobustTickets.Torch.Kernels;
using RobustTickets.Torch.optim;
using RobustTickets.Training;

namespace RobustTickets.Recipes;

/// <summary>The surroundings of a run.</summary>
internal sealed class RunSession : IDisposable
{
    /// <summary>Parameters and two moments in three checkpoints (the newest two and the one being written), and the final model.</summary>
    private const long CopiesOnDisk = (3 * 3) + 1;

    private readonly IProgress<TrainProgress>? _progress;
    private readonly CancellationToken _stop;

    private RunSession(TrainRequest request, RunData data, WordPieceTokenizer tokenizer, RunFolder folder, EventLog events, IProgress<TrainProgress>? progress, CancellationToken stop)
    {
        (Request, Data, Tokenizer, Folder, Events) = (request, data, tokenizer, folder, events);
        (_progress, _stop) = (progress, stop);
    }

    internal TrainRequest Request { get; }

    internal Recipe Recipe => Request.Recipe;

    internal RunData Data { get; }

    internal WordPieceTokenizer Tokenizer { get; }

    internal RunFolder Folder { get; }

    internal EventLog Events { get; private set; }

    internal List<StageSummary> Finished { get; } = [];

    internal TicketSummary? Ticket { get; set; }

    internal long StepsBefore { get; set; }

    internal string RecipeHash { get; private set; } = "";

    internal ModelExecution Execution => Request.Execution.Packed ? new ModelExecution() : ModelExecution.Reference;

    /// <summary>Key of everything random in a stage.</summary>
    internal RandomKey StageKey(string stage) => RandomKey.FromSeed(Recipe.Seed).Derive(stage switch { "search" => 1L, "retrain" => 2L, "control" => 3L, _ => 9L });

    /// <summary>Key of the fresh classifier: part of checkpoint-0, hence the same for search, ticket and control.</summary>
    internal RandomKey HeadKey => RandomKey.FromSeed(Recipe.Seed).Derive(0L);

    internal static RunSession Open(TrainRequest request, IProgress<TrainProgress>? progress, CancellationToken stop)
    {
        RecipeCheck.Require(request.Recipe, "recipe");
        var tokenizer = WordPieceTokenizer.Load(request.ModelFolder);
        var bytes = CheckedModelBytes(request.ModelFolder); // shapes are refused before data are read and anything is written
        var data = RunData.Load(request, tokenizer);
        var folder = request.Resume ? RunFolder.Open(request.OutFolder) : RunFolder.Create(request.OutFolder);
        folder.EnsureSpace(CopiesOnDisk * bytes);
        var recipeText = RecipeJson.Write(request.Recipe);
        var session = new RunSession(request, data, tokenizer, folder, EventLog.Open(folder.EventsFile, request.Resume && File.Exists(folder.EventsFile) ? new FileInfo(folder.EventsFile).Length : 0), progress, stop)
        {
            RecipeHash = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(recipeText))),
        };
        foreach (var note in data.Notes) progress?.Report(new TrainProgress("data", 0, 0, 0, 0, 0, 0, null, note));
        if (!request.Resume) Checkpoints.AtomicFile.WriteAllText(folder.RecipeFile, recipeText);
        return session;
    }

    private static long CheckedModelBytes(string folder)
    {
        using var files = BertFiles.Open(folder);
        return BertSites.ClassifierShapes(BertFiles.ConfigOf(files.Config, 2)).Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b)) * sizeof(float);
    }

    /// <summary>A model at checkpoint-0: pre-trained encoder and the seeded classifier.</summary>
    internal BertForSequenceClassification Checkpoint0() => BertFiles.LoadClassifier(Request.ModelFolder, Data.Labels.Count, HeadKey, Execution);

    /// <summary>Cuts the event log back to what a checkpoint knows.</summary>
    internal void RewindEvents(long length)
    {
        Events.Dispose();
        Events = EventLog.Open(Folder.EventsFile, length);
    }

    /// <summary>Logs a step, reports progress, and turns an interrupt into a checkpoint.</summary>
    internal void AfterStep(StageRun stage, StepReport step)
    {
        Events.Append(new StepEvent(
            stage.Name, step.Step, step.Epoch, step.Loss, step.LearningRate, step.GradientNorm, step.Tokens, step.Seconds, step.Passes.Forward, step.Passes.Backward,
            step.Passes.WeightGradient));
        _progress?.Report(new TrainProgress(
            stage.Name, step.Step, stage.LastStep, step.Epoch, step.Loss, step.LearningRate, stage.Pace.TokensPerSecond(step), stage.Pace.Remaining(step, stage.LastStep), null));
    }

    /// <summary>Says a sentence between steps.</summary>
    internal void Note(StageRun stage, string text) =>
        _progress?.Report(new TrainProgress(stage.Name, stage.Tally.Steps, stage.LastStep, stage.Tally.Epochs, stage.Tally.Loss, 0, 0, null, text));

    /// <summary>Writes a checkpoint when one is due or asked for; throws when the run is to stop.</summary>
    internal void CheckpointIfDue(StageRun stage)
    {
        var every = Request.CheckpointEverySteps;
        var stopping = _stop.IsCancellationRequested;
        if (!stopping && (every <= 0 || stage.Tally.Steps % every != 0)) return;
        SaveCheckpoint(stage);
        if (stopping) throw new OperationCanceledException($"stopped in {stage.Name} after step {stage.Tally.Steps}; --resume goes on from there", _stop);
    }

    /// <summary>Writes a checkpoint of a stage now.</summary>
    internal void SaveCheckpoint(StageRun stage)
    {
        var state = new RunState(
            stage.Name, stage.Optimizer.Updates, StepsBefore + stage.Tally.Steps, Events.Position, RecipeHash, Data.Hash, stage.Tally, [.. Finished], Ticket);
        RunCheckpoint.Save(Folder, state, stage.Model.Store, stage.Optimizer, stage.Snapshots);
    }

    /// <summary>Evaluates after an epoch and logs it.</summary>
    internal void EvaluateEpoch(StageRun stage)
    {
        var result = Evaluator.Evaluate(stage.Model, Data.Evaluation.Examples);
        Events.Append(new EvaluationEvent(stage.Name, stage.Tally.Steps, stage.Tally.Epochs, Data.EvaluationName, result.Accuracy, result.Loss, result.Examples));
        Note(stage, $"epoch {stage.Tally.Epochs:0.##}: accuracy {100 * result.Accuracy:0.0} % on {result.Examples} {Data.EvaluationName} examples, loss {result.Loss:0.000}");
    }

    public void Dispose() => Events.Dispose();
}

/// <summary>One stage at work.</summary>
/// <param name="Name">Name in logs.</param>
/// <param name="LastStep">Steps at most.</param>
/// <param name="Model">Network being trained.</param>
/// <param name="Optimizer">Its optimiser.</param>
/// <param name="Snapshots">Snapshots of a search; empty elsewhere.</param>
internal sealed record StageRun(string Name, long LastStep, BertForSequenceClassification Model, AdamW Optimizer, SnapshotList Snapshots)
{
    internal StageTally Tally { get; set; } = StageTally.Zero;

    internal PaceMeter Pace { get; } = new();
}

/// <summary>Pace over the last steps of this process.</summary>
internal sealed class PaceMeter
{
    private readonly Queue<(double Seconds, long Tokens)> _recent = new();

    internal double TokensPerSecond(StepReport step)
    {
        _recent.Enqueue((step.Seconds, step.Tokens));
        if (_recent.Count > 50) _recent.Dequeue();
        return _recent.Sum(r => r.Tokens) / _recent.Sum(r => r.Seconds);
    }

    internal TimeSpan? Remaining(StepReport step, long lastStep) =>
        _recent.Count < 5 ? null : TimeSpan.FromSeconds((lastStep - step.Step) * _recent.Average(r => r.Seconds));
}
