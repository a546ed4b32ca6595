// A ticket of unstructured pruning for storage: matrices with enough zeros as bitmask and values,
// other tensors unchanged (docs/sparse-format.md). Lossless: only elements whose bits are all zero
// are omitted.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Export;

/// <summary>Stores matrices by bitmask.</summary>
internal static class SparseLayout
{
    /// <summary>The tensors; a sparse one is stored as four.</summary>
    /// <param name="source">Named in the error when nothing becomes smaller.</param>
    /// <param name="folder">The model.</param>
    /// <exception cref="RequestException">No matrix becomes smaller, or heads and neurons were
    /// removed.</exception>
    public static IReadOnlyList<StreamedTensor> Of(string source, HuggingFaceFolder folder) =>
        folder.Config.IsCompact
            ? throw Refuse(
                $"{source}: is a ticket of heads and neurons, which are already removed; its smallest format is "
                    + "that of its true shapes (compact)"
            )
            : Of(source, folder.Weights);

    /// <inheritdoc cref="Of(string, HuggingFaceFolder)"/>
    internal static IReadOnlyList<StreamedTensor> Of(string source, ITensorSource weights)
    {
        var (tensors, zeros, elements, smaller) = (new List<StreamedTensor>(), 0L, 0L, false);
        foreach (var info in weights.Tensors)
        {
            if (!IsMatrix(info))
            {
                tensors.Add(StreamedTensor.From(weights, info.Name));
                continue;
            }
            var (parts, kept, bytes) = Parts(weights, info);
            (zeros, elements) = (zeros + info.Count - kept, elements + info.Count);
            if (bytes < info.ByteCount)
                tensors.AddRange(parts);
            else
                tensors.Add(StreamedTensor.From(weights, info.Name));
            smaller |= bytes < info.ByteCount;
        }
        return smaller
            ? tensors
            : throw Refuse(
                FormattableString.Invariant($"{source}: {100.0 * zeros / Math.Max(1, elements):0.0} % of the ")
                    + "elements of its matrices are zero, too few for a bitmask to save space; this format is for "
                    + "tickets of single weights, others are smallest in their true shapes (compact)"
            );
    }

    // The model is sound, the layout does not suit it.
    private static RequestException Refuse(string reason) => new("Layout", null, reason);

    private static bool IsMatrix(TensorInfo info) =>
        info.Shape.Length == 2
        && info.Element.IsFloat()
        && info.Name.EndsWith(BitmaskParts.Weight, StringComparison.Ordinal);

    // The parts, the number of nonzero elements, and the bytes of all parts. Values are read again
    // when they are written.
    private static (StreamedTensor[] Parts, long Kept, long Bytes) Parts(ITensorSource weights, TensorInfo info)
    {
        var (rows, bitBytes) = (info.Shape[0], (info.Shape[1] + 7) / 8);
        var (bits, starts, kept) = (new byte[rows * bitBytes], new long[rows + 1], 0L);
        Visit(
            NamedTensor.From(weights, info.Name),
            (row, column, _) =>
            {
                bits[(row * bitBytes) + (column / 8)] |= (byte)(1 << (column % 8));
                starts[row + 1] = ++kept;
            }
        );
        // A row without values starts where the previous one ended.
        for (var row = 0; row < rows; row++)
            starts[row + 1] = Math.Max(starts[row], starts[row + 1]);
        var module = info.Name[..^BitmaskParts.Weight.Length];
        StreamedTensor[] parts =
        [
            NamedTensor.FromLongs(module + BitmaskParts.Shape, [2], info.Shape).Streamed(),
            NamedTensor.FromLongs(module + BitmaskParts.RowOffsets, [rows], starts.AsSpan(0, (int)rows)).Streamed(),
            new StreamedTensor(
                module + BitmaskParts.Compressed,
                info.Element,
                [kept],
                stream => Visit(NamedTensor.From(weights, info.Name), (_, _, element) => stream.Write(element))
            ),
            new NamedTensor(module + BitmaskParts.Bitmask, TensorElement.U8, [rows, bitBytes], bits).Streamed(),
        ];
        return (parts, kept, parts.Sum(p => new TensorInfo(p.Name, p.Element, p.Shape).ByteCount));
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
