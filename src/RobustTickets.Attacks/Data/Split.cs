namespace RobustTickets.Attacks.Data;

/// <summary>A split of a data set, with the facts that identify exactly what was read.</summary>
/// <param name="Task">The task, with the labels of <paramref name="Labels"/>.</param>
/// <param name="Name">Name of the split: train, dev, test or dev-mismatched.</param>
/// <param name="Examples">The examples in file order.</param>
/// <param name="Source">The file or folder that was read.</param>
/// <param name="Sha256">SHA-256 of the file's bytes; for aclImdb, of the sorted lines
/// <c>split/class/name NUL hash</c>, whatever the container.</param>
/// <param name="Labels">Map from label values to indices.</param>
/// <param name="LabelCounts">Examples of each class, <c>[C]</c>.</param>
/// <param name="Notes">Notes for the user: all skipped rows, empty texts, classes without
/// examples.</param>
public sealed record Split(
    TextTask Task,
    string Name,
    IReadOnlyList<Example> Examples,
    string Source,
    string Sha256,
    LabelMap Labels,
    IReadOnlyList<int> LabelCounts,
    IReadOnlyList<string> Notes
)
{
    /// <summary>This split with a subset of its examples.</summary>
    public Split Only(IReadOnlyList<Example> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var counts = new int[LabelCounts.Count];
        foreach (var example in examples.Where(e => e.Label != Example.Unlabelled))
            counts[example.Label]++;
        return this with { Examples = examples, LabelCounts = counts };
    }

    /// <summary>One line for logs: split, size, classes, origin.</summary>
    public string Summary()
    {
        var unlabelled = Examples.Count - LabelCounts.Sum();
        var counts = Labels
            .Names.Select((name, i) => $"{name} {LabelCounts[i]}")
            .Concat(unlabelled > 0 ? [$"unlabelled {unlabelled}"] : []);
        return $"{Task.Name} {Name}: {Examples.Count} examples ({string.Join(", ", counts)}) from {Source}; labels: "
            + $"{Labels.Rule}";
    }
}
