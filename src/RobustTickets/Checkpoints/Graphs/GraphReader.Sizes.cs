// Values that are not hidden states: constants, sizes, ids and masks. Small constants are folded,
// because the number of heads is in the target shape of a Reshape.
using System.Globalization;

namespace RobustTickets.Checkpoints.Graphs;

internal sealed partial class GraphReader
{
    // Longest list of numbers whose elements are tracked.
    private const int Small = 16;

    private static Constant Known(string place, double[] values, long[] dims) =>
        new(place, new OnnxTensor("computed", values, dims));

    private static GraphValue OfSizes(GraphNode n)
    {
        if (n.Operator is "Shape" or "Size")
            return new Auxiliary(n.Place);
        if (n[0] is Constant { Dims.Length: 2, Tensor.IsFloat: true, Transposed: false } table)
        {
            if (n.Operator == "Gather" && n.Integer("axis", 0) == 0 && n[1] is { } index)
                return new Embedding(n.Place, table, index);
            if (n.Operator == "Transpose" && n.Integers("perm") is null or [1, 0])
                return new Constant(n.Place, table.Tensor, transposed: true);
        }
        if (Fold(n) is { } folded)
            return folded;
        if (n.Operator is "Unsqueeze" or "Squeeze" or "Reshape" or "Flatten" or "Expand" && n[0] is Auxiliary same)
            return same;
        return new Auxiliary(
            n.Place,
            ofData: n.Inputs.OfType<Auxiliary>().Any(a => a.OfData),
            patterned: n.Operator == "Trilu"
                || n.Inputs.OfType<Auxiliary>().Any(a => a.Patterned)
                || n.Inputs.OfType<Constant>().Any(IsPatterned)
        )
        {
            Mask = MaskValues.Of(n),
        };
    }

    // A table over two axes whose values differ, such as a causal mask.
    private static bool IsPatterned(Constant c)
    {
        if (c.Tensor.Count <= Small || c.Dims.Count(d => d > 1) < 2)
            return false;
        var values = c.Tensor.ToDoubles();
        return values.Any(v => v != values[0]);
    }

    private static GraphValue? Fold(GraphNode n)
    {
        switch (n.Operator)
        {
            case "Concat":
                var parts = new List<double?>();
                foreach (var input in n.Inputs)
                {
                    if (Numbers(input) is { } known)
                        parts.AddRange(known);
                    else if (input is Auxiliary)
                        parts.Add(null);
                    else
                        return null;
                    if (parts.Count > Small)
                        return null;
                }
                return List(n, parts, scalar: false);
            case "Unsqueeze" or "Squeeze" or "Reshape" or "Flatten":
                return Numbers(n[0]) is { } same ? List(n, same, scalar: false) : null;
            case "Gather" when Numbers(n[0]) is { } from && Numbers(n[1]) is [{ } at] && Inside(at, from.Count):
                return List(n, [from[(int)(at < 0 ? at + from.Count : at)]], scalar: true);
            case "Sqrt" or "Neg" or "Reciprocal" when Numbers(n[0]) is [{ } x]:
                return List(
                    n,
                    [
                        n.Operator switch
                        {
                            "Sqrt" => Math.Sqrt(x),
                            "Neg" => -x,
                            _ => 1 / x,
                        },
                    ],
                    scalar: true
                );
            case "Add" or "Sub" or "Mul" or "Div" or "Pow" when Numbers(n[0]) is [{ } a] && Numbers(n[1]) is [{ } b]:
                var result = n.Operator switch
                {
                    "Add" => a + b,
                    "Sub" => a - b,
                    "Mul" => a * b,
                    "Div" => a / b,
                    _ => Math.Pow(a, b),
                };
                return List(n, [result], scalar: true);
            default:
                return null;
        }
    }

    private static bool Inside(double at, int count) => at == Math.Floor(at) && at >= -count && at < count;

    private static GraphValue List(GraphNode n, IReadOnlyList<double?> values, bool scalar) =>
        values.All(v => v is not null)
            ? Known(n.Place, [.. values.Select(v => v!.Value)], scalar ? [] : [values.Count])
            : new Sizes(n.Place, [.. values.Select(v => (long?)v)]);

    // The numbers of a short list, unknown ones null; null for any other value.
    private static IReadOnlyList<double?>? Numbers(GraphValue? value) =>
        value switch
        {
            Constant { Tensor.Count: <= Small } c => [.. c.Tensor.ToDoubles().Select(x => (double?)x)],
            Sizes s => [.. s.Values.Select(x => (double?)x)],
            _ => null,
        };

    private static IReadOnlyList<long?>? Target(GraphValue? value) =>
        Numbers(value) is { } numbers ? [.. numbers.Select(x => (long?)x)] : null;

