namespace RobustTickets.Checkpoints.Tensors;

/// <summary>A tensor to be written, with its contiguous little-endian bytes at hand.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Element">The element type.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Data">Raw bytes, row-major; as many as shape and element need.</param>
internal sealed record NamedTensor(string Name, TensorElement Element, long[] Shape, ReadOnlyMemory<byte> Data)
{
    /// <summary>
    /// A tensor from float values, row-major, rounded to nearest even where
    /// <paramref name="element"/> is narrower.
    /// </summary>
    public static NamedTensor FromFloats(
        string name,
        long[] shape,
        ReadOnlySpan<float> values,
        TensorElement element = TensorElement.F32
    ) => new(name, element, shape, TensorBytes.FromFloats(element, values));

    /// <summary>A tensor of 64-bit integers, row-major.</summary>
    public static NamedTensor FromLongs(string name, long[] shape, ReadOnlySpan<long> values) =>
        new(name, TensorElement.I64, shape, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A copy of a tensor of a source, under its own name or another.</summary>
    public static NamedTensor From(ITensorSource source, string name, string? newName = null)
    {
        var info = source.Info(name);
        return new NamedTensor(newName ?? name, info.Element, info.Shape, source.Bytes(name));
    }

    /// <summary>The same tensor for the streaming writer.</summary>
    public StreamedTensor Streamed()
    {
        var data = Data;
        return new StreamedTensor(Name, Element, Shape, stream => stream.Write(data.Span));
    }
}

/// <summary>
/// A tensor to be written whose bytes are produced when its turn comes, so that large tensors need
/// no second copy in memory.
/// </summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Element">The element type.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Write">Writes the raw little-endian bytes, row-major: exactly as many as shape and
/// element need; called once.</param>
internal sealed record StreamedTensor(string Name, TensorElement Element, long[] Shape, Action<Stream> Write)
{
    /// <summary>A tensor of a source, copied through when its turn comes.</summary>
    public static StreamedTensor From(ITensorSource source, string name, string? newName = null)
    {
        var info = source.Info(name);
        return new StreamedTensor(
            newName ?? name,
            info.Element,
            info.Shape,
            stream => stream.Write(source.Bytes(name).Span)
        );
    }
}

/// <summary>Tensors that are about to be written.</summary>
internal static class StreamedTensors
{
    /// <summary>The same, until it is stopped between two of them.</summary>
    public static IEnumerable<StreamedTensor> Until(this IEnumerable<StreamedTensor> tensors, CancellationToken stop) =>
        tensors.Select(tensor =>
        {
            stop.ThrowIfCancellationRequested();
            return tensor with
            {
                Write = stream =>
                {
                    stop.ThrowIfCancellationRequested();
                    tensor.Write(stream);
                },
            };
        });
}
