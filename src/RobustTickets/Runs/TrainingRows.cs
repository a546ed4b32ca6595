// training.json in a model folder: which rows the weights have seen. It goes with the model when
// the folder is copied out of its run, so that no number is measured on training rows by mistake.
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RobustTickets.Attacks;

namespace RobustTickets.Runs;

/// <summary>Rows of one file.</summary>
/// <param name="Name">The part, as <c>splits.json</c> names it.</param>
/// <param name="Split">The split that the file was read as: train, dev or test.</param>
/// <param name="File">Name of the file, for people.</param>
/// <param name="Sha256">SHA-256 of the data (<see cref="Attacks.Data.Split.Sha256"/>); empty where
/// an older program did not write it.</param>
/// <param name="Examples">Number of rows.</param>
/// <param name="Rows">The rows (<see cref="RowKey.Row"/>), runs of numbers as <c>3-17</c>,
/// separated by commas; null for every row of the file.</param>
/// <param name="Except">Rows that are not among them, where <paramref name="Rows"/> is
/// null.</param>
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
    /// Whether a row of the file belongs to the part, as a function that is asked often.
    /// </summary>
    public Func<string, bool> Membership()
    {
        var rows = Rows is null ? null : Read(Rows);
        var except = Except is null ? null : Read(Except);
        return row => rows?.Contains(row) != false && except?.Contains(row) != true;
    }

    /// <summary>Rows of examples in the form of <see cref="Rows"/>.</summary>
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
                throw new DataException($"{TrainingRows.FileName}: rows of {Name}: '{item}' is no run of rows");
            rows.Add(from, to);
        }
        return rows;
    }

    /// <summary>Runs of row numbers, as many as are written, and names.</summary>
    private sealed class RowSet
    {
        // By their beginnings, apart from one another.
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

        // The last run that begins at or before a number, or -1.
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

/// <summary>Which rows a model was trained on, held out and reported on.</summary>
/// <param name="SchemaVersion">Version of this layout, <see cref="CurrentSchema"/>.</param>
/// <param name="Task">The task.</param>
/// <param name="Base">Name of the checkpoint that training began from.</param>
/// <param name="Train">What was trained on.</param>
/// <param name="Development">What was looked at while training.</param>
/// <param name="Evaluation">What is reported.</param>
/// <param name="Earlier">What else the weights have seen: rows that the base was trained on, and
/// rows of which adversarial texts were trained on.</param>
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
    /// <summary>The layout that this program writes and reads.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Name of the file in a model folder.</summary>
    public const string FileName = "training.json";

    /// <summary>Everything that was trained on.</summary>
    [JsonIgnore]
    public IEnumerable<RowPart> TrainedOn => [Train, .. Earlier];

    /// <summary>Writes the file into a model folder, whole or not at all.</summary>
    public void Save(string folder) =>
        WholeFile.Write(
            Path.Combine(folder, FileName),
            JsonSerializer.Serialize(this, RunFileJson.Default.TrainingRows) + "\n"
        );

    /// <summary>
    /// What is known of a model folder, or of the run around it; null when nothing is.
    /// </summary>
    /// <param name="model">The model folder.</param>
    /// <param name="run">The run that it lies in, or null.</param>
    /// <exception cref="DataException">A file is broken.</exception>
    public static TrainingRows? Find(string model, RunFolder? run)
    {
        var file = Path.Combine(model, FileName);
        if (File.Exists(file))
            return RunFile.Read(file, RunFileJson.Default.TrainingRows, CurrentSchema);
        return run is null ? null : FromRun(run);
    }

    // Runs of older programs: the parts lie in splits.json, the hash of the training data in
    // environment.json, and what is reported has a hash only where it is part of those.
    private static TrainingRows? FromRun(RunFolder run)
    {
        if (!File.Exists(run.SplitsFile) || !File.Exists(run.EnvironmentFile))
            return null;
        var (splits, environment) = (RunSplits.Load(run.SplitsFile), EnvironmentStamp.Load(run.EnvironmentFile));
        if (!environment.Extra.TryGetValue("data_sha256", out var hash))
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
