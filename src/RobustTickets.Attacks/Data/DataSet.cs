using System.Globalization;

namespace RobustTickets.Attacks.Data;

/// <summary>
/// Reads one split of a task from any supported layout: path to file (<see cref="SplitFiles"/>),
/// file to rows (<see cref="RecordFile"/>, <see cref="AclImdb"/>), label values to classes
/// (<see cref="LabelMap"/>). Invalid data are rejected with file and line.
/// </summary>
public static class DataSet
{
    /// <summary>
    /// Whether a path contains the split as a separate file (or in aclImdb), published with labels.
    /// A single table is one split, whatever its name.
    /// </summary>
    /// <param name="path">File or folder.</param>
    /// <param name="task">Name of the task.</param>
    /// <param name="split">train, dev, test or dev-mismatched.</param>
    /// <exception cref="DataException">Task or split is unknown, nothing is found, or two files
    /// match the split.</exception>
    public static bool Holds(string path, string task, string split)
    {
        var layout = TaskCatalog.Required(task);
        var name = SplitFiles.Normalise(split);
        if (!layout.IsGeneric && layout.Task.LabelledSplits?.Contains(name) == false)
            return false;
        return File.Exists(path) ? AclImdb.IsArchive(path) : SplitFiles.Holds(path, layout, name);
    }

    /// <summary>Whether a path is a single table, which is one split whatever its name.</summary>
    internal static bool IsOneTable(string path) => File.Exists(path) && !AclImdb.IsArchive(path);

    /// <summary>Whether a folder or archive contains the split, labelled or not.</summary>
    /// <inheritdoc cref="Holds"/>
    internal static bool HasSplit(string path, string task, string split) =>
        File.Exists(path)
            ? Holds(path, task, split)
            : SplitFiles.Holds(path, TaskCatalog.Required(task), SplitFiles.Normalise(split));

    /// <summary>The split names.</summary>
    internal static IReadOnlyList<string> SplitNames => SplitFiles.Names;

    /// <summary>Whether a text is the name or an alias of a split.</summary>
    internal static bool IsSplitName(string split) => SplitFiles.TryNormalise(split) is not null;

    /// <summary>The canonical name of a split: <c>validation</c> is <c>dev</c>.</summary>
    /// <exception cref="DataException">The split is unknown.</exception>
    internal static string NameOf(string split) => SplitFiles.Normalise(split);

