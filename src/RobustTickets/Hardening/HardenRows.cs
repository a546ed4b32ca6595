// Splits the user's rows into training, development and reported rows. Split by content: duplicate
// texts and adversarial versions of the same row stay in one part (docs/harden.md).
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Runs;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Hardening;

/// <summary>The split rows.</summary>
/// <param name="Train">Training rows.</param>
/// <param name="Development">Rows for choosing a defence.</param>
/// <param name="Reported">Rows used once, at the end.</param>
/// <param name="Labels">Class names in order.</param>
/// <param name="Notes">Sources of the parts, and rows that were dropped.</param>
internal sealed record HardenRows(
    IReadOnlyList<Example> Train,
    IReadOnlyList<Example> Development,
    IReadOnlyList<Example> Reported,
    IReadOnlyList<string> Labels,
    IReadOnlyList<string> Notes
)
{
    /// <summary>Whether the model's training texts are known.</summary>
    public bool AreKnown { get; init; } = true;

    /// <summary>Minimum number of rows for a meaningful comparison.</summary>
    public const int Least = 200;

    private const double ReportedShare = 0.2;
    private const double DevelopmentShare = 0.1;
    private const int Most = 1000;
    private const int LeastPart = 40;

    // Reported fraction of the rows that the model was not trained on, where these are few.
    private const double ScarceReported = 0.6;

    /// <summary>Reads and splits the rows of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="classes">Class names of the model, whose order is kept; null if it is not a
    /// classifier.</param>
    /// <param name="seen">Texts that the model was trained on; such rows are never held
    /// out.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">There are too few rows, only one class, or class names other
    /// than the model's.</exception>
    public static HardenRows Load(
        HardenRequest request,
        IReadOnlyList<string>? classes,
        SeenRows seen,
        CancellationToken stop
    )
    {
        var options = request.DataOptions ?? new DataOptions();
        var train = DataSet.Load(request.Data, request.Task, "train", options, stop);
        if (classes is not null && options.Labels is null && train.Labels.InOrderOf(classes, train.Source) is { } map)
        {
            // Files of a known task have label spellings and numbers besides the class names.
            var known = TaskCatalog.Find(request.Task).Labels.Count > 0;
            options = options with { Labels = known ? map : LabelMap.FromNames(classes) };
            if (!ReferenceEquals(options.Labels, train.Labels))
                train = DataSet.Load(request.Data, request.Task, "train", options, stop);
        }
        // Class names that differ from the model's are rejected, as in evaluate.
        if (
            classes?.Count == train.Labels.Names.Count
            && options.Labels is null
            && TaskCatalog.Find(request.Task).Labels.Count == 0
        )
        {
            options = options with { Labels = LabelMap.FromNames(classes) };
            train = DataSet.Load(request.Data, request.Task, "train", options, stop);
        }
        options = options with { Labels = train.Labels };
        Split? Given(string name) =>
            !DataSet.IsOneTable(request.Data)
            && DataSet.Holds(request.Data, request.Task, name)
            && DataSet.IsLabelled(request.Data, request.Task, name, options, stop)
                ? DataSet.Load(request.Data, request.Task, name, options, stop)
                : null;
        var (dev, test) = (Given("dev"), Given("test"));
        foreach (var split in new[] { train, dev, test }.OfType<Split>())
            seen = seen.With(split.Examples, split.Sha256);
        return Part(
            train.Examples,
            test is null ? null : dev?.Examples,
            (test ?? dev)?.Examples,
            train.Labels.Names,
            seen.HasTwin,
            request.Data
        ) with
        {
            AreKnown = seen.IsKnown,
        };
    }

    /// <summary>Mean number of words of a development text.</summary>
    public double WordsOfText() => Development.Average(e => e.Columns.Sum(c => (double)Words(c.Value)));

    private static int Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;

    /// <summary>Splits rows; a part that is given is kept.</summary>
    /// <exception cref="DataException">There are too few rows, or only one class.</exception>
    internal static HardenRows Part(
        IReadOnlyList<Example> rows,
        IReadOnlyList<Example>? development,
        IReadOnlyList<Example>? reported,
        IReadOnlyList<string> labels,
        Func<Example, bool> seen,
        string data
    )
    {
        var all = rows.Count + (development?.Count ?? 0) + (reported?.Count ?? 0);
        if (all < Least)
            throw new DataException(
                $"{data}: {all} labelled rows; comparing defences needs at least {Least} (they are split for training, "
                    + "selection and reporting)"
            );
        var notes = new List<string>();
        var left = rows;
        if (reported is not null)
            notes.Add(Text($"reported: the data's own {reported.Count} held-out rows"));
        if (development is not null)
            notes.Add(Text($"development: the data's own {development.Count} rows"));
        // Rows that the model was trained on are not evidence, and an equal text is no further one.
        reported = Distinct(Fresh(reported, "reported"), "reported");
        if (reported is not null && !IsEnough(reported))
            throw new DataException(
                $"{data}: its own held-out rows include only {reported.Count} different ones that the model was not "
                    + $"trained on, in {Classes(reported)} of {labels.Count} classes; at least {LeastPart} that cover "
                    + "every class are needed (without this split, rows are held out from the training rows)"
            );
        // Development rows must not overlap reported rows; if too few remain, development rows are
        // held out from training rows.
        development = Without(development, "development", reported, "reported", notes);
        development = Distinct(Fresh(development, "development"), "development");
        if (development is not null && !IsEnough(development))
        {
            notes.Add(
                Text(
                    $"development: {development.Count} usable rows of its own in {Classes(development)} of ",
                    $"{labels.Count} classes are too few; rows are held out from the training rows instead"
                )
            );
            development = null;
        }
        if (development?.Count > Most)
        {
            var given = development.Count;
            development = RowGroups
                .HoldOut(development, (of, _, all) => Most * of / (double)all, _ => false, "dev")
                .Held;
            notes.Add(Text($"development: {development.Count} of these {given} rows, chosen by content"));
        }
        left = Without(left, "training", reported, "reported", notes)!;
        left = Without(left, "training", development, "development", notes)!;
        var groups = RowGroups.Of(left);
        var free = groups.Count(g => !g.Exists(e => seen(e)));
        if (
            reported is null
            && development is null
            && free < groups.Count
            && free < Count(groups.Count, ReportedShare) + Count(groups.Count, DevelopmentShare)
        )
        {
            notes.Add(
                Text($"{left.Count(seen)} of {left.Count} rows were used to train the model; the others are held out")
            );
            (reported, left) = HoldOut(left, (_, free, _) => Math.Floor(free * ScarceReported), "reported");
            (development, left) = HoldOut(left, (_, free, _) => free, "development");
        }
        reported ??= Take(ReportedShare, "reported");
        development ??= Take(DevelopmentShare, "development");
        if (Classes(left) < 2)
            throw new DataException($"{data}: all {left.Count} rows to train on are of one class; two are needed");
        var several = left.GroupBy(Content).Count(g => g.Select(e => e.Label).Distinct().Skip(1).Any());
        if (several > 0)
            notes.Add(Text($"{several} texts occur in the training rows with more than one label"));
        return new HardenRows(left, development, reported, labels, notes);

        bool IsEnough(IReadOnlyList<Example> part) => part.Count >= LeastPart && HasEvery(part, labels);

        IReadOnlyList<Example>? Fresh(IReadOnlyList<Example>? part, string name) =>
            Kept(part, part?.Where(e => !seen(e)).ToArray(), name, "that the model was trained on are left out");

        IReadOnlyList<Example>? Distinct(IReadOnlyList<Example>? part, string name) =>
            Kept(part, part is null ? null : RowGroups.First(part), name, "that repeat another one are left out");

        IReadOnlyList<Example>? Kept(
            IReadOnlyList<Example>? part,
            IReadOnlyList<Example>? kept,
            string name,
            string which
        )
        {
            if (kept?.Count < part?.Count)
                notes.Add(Text($"{part!.Count - kept!.Count} {name} rows {which}"));
            return kept;
        }

        IReadOnlyList<Example> Take(double share, string name)
        {
            (var part, left) = HoldOut(left, (of, _, all) => Count(all, share) * of / (double)all, name);
            return part;
        }

        (IReadOnlyList<Example> Held, IReadOnlyList<Example> Left) HoldOut(
            IReadOnlyList<Example> from,
            Func<int, int, int, double> quota,
            string name
        ) => HardenRows.HoldOut(from, quota, labels, seen, data, name, notes);
    }

    /// <summary>Key of equal texts: case-folded, whitespace normalised.</summary>
    internal static string Content(Example example) => TrainedTexts.Content(example);

    private static bool HasEvery(IReadOnlyList<Example> part, IReadOnlyList<string> labels) =>
        Classes(part) == labels.Count;

    private static int Classes(IReadOnlyList<Example> part) => part.Select(e => e.Label).Distinct().Count();

    private static int Count(int rows, double share) =>
        Math.Clamp((int)Math.Round(rows * share, MidpointRounding.AwayFromZero), LeastPart, Most);

    // Drops rows that also occur in a given part, or are versions of a row there.
    private static IReadOnlyList<Example>? Without(
        IReadOnlyList<Example>? rows,
        string what,
        IReadOnlyList<Example>? part,
        string name,
        List<string> notes
    )
    {
        if (rows is null || part is null)
            return rows;
        var texts = part.Select(Content).ToHashSet(StringComparer.Ordinal);
        var origins = part.Select(e => e.Origin ?? e.Row).OfType<RowKey>().ToHashSet();
        bool IsTwin(Example e) => (e.Origin ?? e.Row) is { } origin && origins.Contains(origin);
        var kept = rows.Where(e => !texts.Contains(Content(e)) && !IsTwin(e)).ToArray();
        if (kept.Length < rows.Count)
            notes.Add(Text($"{rows.Count - kept.Length} {what} rows that also occur in the {name} rows are left out"));
        return kept;
    }

    // Holds rows out of others; throws if they are too few or lack a class.
    private static (IReadOnlyList<Example> Held, IReadOnlyList<Example> Left) HoldOut(
        IReadOnlyList<Example> rows,
        Func<int, int, int, double> quota,
        IReadOnlyList<string> labels,
        Func<Example, bool> seen,
        string data,
        string name,
        List<string> notes
    )
    {
        var (part, left) = RowGroups.HoldOut(rows, quota, seen, name);
        if (part.Count < LeastPart || !HasEvery(part, labels))
            throw new DataException(
                $"{data}: only {part.Count} rows in {Classes(part)} of "
                    + $"{labels.Count} classes can be held out ({name}); at least {LeastPart} that cover every class "
                    + "are needed, different from the training rows and not used to train the model"
                    + (
                        rows.Count(seen) is > 0 and var trained
                            ? $", as {trained} of these {rows.Count} were; add unseen rows, as a test split or in the "
                                + "file, or use the checkpoint that the model was trained from"
                            : ""
                    )
            );
        notes.Add(
            Text($"{name}: {part.Count} of {rows.Count} rows held out by content, equal texts and variants together")
        );
        return (part, left);
    }
}
