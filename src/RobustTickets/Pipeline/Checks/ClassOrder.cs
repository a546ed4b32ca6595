// The classes of a stored classifier and those of the data: matched by name, so that a classifier
// with the same classes in another order does not start, or teach, with swapped labels.
using RobustTickets.Attacks.Data;
using RobustTickets.Checkpoints;
using RobustTickets.Models;

namespace RobustTickets.Pipeline.Checks;

/// <summary>The classes of a stored classifier, in the data's order.</summary>
/// <param name="Rows">For each class of the data, its row of the classifier, <c>[C]</c>; null =
/// as stored.</param>
/// <param name="Note">A sentence for the user if the class names are not the data's, or
/// null.</param>
/// <param name="Conflict">Whether the names differ, but some class has another place in the
/// data.</param>
internal sealed record ClassOrder(IReadOnlyList<int>? Rows = null, string? Note = null, bool Conflict = false)
{
    /// <summary>Compares the classifier of a folder with the classes of the data.</summary>
    /// <param name="files">The folder; one without a classifier of as many classes has no
    /// order.</param>
    /// <param name="labels">Class names of the data, in order.</param>
    public static ClassOrder Of(HuggingFaceFolder files, IReadOnlyList<string> labels)
    {
        var (head, names) = (BertParameters.Weight(BertParameters.Classifier), files.Config.Labels);
        if (
            !files.Weights.Contains(head)
            || files.Weights.Info(head).Shape[0] != labels.Count
            || names.SequenceEqual(labels, StringComparer.OrdinalIgnoreCase)
        )
            return new ClassOrder();
        var (stored, wanted) = (string.Join(", ", names), string.Join(", ", labels));
        var places = LabelMap.Spelled(labels).Find(names);
        if (names.Count == labels.Count && places.OfType<int>().Distinct().Count() == labels.Count)
        {
            if (places.Index().All(at => at.Item == at.Index))
                return new ClassOrder();
            return new ClassOrder(
                [.. labels.Select((_, label) => Array.IndexOf(places, label))],
                $"{files.Path} has its classes in the order {stored}; its classifier is put in the order of the data: "
                    + wanted
            );
        }
        return new ClassOrder(
            Note: $"{files.Path} names its classes {stored}; they are mapped to {wanted} in this order",
            Conflict: labels.Where((label, i) => names.Where((name, j) => i != j && Same(name, label)).Any()).Any()
        );

        static bool Same(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);
    }
}
