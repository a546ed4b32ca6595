// What all stages of a run share: data as word pieces, the pre-trained folder, the run folder with
// its log, progress, and the interrupt.
using System.Security.Cryptography;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Recipes;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Validation;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Torch.optim;
using RobustTickets.Training;

namespace RobustTickets.Pipeline;

/// <summary>The surroundings of a run.</summary>
internal sealed class RunSession : IDisposable
{
    /// <summary>
    /// Parameters and two moments in three checkpoints (the newest two and the one being written),
    /// and the final model.
    /// </summary>
    private const long CopiesOnDisk = (3 * 3) + 1;

    private readonly IProgress<TrainProgress>? _progress;
    private EventLog? _events;

    private RunSession(
        TrainRequest request,
        RunData data,
        WordPieceTokenizer tokenizer,
        RunFolder folder,
        IProgress<TrainProgress>? progress,
        CancellationToken stop
    )
    {
        (Request, Data, Tokenizer, Folder, _progress, Stop) = (request, data, tokenizer, folder, progress, stop);
    }

    internal TrainRequest Request { get; }

    internal Recipe Recipe => Request.Recipe;

    internal RunData Data { get; }

    internal WordPieceTokenizer Tokenizer { get; }

    internal RunFolder Folder { get; }

    /// <summary>
    /// The log, once <see cref="RewindEvents"/> has said where it goes on. Until then a run that
    /// cannot be resumed is left as it is.
    /// </summary>
    internal EventLog Events => _events ?? throw new InvalidOperationException("the event log is not open yet");

    internal CancellationToken Stop { get; }

    internal List<StageSummary> Finished { get; } = [];

    internal TicketSummary? Ticket { get; set; }

    internal long StepsBefore { get; set; }

    internal string RecipeHash { get; private init; } = "";

    /// <summary>Heads of a layer before anything is pruned.</summary>
    internal int HeadsPerLayer { get; private init; }

    /// <summary>
    /// Identity of what a run computes on: the encoded examples (which limits, columns, labels and
    /// tokenizer shape) and the weights it starts from.
    /// </summary>
    internal string InputsHash { get; private init; } = "";

    internal Execution Execution => Request.Execution;

    /// <summary>Key of everything random in a stage.</summary>
    internal RandomKey StageKey(string stage) =>
        RandomKey
            .FromSeed(Recipe.Seed)
            .Derive(
                stage switch
                {
                    "search" => 1L,
                    "retrain" => 2L,
                    "control" => 3L,
                    MaskSearchRun.FineTuning => 4L,
                    _ when MagnitudeSearchRun.Round(stage) is { } round => 1000L + round,
                    _ => 9L,
                }
            );

    /// <summary>
    /// Key of the fresh classifier: part of checkpoint-0, hence the same for search, ticket and
    /// control.
    /// </summary>
    internal RandomKey HeadKey => RandomKey.FromSeed(Recipe.Seed).Derive(0L);

