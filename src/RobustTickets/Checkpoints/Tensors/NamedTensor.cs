namespace RobustTickets.Checkpoints.Tensors;

/// <summary>A tensor to write, with its contiguous little-endian bytes in memory.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Element">The element type.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Data">Raw bytes, row-major; their number must match shape and element.</param>
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

    /// <summary>A copy of a source's tensor, with its name or another.</summary>
    public static NamedTensor From(ITensorSource source, string name, string? newName = null)
    {
        var info = source.Info(name);
        return new NamedTensor(newName ?? name, info.Element, info.Shape, source.Bytes(name));
    }

    /// <summary>This tensor for the streaming writer.</summary>
    public StreamedTensor Streamed()
    {
        var data = Data;
        return new StreamedTensor(Name, Element, Shape, stream => stream.Write(data.Span));
    }
}

/// <summary>
/// A tensor to write whose bytes are produced on demand, so that large tensors need no second copy
/// in memory.
/// </summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Element">The element type.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Write">Writes the raw little-endian bytes, row-major; their number must match shape
/// and element; called once.</param>
internal sealed record StreamedTensor(string Name, TensorElement Element, long[] Shape, Action<Stream> Write)
{
    /// <summary>A tensor of a source, copied on demand.</summary>
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

/// <summary>Extensions for tensors to write.</summary>
internal static class StreamedTensors
{
    /// <summary>Makes the enumeration cancellable between two tensors.</summary>
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
