using RobustTickets.Attacks.Data.ParquetFiles;
using RobustTickets.Attacks.Data.TextFiles;

namespace RobustTickets.Attacks.Data;

/// <summary>
/// The rows of a table, with columns selected by task and options, before label values become
/// classes. Columns are found by name, except in the original AG News layout
/// (<c>"class","title","description"</c> without header), which is recognised by its first row.
/// Text of AG News = title, space, description, as in the Hugging Face data set; backslashes and
/// entities are unchanged.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Sha256">Hash of its bytes.</param>
/// <param name="Rows">Valid rows that were not skipped.</param>
/// <param name="Picked">Which values of a row are text, second text and label.</param>
/// <param name="IsLabelled">Whether any row has a label.</param>
/// <param name="IsOriginalLayout">Whether the file is AG News without a header.</param>
/// <param name="Notes">Notes on skipped rows.</param>
internal sealed record RawTable(
    string Path,
    string Sha256,
    IReadOnlyList<RawRow> Rows,
    PickedColumns Picked,
    bool IsLabelled,
    bool IsOriginalLayout,
    IReadOnlyList<string> Notes
)
{
    /// <summary>
    /// Column of augmented data that names the row each row was generated from
    /// (<see cref="RowKey"/>).
    /// </summary>
    public const string OriginColumn = "augmented_from";

    private static readonly Remedy NoPair = new(
        "give an empty column name to read no second text",
        nameof(DataOptions.PairColumn)
    );

    /// <summary>Label values in file order.</summary>
    public IReadOnlyCollection<string> LabelValues => [.. Rows.Select(Picked.Label).OfType<string>()];

    public static RawTable Read(
        string path,
        TaskLayout layout,
        string split,
        DataOptions options,
        CancellationToken stop = default
    )
    {
        var file = Open(path, layout, options, stop, out var original);
        var texts = original ? ["1", "2"] : Column(file, "text", options.TextColumn, layout.TextColumns)!;
        var pair = PairColumn(file, layout, options);
        var label = original ? "0" : LabelColumn(file, layout, split, options);
        RequireOneRole(texts, pair, label);
        // -1 marks a row without a label, unless the user maps it to a class.
        var given = options.Labels is null ? null : new LabelLookup(options.Labels);
        var minusOne = given?.Contains("-1") ?? (layout.IsGeneric && !layout.MinusOneIsNoLabel);
        var origin = file.HasOwnColumns || file.Columns.Contains(OriginColumn) ? OriginColumn : null;
        var picked = new PickedColumns(texts.Length, pair is not null, label is not null, minusOne, given)
        {
            HasOrigin = origin is not null,
        };
        string[] wanted =
        [
            .. texts,
            .. pair is null ? Array.Empty<string>() : [pair],
            .. origin is null ? Array.Empty<string>() : [origin],
            .. label is null ? Array.Empty<string>() : [label],
        ];

        var rows = new List<RawRow>();
        var leftOut = new LeftOutRows(path, options.SkipBadRows);
        var (noGold, unlabelled, ordinal) = (0, 0, -1);
        var requested = new RequestedColumns(wanted, label, origin, Absent(layout, options, pair, label))
        {
            Remedy = label is null ? null : NoPair,
        };
        foreach (var record in file.Read(requested))
        {
            stop.ThrowIfCancellationRequested();
            ordinal++;
            if (record.Values is null || file.File.BrokenLines.Count > 0 && IsBroken(file.File, record))
            {
                leftOut.Malformed(record.Line, record.Error ?? "not UTF-8", record.Remedy);
                continue;
            }
            if (picked.Written(record) is { } value && layout.NoGold.Contains(value))
            {
                noGold++;
                continue;
            }
            if (label is not null && picked.Label(record) is null)
            {
                if (options.RequireLabels)
                {
                    leftOut.Unlabelled(record.Line, $"{picked.WhyUnlabelled(record)}; {Labelled(layout, split)}");
                    continue;
                }
                unlabelled++;
            }
            rows.Add(record with { Ordinal = ordinal });
        }

        if (rows.Count == 0)
        {
            throw noGold > 0 || !leftOut.Any
                ? new DataException(
                    noGold > 0
                        ? $"{path}: none of the {noGold} rows has a label; {Labelled(layout, split)}"
                        : $"{path}: a header but no rows"
                )
                : leftOut.NoneFits();
        }
        List<string> notes = [.. file.File.Notes, .. leftOut.Notes()];
        if (noGold > 0)
            notes.Add(
                $"{noGold} rows without a gold label left out "
                    + $"({string.Join(" or ", layout.NoGold.Select(value => $"'{value}'"))})"
            );
        if (unlabelled > 0)
            notes.Add($"{unlabelled} unlabelled rows");
        return new RawTable(
            path,
            file.File.Sha256,
            rows,
            picked,
            label is not null && unlabelled < rows.Count,
            original,
            notes
        );
    }

    // Columns of the task that were looked for in the first row and not found: later rows must not
    // have them either.
    private static string[] Absent(TaskLayout layout, DataOptions options, string? pair, string? label) =>
        [
            .. pair is null && options.PairColumn is null ? layout.PairColumns : [],
            .. label is not null ? Array.Empty<string>()
            : options.LabelColumn is { } named ? [named]
            : layout.LabelColumns,
        ];

    private static bool IsBroken(TextFile file, RawRow row) =>
        Enumerable.Range(row.Line, row.LastLine - row.Line + 1).Any(file.BrokenLines.ContainsKey);

    private static RecordFile Open(
        string path,
        TaskLayout layout,
        DataOptions options,
        CancellationToken stop,
        out bool original
    )
    {
        original = false;
        var name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        var extension = System.IO.Path.GetExtension(name).ToLowerInvariant();
        // Generic tasks are named after their format; for others the file extension decides, with
        // GLUE-like TSV as default.
        var kind =
            layout.IsGeneric ? layout.Task.Name
            : extension is ".jsonl" or ".json" or ".csv" or ParquetShards.End ? extension[1..]
            : ParquetFile.Begins(path) ? "parquet"
            : "tsv";
        if (kind == "parquet")
            return ParquetFile.Open(path, options, stop);
        if (ParquetFile.Begins(path))
            throw new DataException($"{path}: is a Parquet file; use task parquet instead of task {layout.Task.Name}");
        var text = TextFile.Open(path, options, stop);
        if (kind is "jsonl" or "json")
            return text.FirstByte == '['
                ? new JsonArrayFile(text, options.SkipBadRows)
                : new JsonLinesFile(text, options.SkipBadRows);
        var separator = options.Separator ?? (kind == "csv" ? ',' : '\t');
        var quoted = options.Quoted ?? kind == "csv";
        var table = new DelimitedFile(text, separator, quoted, options.Header, options.Escape);
        if (!layout.OneBased || options.LabelColumn is not null || options.TextColumn is not null)
            return table;
        var first = table.FirstRow;
        if (first.Count != 3 || !LabelText.IsNumber(first[0]))
            return table;
        original = true;
        return new DelimitedFile(text, separator, quoted, header: false, options.Escape);
    }

    /// <summary>
    /// The columns of one field: those the user names, otherwise the task's first spelling found in
    /// the file.
    /// </summary>
    private static string[]? Column(
        RecordFile file,
        string part,
        string? named,
        IReadOnlyList<string> spellings,
        bool optional = false
    )
    {
        foreach (var candidate in named is null ? spellings : [named])
        {
            var columns = file.Columns.Contains(candidate) ? [candidate] : candidate.Split('+');
            if (columns.All(file.Columns.Contains))
                return columns;
        }
        if (optional)
            return null;
        var expected = named is null ? string.Join(" or ", spellings.Select(name => $"'{name}'")) : $"'{named}'";
        throw new DataException(
            $"{file.File.Path}: no {part} column {expected}; found {Found(file)}",
            Naming(file, $"{char.ToUpperInvariant(part[0])}{part[1..]}Column")
        );
    }

    private static string Found(RecordFile file) =>
        string.Join(", ", file.Columns.Select(name => $"'{Shorten(name)}'"));

    // A header with a single field suggests another separator; one with a number or a sentence is a
    // data row.
    private static Remedy Naming(RecordFile file, string field)
    {
        if (file is not DelimitedFile { HasHeader: true })
            return new Remedy("name the column", field);
        if (DelimitedFields.Suggested(file.Columns) is var separator and not '\0')
            return new Remedy(
                $"if the columns are separated by '{(separator == '\t' ? "tab" : separator)}', set that separator",
                nameof(DataOptions.Separator)
            );
        var isRow = file.Columns.Any(name => LabelText.Number(name) is not null || name.Split(' ').Length > 3);
        return new Remedy(
            "name the column",
            field,
            Or: isRow ? new Remedy("treat the first row as data", nameof(DataOptions.Header), "false") : null
        );
    }

    private static string? PairColumn(RecordFile file, TaskLayout layout, DataOptions options)
    {
        if (options.PairColumn is "")
            return null;
        if (options.PairColumn is null && layout.PairColumns.Length == 0)
            return null;
        // With a user-chosen text column, the task's pair column is not required.
        var optional = options.PairColumn is null && (layout.PairOptional || options.TextColumn is not null);
        return Column(file, "pair", options.PairColumn, layout.PairColumns, optional)?[0];
    }

    private static string? LabelColumn(RecordFile file, TaskLayout layout, string split, DataOptions options)
    {
        var found = Column(file, "label", options.LabelColumn, layout.LabelColumns, optional: true);
        if (found is not null)
            return found[0];
        if (!options.RequireLabels)
            return null;
        var expected = string.Join(
            " or ",
            (options.LabelColumn is { } named ? [named] : layout.LabelColumns).Select(name => $"'{name}'")
        );
        throw new DataException(
            $"{file.File.Path}: no label column {expected}; found {Found(file)}; {Labelled(layout, split)}",
            Naming(file, nameof(DataOptions.LabelColumn))
        );
    }

    // A text that is its own label, or is read twice, makes any accuracy meaningless.
    private static void RequireOneRole(string[] texts, string? pair, string? label)
    {
        var text = string.Join('+', texts);
        if (label is not null && texts.Contains(label))
            throw Twice(nameof(DataOptions.TextColumn), text, "label", label, nameof(DataOptions.LabelColumn));
        if (label is not null && pair == label)
            throw Twice(nameof(DataOptions.PairColumn), pair, "label", label, nameof(DataOptions.LabelColumn));
        if (pair is not null && texts.Contains(pair))
            throw Twice(nameof(DataOptions.PairColumn), pair, "text", pair, nameof(DataOptions.TextColumn));
    }

    private static RequestException Twice(string field, string value, string other, string column, string otherField) =>
        new(
            field,
            value,
            $"'{column}' is also the {other} column; a column has one role",
            new Remedy($"name another column here or as the {other} column", otherField)
        );

    private static string Labelled(TaskLayout layout, string split) =>
        layout.IsGeneric || layout.Task.LabelledSplits is not { } splits || splits.Contains(split)
            ? "labels are required here"
            : $"labels are required here, and {layout.Task.Name} is published with labels for "
                + $"{string.Join(", ", splits)} only";

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "..";
}