    internal static RunSession Open(TrainRequest request, IProgress<TrainProgress>? progress, CancellationToken stop)
    {
        RecipeCheck.Require(request.Recipe, "recipe");
        var tokenizer = WordPieceTokenizer.Load(request.Model);
        // checks the shapes before data are read and anything is written
        using var files = BertFiles.Open(request.Model);
        if (request.Recipe.Search is not null && files.Config.Ticket is not null)
        {
            throw new CheckpointException(
                $"{request.Model}: is a ticket already; a search needs a dense checkpoint (a recipe "
                    + "without search goes on training a ticket)"
            );
        }
        TicketFit.Require(request.Recipe, files.Config);
        var ticket = TicketInputs.Require(request.Recipe, files.Config, request.Output);
        var data = RunData.Load(request, tokenizer);
        EpochAttacks.Require(request, data);
        var folder = request.Resume ? RunFolder.Open(request.Output) : RunFolder.Create(request.Output);
        folder.EnsureSpace(CopiesOnDisk * ModelBytes(files.Config));
        var recipeText = RecipeJson.Write(request.Recipe);
        if (request.Resume)
        {
            if (File.Exists(folder.RecipeFile) && File.ReadAllText(folder.RecipeFile) != recipeText)
                throw OtherRecipe(folder);
            AtomicFolder.RemoveLeftovers(folder.Path);
        }
        // A resumed run may have been killed before it came to writing this.
        if (!File.Exists(folder.RecipeFile))
            AtomicFile.WriteAllText(folder.RecipeFile, recipeText);
        Parts(data).Save(folder.SplitsFile);
        var session = new RunSession(request, data, tokenizer, folder, progress, stop)
        {
            HeadsPerLayer = files.Config.NumAttentionHeads,
            RecipeHash = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(recipeText))),
            InputsHash = RunInputs.Hash(data, files.Weights, ticket, request.EpochAttack?.Identity),
        };
        foreach (var note in OtherClasses(files, data.Labels.Count) is { } other ? [.. data.Notes, other] : data.Notes)
            progress?.Report(new TrainProgress("data", 0, 0, 0, 0, 0, 0, null, note));
        return session;
    }

    /// <summary>
    /// A sentence when the model folder has a classifier that does not fit the task, so that its
    /// place is taken by a fresh one.
    /// </summary>
    private static string? OtherClasses(HuggingFaceFolder files, int labels) =>
        files.Weights.Contains(BertParameters.Weight(BertParameters.Classifier))
        && files.Weights.Info(BertParameters.Weight(BertParameters.Classifier)).Shape[0] is var classes
        && classes != labels
            ? $"the model's classifier has {classes} classes, the task {labels}: training starts from a fresh one"
            : null;

    private static RunSplits Parts(RunData data) =>
        new(
            new SplitPart("train", data.Train.Examples.Count, data.Ids.Train),
            new SplitPart(data.DevelopmentName, data.Development.Examples.Count, data.Ids.Development),
            new SplitPart(data.EvaluationName, data.Evaluation.Examples.Count, data.Ids.Evaluation)
        );

    private static long ModelBytes(HuggingFaceConfig config) =>
        BertShapes.OfClassifier(BertFiles.ConfigOf(config, 2)).Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b))
        * sizeof(float);

    internal static RecipeException OtherRecipe(RunFolder folder) =>
        new(
            $"{folder.Path} was begun with another recipe (see recipe.json there); go on with that one or "
                + "choose another --out"
        );

    /// <summary>A model at checkpoint-0: pre-trained encoder and the seeded classifier.</summary>
    /// <param name="execution">How it runs; null as the request says.</param>
    internal BertForSequenceClassification Checkpoint0(Execution? execution = null) =>
        BertFiles.LoadClassifier(Request.Model, Data.Labels.Count, HeadKey, execution ?? Execution);

    /// <summary>Cuts the event log back to what a checkpoint knows.</summary>
    internal void RewindEvents(long length)
    {
        _events?.Dispose();
        _events = EventLog.Open(Folder.EventsFile, length);
    }

    /// <summary>Logs a step, reports progress, and turns an interrupt into a checkpoint.</summary>
    internal void AfterStep(StageRun stage, StepReport step)
    {
        Events.Append(
            new StepEvent(
                stage.Name,
                step.Step,
                step.Epoch,
                step.Loss,
                step.LearningRate,
                step.GradientNorm,
                step.Tokens,
                step.Seconds,
                step.Passes.Forward,
                step.Passes.Backward,
                step.Passes.WeightGradient
            )
        );
        _progress?.Report(
            new TrainProgress(
                stage.Name,
                step.Step,
                stage.LastStep,
                step.Epoch,
                step.Loss,
                step.LearningRate,
                stage.Pace.TokensPerSecond(step),
                stage.Pace.Remaining(step, stage.LastStep),
                null
            )
        );
    }

    /// <summary>Says a sentence between steps.</summary>
    internal void Note(StageRun stage, string text) =>
        _progress?.Report(
            new TrainProgress(
                stage.Name,
                stage.Tally.Steps,
                stage.LastStep,
                stage.Tally.Epochs,
                stage.Tally.Loss,
                0,
                0,
                null,
                text
            )
        );

    /// <summary>
    /// Writes a checkpoint when one is due or asked for; throws when the run is to stop.
    /// </summary>
    internal void CheckpointIfDue(StageRun stage)
    {
        var every = Request.CheckpointEverySteps;
        var stopping = Stop.IsCancellationRequested;
        if (!stopping && (every <= 0 || stage.Tally.Steps % every != 0))
            return;
        SaveCheckpoint(stage);
        if (stopping)
            throw new OperationCanceledException(
                $"stopped in {stage.Name} after step {stage.Tally.Steps}; --resume goes on from there",
                Stop
            );
    }

    /// <summary>Writes a checkpoint of a stage now.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="epochAttackDue">Whether going on from it begins with the attack after the epoch
    /// just ended.</param>
    /// <exception cref="NumericFailureException">A parameter is not finite; the checkpoints before
    /// stay.</exception>
    internal void SaveCheckpoint(StageRun stage, bool epochAttackDue = false)
    {
        foreach (var name in stage.Model.Store.Names)
        {
            foreach (var value in stage.Model.Store[name].host<float>())
            {
                if (!float.IsFinite(value))
                    throw new NumericFailureException(
                        $"{stage.Name}, step {stage.Tally.Steps}: '{name}' holds {value}; a lower learning rate "
                            + "usually helps"
                    );
            }
        }
        var state = new RunState(
            stage.Name,
            stage.Optimizer.Updates,
            StepsBefore + stage.Tally.Steps,
            Events.Position,
            RecipeHash,
            Data.Hash,
            stage.Tally,
            [.. Finished],
            Ticket,
            InputsHash,
            epochAttackDue
        );
        RunCheckpoint.Save(Folder, state, stage.Model.Store, stage.Optimizer, stage.Snapshots, stage.Part);
    }

    /// <summary>Evaluates after an epoch and logs it.</summary>
    internal EvaluationResult EvaluateEpoch(StageRun stage)
    {
        var result = Evaluator.Evaluate(stage.Model, Data.Development.Examples);
        Events.Append(
            new EvaluationEvent(
                stage.Name,
                stage.Tally.Steps,
                stage.Tally.Epochs,
                Data.DevelopmentName,
                result.Accuracy,
                result.Loss,
                result.Examples
            )
        );
        Note(
            stage,
            $"epoch {stage.Tally.Epochs:0.##}: accuracy {100 * result.Accuracy:0.0} % on {result.Examples} "
                + $"examples of {Data.DevelopmentName}, loss {result.Loss:0.000}"
        );
        return result;
    }

    /// <summary>Shows how far work beside training is.</summary>
    internal void Progress(string label, long done, long total, double epoch, string figures) =>
        _progress?.Report(new TrainProgress(label, done, total, epoch, 0, 0, 0, null, null, figures));

    public void Dispose() => _events?.Dispose();
}

