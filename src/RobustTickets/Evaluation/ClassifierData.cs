using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Evaluation;

namespace RobustTickets;

/// <summary>Data sets in the classes of a classifier.</summary>
public static class ClassifierData
{
    /// <summary>
    /// A labelled split whose labels are indices of the classifier's classes: what it is evaluated
    /// or attacked on. Classes are matched by name, whatever their order in the data.
    /// </summary>
    /// <param name="classifier">The classifier.</param>
    /// <param name="path">File or folder of the data set.</param>
    /// <param name="task">Task of the data set, e.g. <c>sst2</c>, <c>csv</c>.</param>
    /// <param name="options">Columns, labels, limit; null: those of the task.</param>
    /// <param name="split">Name of the split; null takes the one papers evaluate.</param>
    /// <param name="stop">Ends reading.</param>
    /// <exception cref="DataException">Data are missing or malformed, or their classes cannot be
    /// the classifier's.</exception>
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
