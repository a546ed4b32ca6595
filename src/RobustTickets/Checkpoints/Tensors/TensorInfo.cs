namespace RobustTickets.Checkpoints.Tensors;

/// <summary>
/// Name, element type and shape of a stored tensor. The shape is validated: no negative size, no
/// overflow of the byte count.
/// </summary>
/// <param name="Name">The tensor's name, for example <c>bert.pooler.dense.weight</c>.</param>
/// <param name="Element">The element type.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <exception cref="CheckpointException">A size is negative, or the tensor would have more than
/// 2^63 bytes.</exception>
internal sealed record TensorInfo(string Name, TensorElement Element, long[] Shape)
{
    /// <summary>The element type.</summary>
    public TensorElement Element { get; } = Element;

    /// <summary>
    /// Sizes, outermost first; empty for a scalar. Not settable by <c>with</c>: the count is
    /// checked once.
    /// </summary>
    public long[] Shape { get; } = Shape;

    /// <summary>Number of elements: the product of the sizes.</summary>
    public long Count { get; } = CheckedCount(Name, Element, Shape);

    /// <summary>Number of bytes when stored contiguously.</summary>
    public long ByteCount => Count * Element.Size();

    /// <summary>The shape as text, <c>[2, 3]</c>.</summary>
    public string ShapeText => Format(Shape);

    /// <summary>A shape as text, <c>[2, 3]</c>.</summary>
    public static string Format(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    private static long CheckedCount(string name, TensorElement element, long[] shape)
    {
        var count = 1L;
        try
        {
            foreach (var size in shape)
            {
                if (size < 0)
                    throw new CheckpointException(
                        $"tensor '{name}': shape {Format(shape)} has the negative size {size}; sizes are 0 or more"
                    );
                count = checked(count * size);
            }
            _ = checked(count * element.Size());
        }
        catch (OverflowException e)
        {
            throw new CheckpointException(
                $"tensor '{name}': shape {Format(shape)} of {element.SafetensorsName()} has more than 2^63 bytes",
                e
            );
        }
        return count;
    }
}
