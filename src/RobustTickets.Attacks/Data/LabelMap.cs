using System.Globalization;

namespace RobustTickets.Attacks.Data;

/// <summary>Maps label values to class indices.</summary>
/// <param name="Names">Class names in index order, <c>[C]</c>.</param>
/// <param name="Indices">Every accepted value with its index.</param>
/// <param name="Rule">Where the map comes from, as shown to users.</param>
public sealed record LabelMap(IReadOnlyList<string> Names, IReadOnlyDictionary<string, int> Indices, string Rule)
{
    /// <summary>The map given by a user or a training split.</summary>
    /// <exception cref="DataException">The indices are not 0..C-1.</exception>
    public static LabelMap Given(IReadOnlyDictionary<string, int> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var count = labels.Count == 0 ? 0 : labels.Values.Max() + 1;
        var used = labels.Values.Distinct().Order().ToArray();
        if (count < 2 || !used.SequenceEqual(Enumerable.Range(0, count)))
        {
            throw new DataException(
                $"label map {Show(labels)}: the indices must be 0..C-1 without a gap, with C at least 2"
            );
        }
        // Of several values for one class, a word is a better name than a number.
        var names = Enumerable
            .Range(0, count)
            .Select(i =>
                labels
                    .Where(pair => pair.Value == i)
                    .Select(pair => pair.Key)
                    .OrderBy(LabelText.IsNumber)
                    .ThenBy(key => key, StringComparer.Ordinal)
                    .First()
            )
            .ToArray();
        return new LabelMap(names, Copy(labels), "as given: " + Show(labels));
    }

    /// <summary>
    /// The map of a model's class names; numeric indices are accepted too unless a name conflicts.
    /// </summary>
    public static LabelMap FromNames(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var labels = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < names.Count; i++)
        {
            if (!labels.TryAdd(names[i], i))
                throw new DataException($"class name '{names[i]}' occurs twice among {string.Join(", ", names)}");
        }
        AddNumbers(labels, names);
        return Given(labels) with
        {
            Names = [.. names],
            Rule = "class names: " + string.Join(", ", names.Select((name, i) => $"{name} -> {i}")),
        };
    }

    /// <summary>
    /// The map of class names with their indices as numbers and, if they are those of a known task,
    /// its other spellings.
    /// </summary>
    internal static LabelMap Spelled(IReadOnlyList<string> names)
    {
        var indices = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var (i, name) in names.Index())
            indices.TryAdd(name, i);
        AddNumbers(indices, names);
        var layout = TaskCatalog.Layouts.FirstOrDefault(l =>
            l.Task.Labels.Count == names.Count && l.Task.Labels.All(indices.ContainsKey)
        );
        foreach (var (spelling, of) in layout?.Spellings ?? [])
        {
            if (!LabelText.IsLikeNumber(spelling))
                indices.TryAdd(spelling, indices[layout!.Task.Labels[of]]);
        }
        return new LabelMap(names, indices, "class names: " + Show(names));
    }

    /// <summary>The map of a known task.</summary>
    internal static LabelMap For(TaskLayout layout, bool oneBased)
    {
        var indices = new Dictionary<string, int>(layout.Spellings, StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < layout.Task.Labels.Count; i++)
        {
            indices[layout.Task.Labels[i]] = i;
            if (layout.OneBased)
                indices[(oneBased ? i + 1 : i).ToString(CultureInfo.InvariantCulture)] = i;
        }
        var based = layout.OneBased ? $" (numbers in the file from {(oneBased ? 1 : 0)})" : "";
        return new LabelMap(layout.Task.Labels, indices, $"{layout.Task.Name}{based}: {Show(layout.Task.Labels)}");
    }

    /// <summary>
    /// This map with its classes in a model's order: itself if the order is the same, null if the
    /// model's names do not tell it. Names match without case, and by the other values of the map
    /// (<c>pos</c>, <c>Sci-Tech</c>).
    /// </summary>
    /// <param name="classes">The model's class names, in order.</param>
    /// <param name="place">The data, for the message.</param>
    /// <exception cref="DataException">Some of the model's classes are known here, at other
    /// indices, and others are not.</exception>
    internal LabelMap? InOrderOf(IReadOnlyList<string> classes, string place)
    {
        if (Names.SequenceEqual(classes, StringComparer.OrdinalIgnoreCase))
            return this;
        if (classes.Count != Names.Count)
            return null;
        var found = Find(classes);
        if (found.OfType<int>().Distinct().Count() < classes.Count)
        {
            var moved = Enumerable.Range(0, found.Length).FirstOrDefault(i => found[i] is { } at && at != i, -1);
            if (moved < 0)
                return null;
            throw new DataException(
                $"{place}: the model's class {moved} is '{classes[moved]}', which is class {found[moved]} "
                    + $"('{Names[found[moved]!.Value]}') here, and not each class has one of these names: the model "
                    + $"has {string.Join(", ", classes)}; the data have {string.Join(", ", Names)}",
                new Remedy("name the labels of the model's classes in its order", nameof(DataOptions.Labels))
            );
        }
        if (found.Index().All(at => at.Item == at.Index))
            return this;
        var indices = Copy(Indices);
        foreach (var (value, index) in Indices)
            indices[value] = Array.IndexOf(found, index);
        return new LabelMap([.. classes], indices, "the model's class order, by name");
    }

    /// <summary>
    /// The class here of each of a model's classes, <c>[C]</c>: by name, then without case, then by
    /// the other values of the map; null where unknown.
    /// </summary>
    internal int?[] Find(IReadOnlyList<string> classes)
    {
        var found = classes.Select(IndexOf).ToArray();
        // Numbers may count from another base unless every name is one of a class here.
        return found.Contains(null)
            ? [.. found.Select((at, i) => LabelText.IsLikeNumber(classes[i]) ? null : at)]
            : found;
    }

    // The indices as numbers, unless a name could be meant by one.
    private static void AddNumbers(Dictionary<string, int> labels, IReadOnlyList<string> names)
    {
        if (names.Any(LabelText.IsLikeNumber))
            return;
        for (var i = 0; i < names.Count; i++)
            labels.TryAdd(i.ToString(CultureInfo.InvariantCulture), i);
    }

    // The class of a name: by itself, then without case, then among the other values.
    private int? IndexOf(string name)
    {
        var names = Names.ToList();
        var at = names.IndexOf(name);
        if (at < 0)
            at = names.FindIndex(n => n.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (at >= 0)
            return at;
        return Indices
            .Where(pair => pair.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(pair => (int?)pair.Value)
            .FirstOrDefault();
    }

    private static Dictionary<string, int> Copy(IReadOnlyDictionary<string, int> labels) =>
        new(labels, labels is Dictionary<string, int> dictionary ? dictionary.Comparer : StringComparer.Ordinal);

    private static string Show(IReadOnlyDictionary<string, int> labels) =>
        string.Join(", ", labels.OrderBy(pair => pair.Value).Select(pair => $"{pair.Key} -> {pair.Value}"));

    internal static string Show(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(20).Select((name, i) => $"{name} -> {i}")) + (names.Count > 20 ? ", .." : "");
}
