namespace RobustTickets.Checkpoints.Tensors;

/// <summary>
/// Named tensors that can be read: a safetensors file, a <c>pytorch_model.bin</c>, several shards,
/// or one of these under other names. Thread-safe; values are read on demand. Methods that take a
/// name throw <see cref="CheckpointException"/> (file and tensor named) if there is no such tensor
/// or it cannot be read in this form.
/// </summary>
internal interface ITensorSource : IDisposable
{
    /// <summary>The file or folder, for messages.</summary>
    string Location { get; }

    /// <summary>All tensors, in the order of the file.</summary>
    IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Whether a tensor of this name exists.</summary>
    bool Contains(string name);

    /// <summary>Element type and shape of a tensor.</summary>
    TensorInfo Info(string name);

    /// <summary>
    /// The raw little-endian bytes, contiguous, row-major: a new copy of
    /// <see cref="TensorInfo.ByteCount"/> bytes.
    /// </summary>
    ReadOnlyMemory<byte> Bytes(string name);

    /// <summary>
    /// Copies the raw bytes directly into <paramref name="destination"/> (for example tensor
    /// memory), whose length must be the tensor's byte count.
    /// </summary>
    void CopyTo(string name, Span<byte> destination);

    /// <summary>The values of an F32, F16, BF16 or F64 tensor as float, row-major.</summary>
    float[] ReadFloats(string name);

    /// <summary>
    /// As <see cref="ReadFloats(string)"/>, directly into <paramref name="destination"/>, whose
    /// length must be the tensor's element count.
    /// </summary>
    void ReadFloats(string name, Span<float> destination);

    /// <summary>The values of an integer or Boolean tensor, row-major.</summary>
    long[] ReadLongs(string name);
}
