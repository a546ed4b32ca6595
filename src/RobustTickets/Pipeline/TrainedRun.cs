// A finished run as a value: its result, its folder, the examples it reports on, its model.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Pipeline.Data;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>A finished run. It holds texts and figures; the model lies in its folder.</summary>
public sealed class TrainedRun
{
    /// <summary>Name of the place of the data in <c>environment.json</c>.</summary>
    internal const string DataFact = "data";

    private readonly Lazy<EvaluationExamples> _evaluation;

    private TrainedRun(RunFolder folder, RunResult result, Lazy<EvaluationExamples> evaluation)
    {
        (Folder, Result, _evaluation) = (folder, result, evaluation);
    }

    /// <summary>Opens a finished run again; texts are read when they are asked for.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="data">File or folder of the data set; null: where it lay when the run was
    /// made.</param>
    /// <param name="options">Columns and labels, where the run was given some.</param>
    /// <exception cref="RunFolderException">It holds no run, or one that is not
    /// finished.</exception>
    /// <exception cref="DataException">A file of the run is broken.</exception>
    public static TrainedRun Open(string folder, string? data = null, DataOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var run = RunFolder.Open(folder);
        if (!File.Exists(run.ResultFile))
            throw new RunFolderException($"{folder}: this run is not finished; resume it to its end")
            {
                Fields = ["Resume"],
            };
        return new TrainedRun(
            run,
            RunResult.Load(run.ResultFile),
            // An exception is not kept: data that were missing may be there the next time.
            new Lazy<EvaluationExamples>(() => Reported(run, data, options), LazyThreadSafetyMode.PublicationOnly)
        );
    }

    /// <summary>The run folder with everything that was written.</summary>
    public RunFolder Folder { get; }

    /// <summary>What the run found, as <c>result.json</c> holds it.</summary>
    public RunResult Result { get; }

    /// <summary>
    /// The examples whose accuracy is reported: the labelled test split, else the development
    /// split, else the part held out of the training file. Nothing was chosen on them.
    /// </summary>
    /// <exception cref="DataException">Of a run that was opened: its data are not where they were,
    /// or changed.</exception>
    public EvaluationExamples Evaluation => _evaluation.Value;

    /// <summary>The finished attacks of the run's folder, by the names of their folders.</summary>
    public IReadOnlyList<string> Attacks =>
        Directory.Exists(Folder.AttacksFolder)
            ?
            [
                .. Directory
                    .GetDirectories(Folder.AttacksFolder)
                    .Where(AttackLog.IsComplete)
                    .Select(attack => Path.GetFileName(attack)!)
                    .Order(StringComparer.Ordinal),
            ]
            : [];

    /// <summary>What a finished attack found.</summary>
    /// <param name="attack">One of <see cref="Attacks"/>.</param>
    /// <exception cref="DataException">There is none of that name, or a file is
    /// broken.</exception>
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

    /// <summary>The trained classifier; whoever loads it disposes of it.</summary>
    /// <param name="execution">Device, precision, threads of the process; null: this machine's CPU
    /// in float32.</param>
    /// <param name="maxLength">Length limit in word pieces, at least 3; null takes the tokenizer's,
    /// at most the positions of the model.</param>
    /// <exception cref="RequestException">The execution is not offered on this machine, or the
    /// length limit is below 3.</exception>
    /// <exception cref="CheckpointException">The folder's model is missing or broken.</exception>
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
            ?? EnvironmentStamp.Load(run.EnvironmentFile).Extra.GetValueOrDefault(DataFact)
            ?? throw new DataException($"{run.EnvironmentFile}: does not say where the run's data lie; name the place");
        if (!Path.Exists(place))
            throw new DataException($"{place}: the run's data are no longer there; name their place");
        var classes = HuggingFaceConfig.Load(Path.Combine(run.ModelFolder, "config.json")).Labels;
        var task = RecipeJson.ReadFile(run.RecipeFile).Task;
        var rows = MeasuredRows.Load(new VictimFolder(run.ModelFolder), place, task, options, null, classes);
        return rows.Kind == RowKind.HeldOut
            ? new EvaluationExamples(rows.Split.Examples, rows.Name)
            : throw new DataException($"{place}: not the data of {run.Path}, or changed since: {rows.Description}");
    }
}
