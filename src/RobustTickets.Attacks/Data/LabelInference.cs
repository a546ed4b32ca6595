// Infers the classes of a file without a label map from the values of its label column.
namespace RobustTickets.Attacks.Data;

/// <summary>Infers label maps.</summary>
internal static class LabelInference
{
    /// <summary>
    /// The map inferred from the values of a file: numbers keep their order (integers their value,
    /// when they start at 0), 1.0 equals 1; names of a known task take its order (those of its
    /// classes that occur); other names are sorted by character code.
    /// </summary>
    /// <param name="values">The label of every row.</param>
    /// <param name="place">The file, for messages.</param>
    /// <exception cref="DataException">The values are texts, or all equal.</exception>
    public static LabelMap Infer(IReadOnlyCollection<string> values, string place)
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
        return distinct.All(LabelText.IsNumber)
            ? Numbers(values, distinct, place)
            : NamesOfTask(distinct, place) ?? Sorted(distinct, place);
    }

    private static LabelMap Numbers(IReadOnlyCollection<string> values, string[] distinct, string place)
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
        var indices = canonical.Index().ToDictionary(x => x.Item, x => x.Index, StringComparer.Ordinal);
        foreach (var value in values)
            indices[value] = indices[LabelText.Canonical(value)];
        return new LabelMap(
            texts,
            indices,
            $"{(fromZero ? "numbers from 0 kept" : "numeric order")}, values of {place}: {LabelMap.Show(texts)}"
        );
    }

    // The order of a known task whose class names occur, or null.
    private static LabelMap? NamesOfTask(string[] distinct, string place)
    {
        foreach (var layout in TaskCatalog.Layouts.Where(layout => !layout.IsGeneric))
        {
            var known = layout.Task.Labels;
            if (!distinct.All(value => known.Contains(value, StringComparer.OrdinalIgnoreCase)))
                continue;
            var found = known.Where(name => distinct.Contains(name, StringComparer.OrdinalIgnoreCase)).ToArray();
            if (found.Length == known.Count)
            {
                return LabelMap.For(layout, oneBased: false) with
                {
                    Rule = $"order of {layout.Task.Name}, whose class names occur in {place}: {LabelMap.Show(known)}",
                };
            }
            // A class without examples would be one that no text can be of.
            if (found.Length > 1)
            {
                return new LabelMap(
                    found,
                    found.Index().ToDictionary(x => x.Item, x => x.Index, StringComparer.OrdinalIgnoreCase),
                    $"order of {layout.Task.Name}, of whose class names {found.Length} occur in {place}: "
                        + LabelMap.Show(found)
                );
            }
        }
        return null;
    }

    private static LabelMap Sorted(string[] distinct, string place)
    {
        var names = distinct.Order(StringComparer.Ordinal).ToArray();
        return new LabelMap(
            names,
            names.Index().ToDictionary(x => x.Item, x => x.Index, StringComparer.Ordinal),
            $"sorted by character code, values of {place}: {LabelMap.Show(names)}"
        );
    }
}
