// A finished run: its result, folder, reported examples and model.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Pipeline.Data;
using RobustTickets.Pipeline.Models;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>
/// A finished run. It contains texts and figures; the model is loaded from its folder.
/// </summary>
public sealed class TrainedRun
{
    private readonly Lazy<EvaluationExamples> _evaluation;

    private TrainedRun(RunFolder folder, RunResult result, Lazy<EvaluationExamples> evaluation)
    {
        (Folder, Result, _evaluation) = (folder, result, evaluation);
    }

    /// <summary>Opens a finished run; texts are read lazily.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="data">File or folder of the data set; null: its path at the time of the
    /// run.</param>
    /// <param name="options">Columns and labels, if the run used any.</param>
    /// <exception cref="RunFolderException">The folder contains no run, or an unfinished
    /// one.</exception>
    /// <exception cref="DataException">A file of the run is corrupt.</exception>
    public static TrainedRun Open(string folder, string? data = null, DataOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var run = RunFolder.Open(folder);
        if (!run.IsFinished)
            throw new RunFolderException($"{folder}: this run is not finished; resume it first")
            {
                Fields = ["Resume"],
            };
        return new TrainedRun(
            run,
            RunResult.Load(run.ResultFile),
            // Exceptions are not cached: missing data may exist at the next access.
            new Lazy<EvaluationExamples>(() => Reported(run, data, options), LazyThreadSafetyMode.PublicationOnly)
        );
    }

    /// <summary>The run folder.</summary>
    public RunFolder Folder { get; }

    /// <summary>The contents of <c>result.json</c>.</summary>
    public RunResult Result { get; }

    /// <summary>
    /// The examples of the reported accuracy: the labelled test split, otherwise the development
    /// split, otherwise the part held out of the training file. They were not used for selection,
    /// unless the recipe draws from <c>best-dev</c> under <c>split.dev</c> <c>released</c>.
    /// </summary>
    /// <exception cref="DataException">The data of a reopened run were moved or
    /// changed.</exception>
    public EvaluationExamples Evaluation => _evaluation.Value;

    /// <summary>Names of the finished attacks in the run's folder.</summary>
    public IReadOnlyList<string> Attacks =>
        Directory.Exists(Folder.AttacksFolder)
            ?
            [
                .. Directory
                    .GetDirectories(Folder.AttacksFolder)
                    .Where(FinishedAttack.Exists)
                    .Select(attack => Path.GetFileName(attack)!)
                    .Order(StringComparer.Ordinal),
            ]
            : [];

    /// <summary>Loads the report of a finished attack.</summary>
    /// <param name="attack">One of <see cref="Attacks"/>.</param>
    /// <exception cref="DataException">There is no attack of that name, or a file is
    /// corrupt.</exception>
    public AttackReport LoadAttack(string attack)
    {
        ArgumentNullException.ThrowIfNull(attack);
        return Attacks.Contains(attack)
            ? AttackReport.Load(Folder.AttackFolder(attack))
            : throw new DataException(
                $"{Folder.Path}: no finished attack '{attack}'; "
                    + (Attacks.Count == 0 ? "there is none" : $"possible: {string.Join(", ", Attacks)}")
            );
    }

    /// <summary>Loads the trained classifier; the caller disposes it.</summary>
    /// <param name="execution">Device, precision, threads of the process; null: this machine's CPU
    /// in float32.</param>
    /// <param name="maxLength">Maximum sequence length, at least 3; null uses the tokenizer's
    /// limit, at most the positions of the model.</param>
    /// <exception cref="RequestException">This machine does not support the execution options, or
    /// the length is below 3.</exception>
    /// <exception cref="CheckpointException">The folder's model is missing or corrupt.</exception>
    /// <exception cref="Torch.Native.TorchUnavailableException">libtorch is not available.</exception>
    public Classifier LoadClassifier(Execution? execution = null, int? maxLength = null) =>
        Classifier.Load(Folder.ModelFolder, execution, maxLength);

    internal static TrainedRun Of(TrainRequest request, RunResult result, CancellationToken stop)
    {
        var data = RunData.Load(request, WordPieceTokenizer.Load(request.Model), stop);
        return new TrainedRun(
            RunFolder.Open(request.Output),
            result,
            new Lazy<EvaluationExamples>(new EvaluationExamples(data.EvaluationTexts, data.EvaluationName))
        );
    }

    private static EvaluationExamples Reported(RunFolder run, string? data, DataOptions? options)
    {
        var place =
            data
            ?? EnvironmentStamp.Load(run.EnvironmentFile).Extra.GetValueOrDefault(EnvironmentFacts.Data)
            ?? throw new DataException($"{run.EnvironmentFile}: does not record the path of the run's data; name it");
        if (!Path.Exists(place))
            throw new DataException($"{place}: the run's data no longer exist there; give their path");
        var classes = HuggingFaceConfig.Load(Path.Combine(run.ModelFolder, "config.json")).Labels;
        var task = RecipeJson.ReadFile(run.RecipeFile).Task;
        var rows = MeasuredRows.Load(new NamedModel(run.ModelFolder), place, task, options, null, classes);
        return rows.Kind == RowKind.HeldOut
            ? new EvaluationExamples(rows.Split.Examples, rows.Name)
            : throw new DataException($"{place}: not the data of {run.Path}, or changed since: {rows.Description}");
    }
}