    // Number of heads of states reshaped to [.., A, d]; null when the target does not determine it.
    private long? HeadsOf(long width, IReadOnlyList<long?>? target)
    {
        long? size = target is [.., > 0 and var d] ? d : null;
        long? count = target is [.., > 0 and var a, _] ? a : null;
        if (size is null && count is null)
            return heads is { } given && width % given == 0 ? given : null;
        var found = count ?? width / size!.Value;
        return found > 0 && width % found == 0 && (size is null || found * size == width) ? found : null;
    }

    private GraphValue Reshape(GraphNode n)
    {
        var target = Target(n[1]);
        switch (n[0])
        {
            case Context { Axes: "bshd" } context when target is null or { Count: <= 3 }:
                return new Joined(n.Place, context);
            case Rows rows
                when target is { Count: <= 3 } && (target[^1] is null or -1 or 0 || target[^1] == rows.Width):
                return rows;
            case Rows rows when target is null or { Count: 4 }:
                if (HeadsOf(rows.Width, target) is not { } count)
                    return n.Refuse(
                        $"splits states of width {rows.Width} into an unknown number of heads; give the number of heads"
                    );
                return rows is Pointwise { Input: var input } scaled
                    ? PointwiseFunctions.Factor(scaled.Values) is { } factor
                        ? new Heads(n.Place, input, count, "bshd", factor)
                        : n.Refuse("splits the result of a function into heads")
                    : new Heads(n.Place, rows, count, "bshd", 1);
            default:
                return n.Refuse($"reshapes {Describe.Of(n[0])} to {Text(target)}");
        }
    }

    private static string Text(IReadOnlyList<long?>? sizes) =>
        sizes is null
            ? "unknown sizes"
            : $"[{string.Join(", ", sizes.Select(s => s?.ToString(CultureInfo.InvariantCulture) ?? "?"))}]";

    private static GraphValue Transpose(GraphNode n)
    {
        var axes = n[0] switch
        {
            Heads h => h.Axes,
            Context c => c.Axes,
            _ => null,
        };
        if (axes is null || n.Integers("perm") is not { Length: 4 } perm || !perm.Order().SequenceEqual([0, 1, 2, 3]))
            return n.Refuse($"permutes the axes of {Describe.Of(n[0])}");
        var permuted = string.Concat(perm.Select(p => axes[(int)p]));
        return n[0] is Heads cut ? cut.Permuted(n.Place, permuted) : ((Context)n[0]!).Permuted(n.Place, permuted);
    }

    // The state of the first token: x[:, 0].
    private static GraphValue Pick(GraphNode n) =>
        n[0] is Rows rows && n.Integer("axis", 0) == 1 && Numbers(n[1]) is [0]
            ? new First(n.Place, rows)
            : n.Refuse($"selects positions other than the first token from {Describe.Of(n[0])}");

    private static GraphValue Slice(GraphNode n)
    {
        var starts = n.Integers("starts", 1);
        var ends = n.Integers("ends", 2);
        var axes = n.Integers("axes", 3) ?? [0];
        if (n[0] is not Rows rows || starts is not [var start] || ends is not [var end] || axes is not [var axis])
            return n.Refuse($"takes a slice of {Describe.Of(n[0])}");
        if (n[4] is not null && Numbers(n[4]) is not [1])
            return n.Refuse("takes a slice with a step other than 1");
        if (axis is 1 && start == 0 && end == 1)
            return new First(n.Place, rows);
        if (axis is 0 or 1 && start == 0 && end >= int.MaxValue)
            return rows;
        end = Math.Min(end, rows.Width);
        return axis is 2 or -1 && rows is Dense dense && start >= 0 && start < end
            ? dense.Part(start, end - start)
            : n.Refuse($"takes elements {start} to {end} of axis {axis} of {Describe.Of(rows)}");
    }

    private static IReadOnlyList<GraphValue> Split(GraphNode n)
    {
        var parts = n.Proto.Output.Count;
        if (n[0] is not Dense dense || n.Integer("axis", 0) is not (2 or -1) || parts == 0)
            return [n.Refuse($"splits {Describe.Of(n[0])}")];
        var sizes = n.Integers("split", 1) ?? [.. Enumerable.Repeat(dense.Width / parts, parts)];
        if (sizes.Length != parts || sizes.Any(s => s <= 0) || sizes.Sum() != dense.Width)
            return [n.Refuse($"splits a width of {dense.Width} into {string.Join(" + ", sizes)}")];
        var made = new List<GraphValue>();
        var start = 0L;
        foreach (var size in sizes)
        {
            made.Add(dense.Part(start, size));
            start += size;
        }
        return made;
    }
}