/// <summary>One stage at work.</summary>
/// <param name="Name">Name in logs.</param>
/// <param name="LastStep">Steps at most.</param>
/// <param name="Model">Network being trained.</param>
/// <param name="Optimizer">Its optimiser.</param>
/// <param name="Snapshots">Snapshots of a search; empty elsewhere.</param>
internal sealed record StageRun(
    string Name,
    long LastStep,
    BertForSequenceClassification Model,
    AdamW Optimizer,
    SnapshotList Snapshots
)
{
    internal StageTally Tally { get; set; } = StageTally.Zero;

    /// <summary>
    /// What its checkpoints hold beyond parameters, moments and snapshots, or null.
    /// </summary>
    internal ICheckpointPart? Part { get; init; }

    internal PaceMeter Pace { get; } = new();
}

/// <summary>Pace over the last steps of this process.</summary>
internal sealed class PaceMeter
{
    private readonly Queue<(double Seconds, long Tokens)> _recent = new();

    internal double TokensPerSecond(StepReport step)
    {
        _recent.Enqueue((step.Seconds, step.Tokens));
        if (_recent.Count > 50)
            _recent.Dequeue();
        return _recent.Sum(r => r.Tokens) / _recent.Sum(r => r.Seconds);
    }

    internal TimeSpan? Remaining(StepReport step, long lastStep) =>
        _recent.Count < 5 ? null : TimeSpan.FromSeconds((lastStep - step.Step) * _recent.Average(r => r.Seconds));
}
