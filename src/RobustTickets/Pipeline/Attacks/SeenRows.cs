// What the weights of a model have seen: rows of files by the SHA-256 of the file, and texts in
// whatever file they stand. Whoever measures a model asks here (docs/methods/data.md, Which rows
// are measured).
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>What a model was trained on.</summary>
internal sealed class SeenRows
{
    private readonly IReadOnlyList<RowPart> _parts;
    private readonly ILookup<string, Func<string, bool>> _rows;
    private readonly bool _isWrittenDown;

    private SeenRows(IReadOnlyList<RowPart> parts, TrainedTexts texts, bool isWrittenDown)
    {
        (_parts, Texts, _isWrittenDown) = (parts, texts, isWrittenDown);
        _rows = parts.ToLookup(p => p.Sha256, p => p.Membership());
    }

    /// <summary>Nothing: a checkpoint that was never trained on labelled rows.</summary>
    public static SeenRows Nothing { get; } = new([], TrainedTexts.None, isWrittenDown: true);

    /// <summary>
    /// Whether it is known of every row, in whatever file, whether it was trained on.
    /// </summary>
    public bool IsKnown => _isWrittenDown && _parts.All(p => Texts.Cover(p.Sha256));

    /// <summary>Texts that were trained on, as far as they are known.</summary>
    public TrainedTexts Texts { get; }

    /// <summary>
    /// What a model folder, or the run around it, says. Where the folder lists no texts, as those
    /// of older programs, they are read from the run's data, if these are still what they were.
    /// </summary>
    /// <param name="victim">The model.</param>
    /// <param name="options">Columns of the data, as they are given for other data of the
    /// task.</param>
    /// <param name="stop">Ends reading.</param>
    /// <exception cref="DataException">A file that says so is broken.</exception>
    public static SeenRows Of(VictimFolder victim, DataOptions? options = null, CancellationToken stop = default)
    {
        if (victim.Training is not { } training)
            return new SeenRows([], TrainedTexts.None, isWrittenDown: false);
        RowPart[] parts = [.. training.TrainedOn];
        var texts = victim.Texts;
        if (!texts.Cover(training.Train.Sha256))
            texts = texts.And(FromData(victim, training.Train, options, stop));
        // What the checkpoint had seen before, its own folder may know.
        if (!parts.All(p => texts.Cover(p.Sha256)) && victim.BaseModel is { } start)
            texts = texts.And(Of(new VictimFolder(start), options, stop).Texts);
        return new SeenRows(parts, texts, isWrittenDown: true);
    }

    /// <summary>What either of two models has seen.</summary>
    public SeenRows And(SeenRows other) =>
        new([.. _parts, .. other._parts], Texts.And(other.Texts), _isWrittenDown && other._isWrittenDown);

    /// <summary>The same, with the texts of the rows of a split that were trained on.</summary>
    public SeenRows With(Split split) =>
        _rows.Contains(split.Sha256) && !Texts.Cover(split.Sha256)
            ? new SeenRows(
                _parts,
                Texts.And(TrainedTexts.Of([.. split.Examples.Where(HasRow)], split.Sha256)),
                _isWrittenDown
            )
            : this;

    /// <summary>Whether a row was trained on.</summary>
    public bool Has(Example example) => HasRow(example) || HasText(example);

    /// <summary>Whether it, or the row whose adversarial text it is, was trained on.</summary>
    public bool HasTwin(Example example) => Has(example) || (example.Origin is { } origin && HasRow(origin));

    /// <summary>Whether it was trained on as a row of its file.</summary>
    public bool HasRow(Example example) => example.Row is { } row && HasRow(row);

    /// <summary>Whether its text was trained on, in whatever file it stood.</summary>
    public bool HasText(Example example) => Texts.Contain(example);

    private bool HasRow(RowKey row) => _rows[row.Data].Any(isPart => isPart(row.Row));

    // No data are gone that are still there under their SHA-256.
    private static TrainedTexts FromData(
        VictimFolder victim,
        RowPart train,
        DataOptions? options,
        CancellationToken stop
    )
    {
        if (victim.DataOfRun is not var (place, task) || !Path.Exists(place))
            return TrainedTexts.None;
        var named = (options ?? new DataOptions()) with { Labels = null, Limit = null };
        foreach (var way in named == new DataOptions() ? [named] : new[] { named, new DataOptions() })
        {
            try
            {
                var split = DataSet.Load(place, task, train.Split, way, stop);
                if (split.Sha256 != train.Sha256)
                    return TrainedTexts.None;
                var isPart = train.Membership();
                return TrainedTexts.Of([.. split.Examples.Where(e => isPart(RowKey.RowOf(e.Id)))], train.Sha256);
            }
            catch (Exception e) when (e is DataException or IOException or UnauthorizedAccessException)
            {
                // Read in another way, or not known any more.
            }
        }
        return TrainedTexts.None;
    }
}
