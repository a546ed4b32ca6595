// The training rows of a model, by the SHA-256 of their file and row number, and by text in any
// file. Everything that measures a model uses it (docs/methods/data.md, Which rows are measured).
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>Training rows of a model.</summary>
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

    /// <summary>No rows: a checkpoint that was never trained on labelled data.</summary>
    public static SeenRows Nothing { get; } = new([], TrainedTexts.None, isWrittenDown: true);

    /// <summary>
    /// Whether all training rows are known by text, so that they are recognised in any file.
    /// </summary>
    public bool IsKnown => _isWrittenDown && _parts.All(p => Texts.Cover(p.Sha256));

    /// <summary>Training texts, as far as known.</summary>
    public TrainedTexts Texts { get; }

    /// <summary>
    /// Reads the records of a model folder or of its run. If the folder has no text hashes, texts
    /// are read from the run's data, provided that these are unchanged.
    /// </summary>
    /// <param name="victim">The model.</param>
    /// <param name="options">Columns of the data.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">A record is corrupt.</exception>
    public static SeenRows Of(VictimFolder victim, DataOptions? options = null, CancellationToken stop = default)
    {
        if (victim.Training is not { } training)
            return new SeenRows([], TrainedTexts.None, isWrittenDown: false);
        RowPart[] parts = [.. training.TrainedOn];
        var texts = victim.Texts;
        if (!texts.Cover(training.Train.Sha256))
            texts = texts.And(FromData(victim, training.Train, options, stop));
        // The training texts of the base checkpoint may be recorded in its own folder.
        if (!parts.All(p => texts.Cover(p.Sha256)) && victim.BaseModel is { } start)
            texts = texts.And(Of(new VictimFolder(start), options, stop).Texts);
        return new SeenRows(parts, texts, isWrittenDown: true);
    }

    /// <summary>The union of the training rows of two models.</summary>
    public SeenRows And(SeenRows other) =>
        new([.. _parts, .. other._parts], Texts.And(other.Texts), _isWrittenDown && other._isWrittenDown);

    /// <summary>Adds the texts of the training rows among a split.</summary>
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

    /// <summary>Whether the row, or the original of an adversarial text, was trained on.</summary>
    public bool HasTwin(Example example) => Has(example) || (example.Origin is { } origin && HasRow(origin));

    /// <summary>Whether the row of its file was trained on.</summary>
    public bool HasRow(Example example) => example.Row is { } row && HasRow(row);

    /// <summary>Whether the text was trained on, in any file.</summary>
    public bool HasText(Example example) => Texts.Contain(example);

    private bool HasRow(RowKey row) => _rows[row.Data].Any(isPart => isPart(row.Row));

    // The texts of training rows, if the data file still has its SHA-256.
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
                // The options do not fit; try the next ones.
            }
        }
        return TrainedTexts.None;
    }
}
