// The labelled split for evaluation or attacks, in the model's class order. Classes are matched by
// name: a data set with the same classes in another order would silently give wrong numbers.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;

namespace RobustTickets.Evaluation;

/// <summary>Loads splits for a trained model.</summary>
internal static class EvaluationData
{
    /// <summary>The split; its labels are indices into the model's classes.</summary>
    /// <param name="path">File or folder of the data set.</param>
    /// <param name="task">The task.</param>
    /// <param name="options">Columns, labels, limit.</param>
    /// <param name="split">Name of the split; null: the one that papers report.</param>
    /// <param name="classes">The model's class names in order.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">Data are missing or malformed, or their classes do not match
    /// the model's.</exception>
    public static Split Load(
        string path,
        string task,
        DataOptions? options,
        string? split,
        IReadOnlyList<string> classes,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(classes);
        var known = TaskCatalog.Find(task);
        var name = split ?? known.EvaluationSplit;
        options ??= new DataOptions();
        // For user files the classes are the model's, not those that happen to occur in the file.
        if (options.Labels is null && known.Labels.Count == 0)
            options = options with { Labels = LabelMap.FromNames(classes) };
        var data = DataSet.Load(path, known.Name, name, options, stop);
        var names = data.Labels.Names;
        if (names.Count != classes.Count)
        {
            throw new DataException(
                $"{data.Source}: has the {names.Count} classes {string.Join(", ", names)}, the model has "
                    + $"{classes.Count}: {string.Join(", ", classes)}",
                new Remedy("name the labels of the model's classes in its order", nameof(DataOptions.Labels))
            );
        }
        if (data.Labels.InOrderOf(classes, data.Source) is { } map)
            return ReferenceEquals(map, data.Labels)
                ? data
                : DataSet.Load(path, known.Name, name, options with { Labels = map }, stop);
        return data with
        {
            Notes =
            [
                .. data.Notes,
                $"the model names its classes {string.Join(", ", classes)}; they are mapped to "
                    + $"{string.Join(", ", names)} in this order",
            ],
        };
    }
}
