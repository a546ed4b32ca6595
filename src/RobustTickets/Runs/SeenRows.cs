// The training rows of a model, by the SHA-256 of their file and row number, and by text in any
// file. Everything that measures a model uses it (docs/methods/data.md, Which rows are measured).
using RobustTickets.Attacks;

namespace RobustTickets.Runs;

/// <summary>Training rows of a model.</summary>
internal sealed class SeenRows
{
    private readonly IReadOnlyList<RowPart> _parts;
    private readonly ILookup<string, Func<string, bool>> _rows;
    private readonly bool _isWrittenDown;

    /// <summary>Training rows as they were recorded.</summary>
    /// <param name="parts">Rows by file and number.</param>
    /// <param name="texts">Their texts, as far as known.</param>
    /// <param name="isWrittenDown">Whether there is a record of the training.</param>
    public SeenRows(IReadOnlyList<RowPart> parts, TrainedTexts texts, bool isWrittenDown)
    {
        (_parts, Texts, _isWrittenDown) = (parts, texts, isWrittenDown);
        _rows = parts.ToLookup(p => p.Sha256, p => p.Membership());
    }

    /// <summary>No rows: a checkpoint that was never trained on labelled data.</summary>
    public static SeenRows Nothing { get; } = new([], TrainedTexts.None, isWrittenDown: true);

    /// <summary>The rows that a record names, without their texts.</summary>
    public static SeenRows Of(TrainingRows training) =>
        new([.. training.TrainedOn], TrainedTexts.None, isWrittenDown: true);

    /// <summary>
    /// Whether all training rows are known by text, so that they are recognised in any file.
    /// </summary>
    public bool IsKnown => _isWrittenDown && _parts.All(p => Texts.Cover(p.Sha256));

    /// <summary>Training texts, as far as known.</summary>
    public TrainedTexts Texts { get; }

    /// <summary>The union of the training rows of two models.</summary>
    public SeenRows And(SeenRows other) =>
        new([.. _parts, .. other._parts], Texts.And(other.Texts), _isWrittenDown && other._isWrittenDown);

    /// <summary>Adds the texts of the training rows among the rows of a data file.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="data">SHA-256 of the file.</param>
    public SeenRows With(IReadOnlyList<Example> rows, string data) =>
        _rows.Contains(data) && !Texts.Cover(data)
            ? new SeenRows(_parts, Texts.And(TrainedTexts.Of([.. rows.Where(HasRow)], data)), _isWrittenDown)
            : this;

    /// <summary>Whether rows of a file were trained on.</summary>
    /// <param name="data">SHA-256 of the file.</param>
    public bool HasFile(string data) => _rows.Contains(data);

    /// <summary>Whether an example of a file, known by its id, was trained on.</summary>
    /// <param name="example">The example.</param>
    /// <param name="data">SHA-256 of the file.</param>
    public bool HasRow(Example example, string data) => HasRow(new RowKey(data, RowKey.RowOf(example.Id)));

    /// <summary>Whether a row was trained on.</summary>
    public bool Has(Example example) => HasRow(example) || HasText(example);

    /// <summary>Whether the row, or the original of an adversarial text, was trained on.</summary>
    public bool HasTwin(Example example) => Has(example) || (example.Origin is { } origin && HasRow(origin));

    /// <summary>Whether the row of its file was trained on.</summary>
    public bool HasRow(Example example) => example.Row is { } row && HasRow(row);

    /// <summary>Whether the text was trained on, in any file.</summary>
    public bool HasText(Example example) => Texts.Contain(example);

    private bool HasRow(RowKey row) => _rows[row.Data].Any(isPart => isPart(row.Row));
}
