// Selects the rows a model is evaluated on: those it was not trained on. A run's own data are
// recognised by their SHA-256 whatever the file's name, rows of other files by their texts
// (docs/methods/data.md, Which rows are measured).
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Evaluation;
using RobustTickets.Runs;

namespace RobustTickets.Pipeline.Models;

/// <summary>How evaluated rows relate to the model's training data.</summary>
internal enum RowKind
{
    /// <summary>Data of the model's run that it was not trained on.</summary>
    HeldOut,

    /// <summary>Rows that the model was trained on, explicitly requested.</summary>
    TrainedOn,

    /// <summary>Other data than the run's.</summary>
    OtherData,

    /// <summary>The model's training data were not recorded.</summary>
    NotKnown,
}

/// <summary>The rows a model is evaluated on.</summary>
/// <param name="Split">The rows, labelled with the model's class indices.</param>
/// <param name="Kind">Relation to the training data.</param>
/// <param name="Name">The split or the run's part, as named in <c>splits.json</c>.</param>
/// <param name="OfRows">Number of rows of the data they were selected from.</param>
/// <param name="Description">Description for display, without the number of rows.</param>
internal sealed record MeasuredRows(Split Split, RowKind Kind, string Name, int OfRows, string Description)
{
    // The field of a request that names the split.
    private const string Field = "Split";

    private static readonly Remedy Parts = new("evaluate on training rows", Field, "train");

    /// <summary>Ids of the rows excluded because the model was trained on them.</summary>
    internal IReadOnlySet<string> LeftOut { get; init; } = new HashSet<string>();

    /// <summary>Number of rows whose text is that of another row that the model was trained
    /// on.</summary>
    internal int Repeated { get; private init; }

    // Texts by which repeated rows are counted.
    private TrainedTexts Trained { get; init; } = TrainedTexts.None;

    /// <summary>Rows, part and relation to the training data, on one line.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"measured: {Split.Examples.Count} rows, {Split.Task.Name} {Name}: {Description}");

    /// <summary>Name of a kind in files: held-out, trained-on, other-data, not-known.</summary>
    public static string NameOf(RowKind kind) =>
        kind switch
        {
            RowKind.HeldOut => "held-out",
            RowKind.TrainedOn => "trained-on",
            RowKind.OtherData => "other-data",
            _ => "not-known",
        };

    /// <summary>
    /// The rows of a data set on which a model may be evaluated. By default these are the rows that
    /// its run reports, if the data are the run's; with the split <c>train</c>, those it was
    /// trained on. For a single file, <c>dev</c> and <c>test</c> are the run's parts.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="path">File or folder of the data set.</param>
    /// <param name="task">The task.</param>
    /// <param name="options">Columns, labels, limit; the limit counts evaluated rows.</param>
    /// <param name="split">Name of the split; null for the default.</param>
    /// <param name="classes">The model's class names in order.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">Data are missing or malformed, or their classes do not match
    /// the model's.</exception>
    /// <exception cref="RequestException">All rows were trained on without being requested
    /// explicitly, or the file does not contain the requested part.</exception>
    public static MeasuredRows Load(
        NamedModel model,
        string path,
        string task,
        DataOptions? options,
        string? split,
        IReadOnlyList<string> classes,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        var known = TaskCatalog.Find(task);
        var asked = split is null ? null : DataSet.NameOf(split);
        var all = (options ?? new DataOptions()) with { Limit = null };
        Split Read(string name) => EvaluationData.Load(path, known.Name, all, name, classes, stop);
        MeasuredRows measured;
        if (model.Training is not { } training)
        {
            var read = Read(asked ?? known.EvaluationSplit);
            measured = new MeasuredRows(
                read,
                RowKind.NotKnown,
                read.Name,
                read.Examples.Count,
                $"all of {Path.GetFileName(read.Source)}; not known whether these rows were trained on"
            );
        }
        else
        {
            var (read, part) = DataSet.IsOneTable(path)
                ? OfTable(Read(asked ?? known.EvaluationSplit), training, asked, model)
                : OfFolder(path, known, training, asked, model, Read);
            measured = Select(read, part, training, asked == "train", model, options, stop);
        }
        if (options?.Limit is { } most && most < measured.Split.Examples.Count)
            measured = measured with
            {
                Split = measured.Split.Only([.. measured.Split.Examples.Take(most)]),
                Description = $"the first {most} of {measured.Split.Examples.Count}; {measured.Description}",
            };
        return measured.Split.Examples.Count(measured.Trained.Contain) is > 0 and var repeated
            ? measured with
            {
                Repeated = repeated,
                Description =
                    $"{measured.Description}; {repeated} of the measured rows {(repeated == 1 ? "has" : "have")} the "
                    + "text of one that was",
            }
            : measured;
    }

