// The labelled split a model is evaluated or attacked on, with the model's own class order. A data
// set whose classes are named alike but ordered otherwise would silently give wrong numbers (a
// well-known trap), so the names decide.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;

namespace RobustTickets.Evaluation;

/// <summary>Loads splits for a trained model.</summary>
internal static class EvaluationData
{
    /// <summary>The split, its labels being indices of the model's classes.</summary>
    /// <param name="path">File or folder of the data set.</param>
    /// <param name="task">The task.</param>
    /// <param name="options">Columns, labels, limit.</param>
    /// <param name="split">Name of the split; null takes the one papers evaluate.</param>
    /// <param name="classes">The model's class names in order.</param>
    /// <param name="stop">Ends reading.</param>
    /// <exception cref="DataException">Data are missing or malformed, or their classes cannot be
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
        // Classes of a file of one's own are those of the model, not what happens to occur in the
        // file.
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
        if (data.Labels.InOrderOf(classes) is { } map)
            return ReferenceEquals(map, data.Labels)
                ? data
                : DataSet.Load(path, known.Name, name, options with { Labels = map }, stop);
        return data with
        {
            Notes =
            [
                .. data.Notes,
                $"the model names its classes {string.Join(", ", classes)}; they are taken for "
                    + $"{string.Join(", ", names)} in this order",
            ],
        };
    }
}
