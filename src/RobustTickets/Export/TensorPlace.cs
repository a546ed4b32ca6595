// Positions of a pruned tensor's rows or columns in a larger, zero-padded tensor.
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Export;

/// <summary>Positions along one axis.</summary>
/// <param name="Axis">0: rows, 1: columns.</param>
/// <param name="Size">Size of that axis in the larger tensor.</param>
/// <param name="Index">Position of each row or column in the larger tensor.</param>
internal sealed record TensorPlace(int Axis, int Size, int[] Index)
{
    /// <summary>
    /// Copies raw bytes of any element type: zero is all zero bits in each of them.
    /// </summary>
    public StreamedTensor Scatter(NamedTensor tensor)
    {
        var shape = (long[])tensor.Shape.Clone();
        shape[Axis] = Size;
        var count = shape.Aggregate(1L, (a, b) => a * b);
        var element = tensor.Element.Size();
        var dense = new byte[count * element];
        var data = tensor.Data.Span;
        if (Axis == 0)
        {
            var row = (int)(shape.Length == 1 ? 1 : shape[1]) * element;
            for (var i = 0; i < Index.Length; i++)
                data.Slice(i * row, row).CopyTo(dense.AsSpan(Index[i] * row));
        }
        else
        {
            int rows = (int)shape[0],
                from = Index.Length * element,
                to = Size * element;
            for (var r = 0; r < rows; r++)
            {
                for (var i = 0; i < Index.Length; i++)
                {
                    data.Slice((r * from) + (i * element), element)
                        .CopyTo(dense.AsSpan((r * to) + (Index[i] * element)));
                }
            }
        }
        return new StreamedTensor(tensor.Name, tensor.Element, shape, stream => stream.Write(dense));
    }
}
