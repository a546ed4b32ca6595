namespace RobustTickets.Attacks;

/// <summary>How an attack treats rows that the classifier was trained on.</summary>
public enum TrainedRows
{
    /// <summary>Rejects them: results on training rows do not carry over to other texts.</summary>
    Refuse,

    /// <summary>Attacks them like other rows.</summary>
    Measure,
}

/// <summary>
/// A classifier with a record of its training. <see cref="TextClassifierAttacks"/> uses it
/// whatever the static type of the variable.
/// </summary>
public interface ITrainedClassifier : ITextClassifier
{
    /// <summary>
    /// The examples that the classifier was trained on, in order; empty if its training rows are
    /// unknown. Rows are compared by file and row number, rows of other files by text.
    /// </summary>
    /// <param name="examples">The examples.</param>
    /// <exception cref="DataException">The record is corrupt.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed of.</exception>
    IReadOnlyList<Example> TrainedOn(IReadOnlyList<Example> examples);

    /// <summary>
    /// Opens the default models of a recipe: its sentence encoder is the checkpoint that training
    /// started from. The caller disposes of them if they are disposable.
    /// </summary>
    /// <exception cref="DataException">The record is corrupt.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed of.</exception>
    IAttackModels OpenModels();
}
