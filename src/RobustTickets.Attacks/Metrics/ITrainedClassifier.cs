namespace RobustTickets.Attacks;

/// <summary>What is done about rows that a classifier was trained on.</summary>
public enum TrainedRows
{
    /// <summary>They are refused: figures on them say nothing about other texts.</summary>
    Refuse,

    /// <summary>They are measured all the same.</summary>
    Measure,
}

/// <summary>
/// A classifier that knows where it comes from. <see cref="TextClassifierAttacks"/> asks it,
/// whatever type it is called by.
/// </summary>
public interface ITrainedClassifier : ITextClassifier
{
    /// <summary>
    /// Those of some examples that it was trained on, in their order. None where nothing is known
    /// of its training, and none that has no <see cref="Example.Row"/>.
    /// </summary>
    /// <param name="examples">The examples.</param>
    /// <exception cref="DataException">The file that says so is broken.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed of.</exception>
    IReadOnlyList<Example> TrainedOn(IReadOnlyList<Example> examples);

    /// <summary>
    /// The models that a recipe takes where nobody names others: its sentence encoder is the
    /// checkpoint that training began from. Whoever asks disposes of them, where they can be.
    /// </summary>
    /// <exception cref="DataException">The file that says so is broken.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed of.</exception>
    IAttackModels OpenModels();
}