    /// <summary>Reads a split.</summary>
    /// <param name="path">A file, or a folder that contains one for the split.</param>
    /// <param name="task">Name of the task (<see cref="TaskCatalog"/>).</param>
    /// <param name="split">train, dev (validation), test or dev-mismatched. For a single file it is
    /// only a name.</param>
    /// <param name="options">Columns, labels, limits; null for the task's defaults.</param>
    /// <param name="stop">Cancels reading, also within a compressed file.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is below 1.</exception>
    /// <exception cref="DataException">The data is missing, malformed or unlabelled; the message
    /// names file and line.</exception>
    /// <exception cref="RequestException">A column is two of text, second text, label.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static Split Load(
        string path,
        string task,
        string split,
        DataOptions? options = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(path);
        options ??= new DataOptions();
        var layout = TaskCatalog.Required(task);
        var name = SplitFiles.Normalise(split);
        if (options.Limit is <= 0)
            throw new ArgumentOutOfRangeException(
                nameof(options),
                options.Limit,
                "the limit must be at least 1 example"
            );
        var place = SplitFiles.Find(path, layout, name);
        return place.AclSplit is { } aclSplit
            ? Reviews(place.Path, aclSplit, layout, name, options, stop)
            : Table(place, layout, name, options, stop);
    }

    /// <summary>
    /// Whether any row of a split has a label; test files of competitions have none.
    /// </summary>
    /// <param name="path">A file, or a folder that contains one for the split.</param>
    /// <param name="task">Name of the task.</param>
    /// <param name="split">train, dev, test or dev-mismatched.</param>
    /// <param name="options">Columns and labels.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">The data is missing or malformed.</exception>
    public static bool IsLabelled(
        string path,
        string task,
        string split,
        DataOptions? options = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(path);
        var layout = TaskCatalog.Required(task);
        var name = SplitFiles.Normalise(split);
        var place = SplitFiles.Find(path, layout, name);
        var asIs = (options ?? new DataOptions()) with { RequireLabels = false };
        return place.AclSplit is not null || RawTable.Read(place.Path, layout, name, asIs, stop).IsLabelled;
    }

    private static Split Reviews(
        string path,
        string aclSplit,
        TaskLayout layout,
        string split,
        DataOptions options,
        CancellationToken stop
    )
    {
        List<string>? leftOut = options.SkipBadRows ? [] : null;
        var (reviews, hash) = AclImdb.IsArchive(path)
            ? AclImdb.ReadArchive(path, aclSplit, options.MaxUnpackedBytes, leftOut, stop)
            : AclImdb.ReadFolder(path, aclSplit, leftOut, stop);
        var labels = options.Labels ?? LabelMap.For(TaskCatalog.Required("imdb"), oneBased: false);
        int Index(string folder, string name) =>
            labels.Indices.TryGetValue(folder, out var index) || labels.Indices.TryGetValue(name, out index)
                ? index
                : throw new DataException(
                    $"{path}: the labels are 'neg' and 'pos' (or negative and positive); the label map contains "
                        + string.Join(", ", labels.Indices.Keys)
                );
        var classes = new[] { Index("neg", "negative"), Index("pos", "positive") };
        var examples = reviews.Select(review => review with { Label = classes[review.Label], Source = hash });
        return Finish(layout, split, Take(examples, options), path, hash, labels, [.. LeftOut(leftOut)]);
    }

    private static IEnumerable<string> LeftOut(List<string>? reviews)
    {
        if (reviews is { Count: > 0 })
            yield return $"{reviews.Count} reviews left out (not UTF-8, or not named ID_RATING.txt): "
                + $"{string.Join(", ", reviews.Take(5))}{(reviews.Count > 5 ? ", .." : "")}";
    }

    private static Split Table(
        SplitPlace place,
        TaskLayout layout,
        string split,
        DataOptions options,
        CancellationToken stop
    )
    {
        var table = RawTable.Read(place.Path, layout, split, options, stop);
        var notes = new List<string>(table.Notes);
        if (place.TrainPath is null && SplitFiles.SplitOf(place.Path) is { } says && says != split)
            notes.Add($"the file name suggests split {says}, but it was read as split {split}");

        var labels = Labels(table, place, layout, options, stop);
        var classes = new LabelLookup(labels);
        var leftOut = new LeftOutRows(place.Path, options.SkipBadRows);
        var examples = new List<Example>(table.Rows.Count);
        var empty = 0;
        for (var i = 0; i < table.Rows.Count; i++)
        {
            var row = table.Rows[i];
            if (ClassOf(row, table, classes, labels, leftOut) is not { } label)
                continue;
            var text = table.Picked.Text(row);
            if (string.IsNullOrWhiteSpace(text.First) || text.Second is { } pair && string.IsNullOrWhiteSpace(pair))
                empty++;
            examples.Add(
                new Example($"{split}:{row.Ordinal}", layout.Task.Columns(text), label)
                {
                    Source = table.Sha256,
                    Origin = table.Picked.Origin(row),
                }
            );
        }
        if (examples.Count == 0)
            throw leftOut.NoneFits();
        notes.AddRange(leftOut.Notes());
        if (empty > 0)
            notes.Add($"{empty} rows with an empty text");
        if (classes.ReadByValue is { } number)
            notes.Add($"labels are compared as numbers: {number} is class {labels.Names[classes.Find(number)!.Value]}");
        else if (options.Labels is null && Merged(table) is { Length: > 0 } merged)
            notes.Add($"labels are compared as numbers: {string.Join(" and ", merged)} are one class");
        if (options.Labels is null && layout.IsGeneric && labels.Indices.ContainsKey("-1"))
            notes.Add("label -1 is treated as a class; if it marks unlabelled rows, give a label map without it");
        return Finish(layout, split, Take(examples, options), place.Path, table.Sha256, labels, notes);
    }

    // The spellings of the first number that has several.
    private static string[] Merged(RawTable table) =>
        [
            .. table
                .LabelValues.Distinct(StringComparer.Ordinal)
                .Where(LabelText.IsNumber)
                .GroupBy(LabelText.Canonical, StringComparer.Ordinal)
                .FirstOrDefault(spellings => spellings.Skip(1).Any())
                ?? Enumerable.Empty<string>(),
        ];

    private static LabelMap Labels(
        RawTable table,
        SplitPlace place,
        TaskLayout layout,
        DataOptions options,
        CancellationToken stop
    )
    {
        if (options.Labels is { } given)
            return given;
        if (!layout.IsGeneric)
            return LabelMap.For(layout, layout.OneBased && FromOne(table, layout));
        // The classes are those of the training split; another split may lack some.
        if (place.TrainPath is not null)
        {
            var train = RawTable.Read(place.TrainPath, layout, "train", options, stop);
            return LabelInference.Infer(train.LabelValues, place.TrainPath);
        }
        return table.IsLabelled
            ? LabelInference.Infer(table.LabelValues, place.Path)
            : new LabelMap([], new Dictionary<string, int>(), "none, the data has no labels");
    }

    /// <summary>
    /// Whether the labels of a one-based task count from 1 here: always in the original layout;
    /// elsewhere the presence of 0 or the highest label decides.
    /// </summary>
    private static bool FromOne(RawTable table, TaskLayout layout)
    {
        if (table.IsOriginalLayout)
            return true;
        var numbers = table.LabelValues.Select(LabelText.Number).OfType<decimal>().ToHashSet();
        if (numbers.Count == 0 || numbers.Contains(0))
            return false;
        if (numbers.Contains(layout.Task.Labels.Count))
            return true;
        var found = numbers.Order().Select(n => n.ToString(CultureInfo.InvariantCulture));
        throw new DataException(
            $"{table.Path}: the labels {string.Join(", ", found)} may start at 0 or at 1",
            new Remedy("give a label map, such as 1=0,2=1,3=2,4=3", nameof(DataOptions.Labels))
        );
    }

    // Null: the row is skipped.
    private static int? ClassOf(RawRow row, RawTable table, LabelLookup classes, LabelMap labels, LeftOutRows leftOut)
    {
        if (table.Picked.Label(row) is not { } label)
            return Example.Unlabelled;
        if (classes.Find(label) is { } index)
            return index;
        var possible = string.Join(", ", labels.Indices.Keys.Take(20));
        leftOut.Unknown(
            row.Line,
            label,
            $"unknown label '{label}'; possible: {possible}",
            new Remedy("give the labels of the data in class order", nameof(DataOptions.Labels))
        );
        return null;
    }

    private static List<Example> Take(IEnumerable<Example> examples, DataOptions options) =>
        [.. examples.Take(options.Limit ?? int.MaxValue)];

    private static Split Finish(
        TaskLayout layout,
        string split,
        List<Example> examples,
        string source,
        string hash,
        LabelMap labels,
        List<string> notes
    )
    {
        var counts = new int[labels.Names.Count];
        foreach (var example in examples)
        {
            if (example.Label != Example.Unlabelled)
                counts[example.Label]++;
        }
        var labelled = counts.Sum() > 0;
        var missing = labels.Names.Where((_, i) => labelled && counts[i] == 0).ToArray();
        if (missing.Length > 0)
            notes.Add($"no example of class {string.Join(", ", missing)}");
        return new Split(
            layout.Task with
            {
                Labels = labels.Names,
            },
            split,
            examples,
            source,
            hash,
            labels,
            counts,
            notes
        );
    }
}
