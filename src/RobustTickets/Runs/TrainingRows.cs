// training.json in a model folder: the rows the weights were trained on. It is copied with the
// model, so that nothing is evaluated on training rows by mistake.
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;

namespace RobustTickets.Runs;

/// <summary>Rows of one file.</summary>
/// <param name="Name">Name of the part, as in <c>splits.json</c>.</param>
/// <param name="Split">The split as which the file was read: train, dev or test.</param>
/// <param name="File">Name of the file, for display.</param>
/// <param name="Sha256">SHA-256 of the data (<see cref="Attacks.Data.Split.Sha256"/>); empty in
/// files of earlier versions.</param>
/// <param name="Examples">Number of rows.</param>
/// <param name="Rows">The rows (<see cref="RowKey.Row"/>), ranges of numbers as <c>3-17</c>,
/// comma-separated; null for every row of the file.</param>
/// <param name="Except">Excluded rows, if <paramref name="Rows"/> is null.</param>
internal sealed record RowPart(
    string Name,
    string Split,
    string File,
    string Sha256,
    int Examples,
    string? Rows = null,
    string? Except = null
)
{
    /// <summary>
    /// A function that tests whether a row of the file belongs to the part; cheap to call
    /// repeatedly.
    /// </summary>
    public Func<string, bool> Membership()
    {
        var rows = Rows is null ? null : Read(Rows);
        var except = Except is null ? null : Read(Except);
        return row => rows?.Contains(row) != false && except?.Contains(row) != true;
    }

    /// <summary>Formats the rows of examples as in <see cref="Rows"/>.</summary>
    /// <param name="ids">Ids of examples, or rows.</param>
    public static string Write(IEnumerable<string> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var numbers = new SortedSet<int>();
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var row in ids.Select(RowKey.RowOf))
            if (int.TryParse(row, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                numbers.Add(number);
            else
                names.Add(row);
        var text = new StringBuilder();
        int? first = null,
            last = null;
        foreach (var number in numbers)
        {
            if (number != last + 1)
            {
                Flush();
                first = number;
            }
            last = number;
        }
        Flush();
        foreach (var name in names)
            Separate().Append(name);
        return text.ToString();

        StringBuilder Separate() => text.Length == 0 ? text : text.Append(',');

        void Flush()
        {
            if (first is { } from)
                Separate()
                    .Append(CultureInfo.InvariantCulture, $"{from}")
                    .Append(from == last ? "" : string.Create(CultureInfo.InvariantCulture, $"-{last}"));
        }
    }

    private RowSet Read(string text)
    {
        var rows = new RowSet();
        foreach (var item in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var cut = item.IndexOf('-', StringComparison.Ordinal);
            if (cut <= 0 || !char.IsAsciiDigit(item[0]))
            {
                rows.Names.Add(item);
                continue;
            }
            if (
                !int.TryParse(item[..cut], NumberStyles.None, CultureInfo.InvariantCulture, out var from)
                || !int.TryParse(item[(cut + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var to)
                || to < from
            )
                throw new DataException($"{TrainingRows.FileName}: rows of {Name}: '{item}' is not a range of rows");
            rows.Add(from, to);
        }
        return rows;
    }

    /// <summary>A set of row-number ranges and names.</summary>
    private sealed class RowSet
    {
        // Sorted by start, disjoint.
        private readonly List<(int From, int To)> _runs = [];

        public HashSet<string> Names { get; } = new(StringComparer.Ordinal);

        public void Add(int from, int to)
        {
            var at = Place(from);
            if (at >= 0 && _runs[at].To >= from)
                from = _runs[at].From;
            else
                at++;
            var end = at;
            for (; end < _runs.Count && _runs[end].From <= to; end++)
                to = Math.Max(to, _runs[end].To);
            _runs.RemoveRange(at, end - at);
            _runs.Insert(at, (from, to));
        }

        public bool Contains(string row)
        {
            if (Names.Contains(row))
                return true;
            // Numbers are written without leading zeros.
            if (
                !int.TryParse(row, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || (row.Length > 1 && row[0] == '0')
            )
                return false;
            var at = Place(number);
            return at >= 0 && number <= _runs[at].To;
        }

        // Index of the last range that starts at or before a number, or -1.
        private int Place(int number)
        {
            int low = 0,
                high = _runs.Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_runs[middle].From <= number)
                    low = middle + 1;
                else
                    high = middle;
            }
            return low - 1;
        }
    }
}

/// <summary>The rows a model was trained, held out and reported on.</summary>
/// <param name="SchemaVersion">Version of the format, <see cref="CurrentSchema"/>.</param>
/// <param name="Task">The task.</param>
/// <param name="Base">Name of the base checkpoint.</param>
/// <param name="Train">Training rows.</param>
/// <param name="Development">Development rows.</param>
/// <param name="Evaluation">Reported rows.</param>
/// <param name="Earlier">Other rows the weights were trained on: those of the base checkpoint, and
/// rows whose adversarial texts were in the training data.</param>
internal sealed record TrainingRows(
    int SchemaVersion,
    string Task,
    string Base,
    RowPart Train,
    RowPart Development,
    RowPart Evaluation,
    IReadOnlyList<RowPart> Earlier
)
{
    /// <summary>The format version written and read by this program.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Name of the file in a model folder.</summary>
    public const string FileName = HuggingFaceFolderWriter.TrainingRowsFile;

    /// <summary>All rows that the model was trained on.</summary>
    [JsonIgnore]
    public IEnumerable<RowPart> TrainedOn => [Train, .. Earlier];

    /// <summary>Writes the file to a model folder, atomically.</summary>
    public void Save(string folder) =>
        WholeFile.Write(
            Path.Combine(folder, FileName),
            JsonSerializer.Serialize(this, RunFileJson.Default.TrainingRows) + "\n"
        );

    /// <summary>
    /// The rows recorded in a model folder, or in its run; null if there is no record.
    /// </summary>
    /// <param name="model">The model folder.</param>
    /// <param name="run">The run that contains the model, or null.</param>
    /// <exception cref="DataException">A file is corrupt.</exception>
    public static TrainingRows? Find(string model, RunFolder? run)
    {
        var file = Path.Combine(model, FileName);
        if (File.Exists(file))
            return RunFile.Read(file, RunFileJson.Default.TrainingRows, CurrentSchema);
        return run is null ? null : FromRun(run);
    }

    // Runs of earlier versions: the parts are in splits.json, the hash of the training data in
    // environment.json, and the reported part has a hash only if it is part of those data.
    private static TrainingRows? FromRun(RunFolder run)
    {
        if (!File.Exists(run.SplitsFile) || !File.Exists(run.EnvironmentFile))
            return null;
        var (splits, environment) = (RunSplits.Load(run.SplitsFile), EnvironmentStamp.Load(run.EnvironmentFile));
        if (!environment.Extra.TryGetValue(EnvironmentFacts.DataHash, out var hash))
            return null;
        var (dev, reported) = (splits.Development, splits.Evaluation);
        var heldOut = dev.Ids is { } ids && IsOfTrain(dev) ? RowPart.Write(ids) : null;
        var train = new RowPart(
            "train",
            "train",
            "the training data",
            hash,
            splits.Train.Examples,
            splits.Train.Ids is { } trained ? RowPart.Write(trained) : null,
            splits.Train.Ids is null ? heldOut : null
        );
        return new TrainingRows(
            CurrentSchema,
            "",
            environment.Base?.Name ?? "",
            train,
            Part(dev),
            reported.Name == dev.Name ? Part(dev) : Part(reported),
            []
        );

        static bool IsOfTrain(SplitPart part) => PartName.IsCarved(part.Name);

        RowPart Part(SplitPart part) =>
            new(
                part.Name,
                IsOfTrain(part) ? "train" : PartName.Split(part.Name),
                IsOfTrain(part) ? train.File : "",
                IsOfTrain(part) ? hash : "",
                part.Examples,
                part.Ids is { } named ? RowPart.Write(named) : null
            );
    }
}
