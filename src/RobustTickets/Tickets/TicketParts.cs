// Statistics of tickets: how much each layer keeps, by kind of part, and the difference of two
// tickets of the same shape.
using RobustTickets.Models;

namespace RobustTickets.Tickets;

/// <summary>One part of a ticket.</summary>
/// <param name="Layer">Layer from 0; null for the pooler.</param>
/// <param name="Kind"><c>heads</c> or <c>neurons</c>, or a matrix: <c>query</c>, <c>key</c>,
/// <c>value</c>, <c>attention-output</c>, <c>intermediate</c>, <c>output</c>,
/// <c>pooler</c>.</param>
/// <param name="Count">Number of entries.</param>
/// <param name="Kept">Number of kept entries.</param>
public sealed record TicketPart(int? Layer, string Kind, long Count, long Kept);

/// <summary>Comparison of one part of two tickets.</summary>
/// <param name="Layer">Layer from 0; null for the pooler.</param>
/// <param name="Kind">Kind of part, see <see cref="TicketPart"/>.</param>
/// <param name="Count">Number of entries.</param>
/// <param name="KeptFirst">Entries kept by the first ticket.</param>
/// <param name="KeptSecond">Entries kept by the second ticket.</param>
/// <param name="Shared">Entries kept by both.</param>
internal sealed record PartDifference(int? Layer, string Kind, long Count, long KeptFirst, long KeptSecond, long Shared)
{
    /// <summary>
    /// Normalised Hamming distance: fraction of entries that only one ticket keeps.
    /// </summary>
    public double Distance => Count == 0 ? 0 : (double)(KeptFirst + KeptSecond - (2 * Shared)) / Count;

    /// <summary>
    /// Jaccard overlap: entries kept by both over entries kept by either; 1 if neither keeps any.
    /// </summary>
    public double Overlap => KeptFirst + KeptSecond - Shared is > 0 and var either ? (double)Shared / either : 1;
}

/// <summary>Computes the parts of tickets.</summary>
internal static class TicketParts
{
    /// <summary>The parts of a ticket in the order of the forward pass.</summary>
    public static IReadOnlyList<TicketPart> Of(ITicketMask ticket) =>
        ticket switch
        {
            StructuredMask mask =>
            [
                .. mask.Heads.SelectMany(
                    (heads, l) => (TicketPart[])[Part(l, "heads", heads), Part(l, "neurons", mask.Neurons[l])]
                ),
            ],
            WeightMask mask =>
            [
                .. mask.Matrices.Select(m =>
                {
                    var (layer, kind) = BertParameters.MaskablePart(m.Site);
                    return new TicketPart(layer, kind, m.Count, m.Kept);
                }),
            ],
            _ => throw new NotSupportedException($"no parts of {ticket.GetType().Name}"),
        };

    /// <summary>Compares two tickets part by part.</summary>
    /// <param name="first">The first ticket.</param>
    /// <param name="second">A ticket of the same kind and shape.</param>
    /// <param name="firstName">Name of the first ticket in errors.</param>
    /// <param name="secondName">Name of the second ticket in errors.</param>
    /// <exception cref="TicketShapeException">The tickets differ in kind or shape.</exception>
    public static IReadOnlyList<PartDifference> Compare(
        ITicketMask first,
        ITicketMask second,
        string firstName,
        string secondName
    )
    {
        if (first.GetType() != second.GetType())
            throw new TicketShapeException(
                $"{firstName} keeps {Kind(first)}, {secondName} keeps {Kind(second)}: only tickets of the same kind "
                    + "can be compared"
            );
        var (a, b) = (Of(first), Of(second));
        if (a.Count != b.Count)
            throw new TicketShapeException(
                $"{firstName} has {a.Count} parts, {secondName} has {b.Count}: only tickets of the same shape can be "
                    + "compared"
            );
        return
        [
            .. a.Zip(b)
                .Select(
                    (pair, i) =>
                    {
                        var (x, y) = pair;
                        if (x.Count != y.Count || x.Kind != y.Kind || !SameShape(first, second, i))
                        {
                            throw new TicketShapeException(
                                $"{Name(x)}: {firstName} has {x.Count} entries, {secondName} has {y.Count} of "
                                    + $"{y.Kind}: only tickets of the same shape can be compared"
                            );
                        }
                        return new PartDifference(x.Layer, x.Kind, x.Count, x.Kept, y.Kept, Shared(first, second, i));
                    }
                ),
        ];
    }

    /// <summary>The sum of all parts.</summary>
    public static PartDifference Total(IReadOnlyList<PartDifference> parts) =>
        new(
            null,
            "all",
            parts.Sum(p => p.Count),
            parts.Sum(p => p.KeptFirst),
            parts.Sum(p => p.KeptSecond),
            parts.Sum(p => p.Shared)
        );

    private static TicketPart Part(int layer, string kind, bool[] kept) =>
        new(layer, kind, kept.Length, kept.Count(k => k));

    private static bool SameShape(ITicketMask first, ITicketMask second, int index) =>
        first is not WeightMask a
        || second is not WeightMask b
        || (a.Matrices[index].Site == b.Matrices[index].Site && a.Matrices[index].Rows == b.Matrices[index].Rows);

    private static long Shared(ITicketMask first, ITicketMask second, int index)
    {
        if (first is WeightMask a && second is WeightMask b)
            return a.Matrices[index].Shared(b.Matrices[index]);
        var (x, y) = ((StructuredMask)first, (StructuredMask)second);
        var (left, right) =
            index % 2 == 0 ? (x.Heads[index / 2], y.Heads[index / 2]) : (x.Neurons[index / 2], y.Neurons[index / 2]);
        return left.Zip(right).Count(p => p.First && p.Second);
    }

    private static string Kind(ITicketMask ticket) => ticket is WeightMask ? "single weights" : "heads and neurons";

    private static string Name(TicketPart part) => part.Layer is { } layer ? $"layer {layer}, {part.Kind}" : part.Kind;
}
