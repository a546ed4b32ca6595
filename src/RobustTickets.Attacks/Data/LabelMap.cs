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
                    .OrderBy(IsNumber)
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
        if (!names.Any(LabelText.IsLikeNumber))
        {
            for (var i = 0; i < names.Count; i++)
                labels.TryAdd(i.ToString(CultureInfo.InvariantCulture), i);
        }
        return Given(labels) with
        {
            Names = [.. names],
            Rule = "class names: " + string.Join(", ", names.Select((name, i) => $"{name} -> {i}")),
        };
    }

    /// <summary>
    /// The map inferred from the values of a file: numbers keep their order (integers their value,
    /// when they start at 0), 1.0 equals 1; names of a known task take its order (those of its
    /// classes that occur); other names are sorted by character code.
    /// </summary>
    internal static LabelMap Infer(IReadOnlyCollection<string> values, string place)
    {
        // 1 and 1.0 are the same class.
        var distinct = values.Select(LabelText.Canonical).Distinct(StringComparer.Ordinal).ToArray();
        if (values.Count >= 20 && distinct.Length > values.Count / 2)
        {
            throw new DataException(
                $"{place}: {distinct.Length} different labels in {values.Count} rows, such as "
                    + $"'{distinct[0]}'; is this the label column?"
            );
        }
        if (distinct.Length < 2)
        {
            throw new DataException(
                $"{place}: every label is '{distinct.FirstOrDefault()}'; at least 2 classes are needed to infer "
                    + "a label map",
                new Remedy("give the map explicitly", nameof(DataOptions.Labels))
            );
        }
        if (distinct.All(IsNumber))
        {
            var numbers = distinct.Select(value => LabelText.Number(value)!.Value).Order().ToArray();
            // 0, 2 is a split without class 1; 0, 4 (Sentiment140) are two classes.
            var fromZero =
                numbers[0] == 0 && numbers[^1] < 2 * numbers.Length && numbers.All(n => n == decimal.Truncate(n));
            if (fromZero)
                numbers = [.. Enumerable.Range(0, (int)numbers[^1] + 1).Select(n => (decimal)n)];
            // If each value has one spelling, that is its name: 0.50 is not renamed to 0.5.
            var spellings = values.Distinct(StringComparer.Ordinal).ToLookup(LabelText.Canonical);
            var areUnique = spellings.All(spelling => !spelling.Skip(1).Any());
            var canonical = numbers.Select(LabelText.Spell).ToArray();
            string[] texts = areUnique
                ? [.. canonical.Select(text => spellings[text].FirstOrDefault() ?? text)]
                : canonical;
            var indices = canonical
                .Select((text, i) => (text, i))
                .ToDictionary(x => x.text, x => x.i, StringComparer.Ordinal);
            foreach (var value in values)
                indices[value] = indices[LabelText.Canonical(value)];
            return new LabelMap(
                texts,
                indices,
                $"{(fromZero ? "numbers from 0 kept" : "numeric order")}, values of {place}: {Show(texts)}"
            );
        }
        foreach (var layout in TaskCatalog.Layouts.Where(layout => !layout.IsGeneric))
        {
            var known = layout.Task.Labels;
            if (!distinct.All(value => known.Contains(value, StringComparer.OrdinalIgnoreCase)))
                continue;
            var found = known.Where(name => distinct.Contains(name, StringComparer.OrdinalIgnoreCase)).ToArray();
            if (found.Length == known.Count)
            {
                return For(layout, oneBased: false) with
                {
                    Rule = $"order of {layout.Task.Name}, whose class names occur in {place}: {Show(known)}",
                };
            }
            // A class without examples would be one that no text can be of.
            if (found.Length > 1)
            {
                return new LabelMap(
                    found,
                    found.Index().ToDictionary(x => x.Item, x => x.Index, StringComparer.OrdinalIgnoreCase),
                    $"order of {layout.Task.Name}, of whose class names {found.Length} occur in {place}: {Show(found)}"
                );
            }
        }
        var sorted = distinct.Order(StringComparer.Ordinal).ToArray();
        return new LabelMap(
            sorted,
            sorted.Select((text, i) => (text, i)).ToDictionary(x => x.text, x => x.i, StringComparer.Ordinal),
            $"sorted by character code, values of {place}: {Show(sorted)}"
        );
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
        var found = classes.Select(IndexOf).ToArray();
        // Numbers may count from another base unless every name is one of a class here.
        if (found.Contains(null))
            found = [.. found.Select((at, i) => LabelText.IsLikeNumber(classes[i]) ? null : at)];
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
    /// The index of each class name among a model's classes, by name without case or by the other
    /// spellings of a known task; null if the names differ.
    /// </summary>
    internal static int[]? Places(IReadOnlyList<string> names, IReadOnlyList<string> classes)
    {
        var layout = TaskCatalog.Layouts.FirstOrDefault(l =>
            l.Task.Labels.Count == names.Count
            && l.Task.Labels.All(label => names.Contains(label, StringComparer.OrdinalIgnoreCase))
        );
        var spelled = classes.Select(Spelled).ToList();
        var places = names.Select(name => spelled.FindIndex(c => Same(c, name))).ToArray();
        return classes.Count == names.Count && places.Order().SequenceEqual(Enumerable.Range(0, names.Count))
            ? places
            : null;

        string Spelled(string name) =>
            layout is null || LabelText.IsLikeNumber(name) || names.Any(n => Same(n, name))
                ? name
                : layout
                    .Spellings.Where(spelling => Same(spelling.Key, name))
                    .Select(spelling => layout.Task.Labels[spelling.Value])
                    .FirstOrDefault(name);

        static bool Same(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);
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

    internal static bool IsNumber(string text) => LabelText.Number(text) is not null;

    private static Dictionary<string, int> Copy(IReadOnlyDictionary<string, int> labels) =>
        new(labels, labels is Dictionary<string, int> dictionary ? dictionary.Comparer : StringComparer.Ordinal);

    private static string Show(IReadOnlyDictionary<string, int> labels) =>
        string.Join(", ", labels.OrderBy(pair => pair.Value).Select(pair => $"{pair.Key} -> {pair.Value}"));

    private static string Show(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(20).Select((name, i) => $"{name} -> {i}")) + (names.Count > 20 ? ", .." : "");
}
