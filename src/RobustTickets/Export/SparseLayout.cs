// A ticket of single weights for storage: matrices with enough zeros as bits and values, all other
// tensors as they are (docs/sparse-format.md). Every bit of every weight is kept: only an element
// whose bits are all zero is left out.
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Export;

/// <summary>Stores matrices by bitmask.</summary>
internal static class SparseLayout
{
    /// <summary>The tensors, sparse ones in four parts.</summary>
    /// <param name="source">Named when there is nothing to gain.</param>
    /// <param name="weights">The weights.</param>
    /// <exception cref="CheckpointException">No matrix becomes smaller.</exception>
    public static IReadOnlyList<StreamedTensor> Of(string source, ITensorSource weights)
    {
        var (tensors, zeros, elements, smaller) = (new List<StreamedTensor>(), 0L, 0L, false);
        foreach (var info in weights.Tensors)
        {
            if (!IsMatrix(info))
            {
                tensors.Add(StreamedTensor.From(weights, info.Name));
                continue;
            }
            var counts = Counts(NamedTensor.From(weights, info.Name));
            var kept = counts.Sum(c => (long)c);
            (zeros, elements) = (zeros + info.Count - kept, elements + info.Count);
            if (BytesOf(info, kept) >= info.ByteCount)
            {
                tensors.Add(StreamedTensor.From(weights, info.Name));
                continue;
            }
            smaller = true;
            tensors.AddRange(Parts(weights, info, counts));
        }
        return smaller
            ? tensors
            : throw new CheckpointException(
                FormattableString.Invariant($"{source}: {100.0 * zeros / Math.Max(1, elements):0.0} % of the ")
                    + "elements of its matrices are zero, too few for a bitmask to make any smaller; this form is for "
                    + "tickets of single weights, others are smallest in their true shapes (compact)"
            );
    }

    private static bool IsMatrix(TensorInfo info) =>
        info.Shape.Length == 2
        && info.Element.IsFloat()
        && info.Name.EndsWith(BitmaskParts.Weight, StringComparison.Ordinal);

    private static long BytesOf(TensorInfo info, long kept) =>
        (kept * info.Element.Size())
        + (info.Shape[0] * (BitBytes(info) + sizeof(long)))
        + (info.Shape.Length * sizeof(long));

    private static long BitBytes(TensorInfo info) => (info.Shape[1] + 7) / 8;

    // Elements of each row that are not zero.
    private static int[] Counts(NamedTensor tensor)
    {
        var counts = new int[tensor.Shape[0]];
        Visit(tensor, (row, _, _) => counts[row]++);
        return counts;
    }

    private static IEnumerable<StreamedTensor> Parts(ITensorSource weights, TensorInfo info, int[] counts)
    {
        var module = info.Name[..^BitmaskParts.Weight.Length];
        yield return NamedTensor.FromLongs(module + BitmaskParts.Shape, [2], info.Shape).Streamed();
        var (starts, before) = (new long[counts.Length], 0L);
        for (var row = 0; row < counts.Length; row++)
        {
            starts[row] = before;
            before += counts[row];
        }
        yield return NamedTensor.FromLongs(module + BitmaskParts.RowOffsets, [starts.Length], starts).Streamed();
        yield return new StreamedTensor(
            module + BitmaskParts.Compressed,
            info.Element,
            [before],
            stream => Visit(NamedTensor.From(weights, info.Name), (_, _, element) => stream.Write(element))
        );
        var bytes = BitBytes(info);
        yield return new StreamedTensor(
            module + BitmaskParts.Bitmask,
            TensorElement.U8,
            [info.Shape[0], bytes],
            stream =>
            {
                var bits = new byte[info.Shape[0] * bytes];
                Visit(
                    NamedTensor.From(weights, info.Name),
                    (row, column, _) => bits[(row * bytes) + (column / 8)] |= (byte)(1 << (column % 8))
                );
                stream.Write(bits);
            }
        );
    }

    private delegate void Visitor(int row, int column, ReadOnlySpan<byte> element);

    private static void Visit(NamedTensor tensor, Visitor visit)
    {
        var size = tensor.Element.Size();
        var columns = (int)tensor.Shape[1];
        var data = tensor.Data.Span;
        for (var at = 0; at < data.Length / size; at++)
        {
            var element = data.Slice(at * size, size);
            if (element.ContainsAnyExcept((byte)0))
                visit(at / columns, at % columns, element);
        }
    }
}
