// Training runs of a comparison: each is an ordinary, exactly resumable run folder; one cut off by
// the budget keeps its checkpoint and is skipped.
using RobustTickets.Attacks;
using RobustTickets.Pipeline;
using RobustTickets.Runs;

namespace RobustTickets.Hardening;

/// <summary>Trains defences.</summary>
/// <param name="request">The request.</param>
/// <param name="inputs">Model and rows.</param>
/// <param name="folder">The comparison's folder.</param>
/// <param name="progress">Receives progress events.</param>
/// <param name="stop">Cancels training.</param>
internal sealed class HardenTrainer(
    HardenRequest request,
    HardenInputs inputs,
    HardenFolder folder,
    IProgress<HardenProgress>? progress,
    CancellationToken stop
)
{
    private const int ProbeBatches = 12;
    private const int WarmUpSteps = 4;
    private const int CheckpointEverySteps = 200;
    private readonly RunDataCache _cache = new();

    /// <summary>The defences for given epochs and rows.</summary>
    public IReadOnlyList<HardenCandidate> Candidates(double epochs, int rows) =>
        HardenCandidates.All(
            Task,
            epochs,
            inputs.MaxLength,
            rows,
            inputs.Rows.Train.Count,
            inputs.Attacks.Dictionaries
        );

    /// <summary>
    /// Measures the seconds of a plain training pass over one row, from a few steps.
    /// </summary>
    public double Probe()
    {
        var plain = Candidates(1, inputs.Rows.Train.Count)[0].Recipe;
        var rows = Math.Min(inputs.Rows.Train.Count, ProbeBatches * plain.BatchSize);
        var output = folder.Run(".probe");
        if (Directory.Exists(output))
            Directory.Delete(output, recursive: true);
        // The same number of steps for few rows as for many.
        var epochs = Math.Ceiling(ProbeBatches * plain.BatchSize / (double)rows);
        var recipe = plain with
        {
            Split = plain.Split with { TrainExamples = rows },
            Retrain = plain.Retrain with { Epochs = epochs },
            Evaluate = new EvaluateStage(EveryEpoch: false),
        };
        var times = new List<(long At, double Epoch)>();
        var relay = new SyncProgress<RunEvent>(e =>
        {
            if (e is StepDone step)
                times.Add((request.Clock.GetTimestamp(), step.Epoch));
        });
        RecipeRunner.Run(Request(recipe, inputs.Base, output, resume: false) with { Cache = null }, relay, stop);
        Directory.Delete(output, recursive: true);
        // Warm-up steps, which allocate memory and build plans, are not counted.
        var (from, to) = (times[WarmUpSteps - 1], times[^1]);
        return request.Clock.GetElapsedTime(from.At, to.At).TotalSeconds / ((to.Epoch - from.Epoch) * rows);
    }

    /// <summary>Whether a training run is complete.</summary>
    public bool IsDone(string name) => RunFolder.At(folder.Run(name)).IsFinished;

    /// <summary>
    /// Seconds of a completed training run, including the run of the network it started from.
    /// </summary>
    public double Seconds(string name) =>
        RunResult.Load(RunFolder.At(folder.Run(name)).ResultFile).Stages.Sum(s => s.Seconds)
        + (StartOf(name) is { } start ? Seconds(start) : 0);

    // The fine-tuned network that a run starts from, with the same seed if there is one; null: it
    // starts from the checkpoint.
    private string? StartOf(string name)
    {
        var defence = HardenCandidate.WithoutSeed(name);
        var goesOn = Candidates(1, inputs.Rows.Train.Count).Any(c => c.Name == defence && c.GoesOn);
        return !goesOn || inputs.BaseIsTrained
            ? null
            : new[] { HardenCandidate.FineTune + name[defence.Length..], HardenCandidate.FineTune }.FirstOrDefault(
                IsDone
            );
    }

    /// <summary>Trains or resumes.</summary>
    /// <param name="name">Name of the run.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="clock">Records the time.</param>
    /// <param name="until">Clock seconds at which training is cut off; null: never.</param>
    /// <returns>Whether training is complete; false when it was cut off.</returns>
    public bool Train(string name, Recipe recipe, BudgetClock clock, double? until)
    {
        if (IsDone(name))
            return true;
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var relay = new SyncProgress<RunEvent>(e =>
        {
            clock.Tick();
            if (clock.Seconds > until)
                cut.Cancel();
            if (e is StepDone)
                progress?.Report(new HardenTraining(e));
        });
        var output = folder.Run(name);
        var resume = RunFolder.At(output).HoldsRun;
        try
        {
            var start = StartOf(name) is { } trained ? folder.Model(trained) : inputs.Base;
            RecipeRunner.Run(Request(recipe, start, output, resume), relay, cut.Token);
            return true;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            progress?.Report(new HardenStageEnded());
        }
    }

    /// <summary>
    /// Task name that reads the written rows: user files are stored as JSON lines.
    /// </summary>
    private string Task =>
        Attacks.Data.TaskCatalog.Required(request.Task).IsGeneric
            ? "jsonl"
            : Attacks.Data.TaskCatalog.Find(request.Task).Name;

    private TrainRequest Request(Recipe recipe, string start, string output, bool resume) =>
        new(
            recipe,
            start,
            folder.Data,
            output,
            HardenFolder.Options(inputs.Rows),
            resume,
            request.Running,
            CheckpointEverySteps,
            _cache,
            Resources: (request.Resources ?? new ResourceFiles()).Only(AugmentTables.FileNames(recipe))
        )
        {
            Searches = folder.Runs,
        };
}
