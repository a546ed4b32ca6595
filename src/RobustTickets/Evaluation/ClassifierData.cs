using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Evaluation;

namespace RobustTickets;

/// <summary>Loads data sets with the class order of a classifier.</summary>
public static class ClassifierData
{
    /// <summary>
    /// A labelled split for evaluation or attacks, its labels being indices into the classifier's
    /// classes. Classes are matched by name, whatever their order in the data.
    /// </summary>
    /// <param name="classifier">The classifier.</param>
    /// <param name="path">File or folder of the data set.</param>
    /// <param name="task">Task of the data set, e.g. <c>sst2</c>, <c>csv</c>.</param>
    /// <param name="options">Columns, labels, limit; null: the task's defaults.</param>
    /// <param name="split">Name of the split; null: the one that papers report.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">Data are missing or malformed, or their classes do not match
    /// the classifier's.</exception>
    /// <exception cref="RequestException">A column is two of text, second text, label.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static Split LoadData(
        this ITextClassifier classifier,
        string path,
        string task,
        DataOptions? options = null,
        string? split = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(task);
        return EvaluationData.Load(path, task, options, split, classifier.Labels, stop);
    }
}