    private static (Split Read, RowPart? Part) OfTable(
        Split read,
        TrainingRows training,
        string? asked,
        NamedModel model
    )
    {
        bool Here(RowPart part) => part.Sha256 == read.Sha256;
        var (train, dev, reported) = (training.Train, training.Development, training.Evaluation);
        if (!Here(train))
            return (read, asked is null or "test" && Here(reported) ? reported : null);
        var part = asked switch
        {
            "train" => train,
            "dev" => dev,
            "test" => reported,
            null => Here(reported) ? reported : dev,
            _ => null,
        };
        if (part is null || !Here(part))
        {
            throw Refuse(
                asked,
                $"{read.Source} is the training file of {model.Name}, which used {train.Examples} of its rows; its "
                    + $"{(asked is null ? "held-out part" : "part")} is not in this file"
                    + $"{(part is { File.Length: > 0 } other ? $" but in {other.File}" : "")}"
            );
        }
        // Uses the run's ids, whatever the split was called here.
        var renamed = read.Examples.Select(e => e with { Id = $"{part.Split}:{RowKey.RowOf(e.Id)}" });
        return (Told(read with { Name = part.Split, Examples = [.. renamed] }, part, asked, model), part);
    }

    // Adds a note if another part than the requested one is used.
    private static Split Told(Split read, RowPart part, string? asked, NamedModel model) =>
        asked != "test" || part.Split == "test"
            ? read
            : read with
            {
                Notes =
                [
                    .. read.Notes,
                    $"the run of {model.Name} has no test part; using the part it reports: {part.Name}",
                ],
            };

    private static (Split Read, RowPart? Part) OfFolder(
        string path,
        TextTask task,
        TrainingRows training,
        string? asked,
        NamedModel model,
        Func<string, Split> read
    )
    {
        bool Has(string name) => DataSet.HasSplit(path, task.Name, name);
        var wanted = asked switch
        {
            null => training.Evaluation,
            "train" => training.Train,
            "dev" when !Has("dev") => training.Development,
            "test" when !Has("test") => training.Evaluation,
            _ => null,
        };
        if (wanted is { } part && (asked is null || part.Split == "train") && Has(part.Split))
        {
            var found = read(part.Split);
            if (found.Sha256 == part.Sha256)
                return (Told(found, part, asked, model), part);
            if (asked == "train")
                return (found, null);
        }
        return (read(asked ?? task.EvaluationSplit), null);
    }

    private static MeasuredRows Select(
        Split read,
        RowPart? part,
        TrainingRows training,
        bool trainAsked,
        NamedModel model,
        DataOptions? options,
        CancellationToken stop
    )
    {
        // The parts of a run are taken from its record, even if a text occurs in two of them.
        RowPart[] parts = [training.Train, training.Development, training.Evaluation];
        var isOfRun = parts.Any(p => p.Sha256 == read.Sha256);
        var recorded = SeenRows.Of(training);
        var seen = isOfRun ? null : SeenRowsReader.Read(model, options, stop).With(read.Examples, read.Sha256);
        var trained = read
            .Examples.Where(e => recorded.HasRow(e, read.Sha256) || seen?.HasText(e) == true)
            .Select(e => e.Id)
            .ToHashSet(StringComparer.Ordinal);
        var file = Path.GetFileName(read.Source);
        var isPart = part?.Membership() ?? (_ => true);
        var all = read.Examples.Count;
        if (trainAsked && trained.Count > 0)
            return new MeasuredRows(
                read.Only([.. read.Examples.Where(e => trained.Contains(e.Id))]),
                RowKind.TrainedOn,
                "train",
                all,
                $"the model was TRAINED ON these rows, of {all} in {file}"
            );
        var rows = read.Examples.Where(e => isPart(RowKey.RowOf(e.Id)) && !trained.Contains(e.Id)).ToArray();
        var name = part?.Name ?? read.Name;
        if (rows.Length == 0)
            throw Refuse(null, $"{model.Name} was trained on all {all} rows of {read.Source}, or of its part {name}");
        var own = isOfRun || recorded.HasFile(read.Sha256);
        return new MeasuredRows(
            read.Only(rows),
            own ? RowKind.HeldOut : RowKind.OtherData,
            name,
            all,
            !own ? OfOther(file, all, trained.Count, seen!.IsKnown)
                : trained.Count > 0
                    ? $"held out of the {all} rows of {file}, {trained.Count} of which the model was trained on"
                : rows.Length < all ? $"of the {all} rows of {file}, none of which the model was trained on"
                : $"all of {file}, none of which the model was trained on"
        )
        {
            LeftOut = trained,
            Trained = isOfRun ? model.Texts : TrainedTexts.None,
        };
    }

    private static string OfOther(string file, int all, int trained, bool isKnown)
    {
        var rows =
            trained == 0
                ? $"all of {file}, which is not the data of its run (another SHA-256)"
                : $"held out of the {all} rows of {file}, {trained} of which have a text that the model was trained "
                    + "on; the file is not the data of its run (another SHA-256)";
        return isKnown ? rows : $"{rows}; not known whether these rows were trained on";
    }

    private static RequestException Refuse(string? asked, string reason) => new(Field, asked, reason, Parts);
}
