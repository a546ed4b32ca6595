// Base of all tensor sources: lookup by name with a helpful error, and conversion in blocks, so
// that a source only implements reading a byte range. Values are converted while they are copied: a
// half-precision file becomes float tensor memory without a second full-size buffer.

using System.Buffers;
using System.Runtime.InteropServices;

namespace RobustTickets.Checkpoints.Tensors;

/// <summary>
/// Base of the tensor sources: name lookup and value conversion on top of <see cref="ReadRange"/>.
/// </summary>
internal abstract class TensorSource : ITensorSource
{
    private const int BlockBytes = 1 << 16;
    private Dictionary<string, TensorInfo> byName = [];
    private IReadOnlyList<TensorInfo> tensors = [];

    /// <summary>Creates the source of a file or folder.</summary>
    protected TensorSource(string location) => Location = location;

    /// <inheritdoc/>
    public string Location { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TensorInfo> Tensors
    {
        get => tensors;
        private protected set
        {
            tensors = value;
            byName = value.ToDictionary(t => t.Name, StringComparer.Ordinal);
        }
    }

    /// <inheritdoc/>
    public bool Contains(string name) => byName.ContainsKey(name);

    /// <inheritdoc/>
    public TensorInfo Info(string name) =>
        byName.TryGetValue(name, out var info)
            ? info
            : throw new CheckpointException($"{Location}: no tensor '{name}'; {Describe(name)}");

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Bytes(string name)
    {
        var info = Info(name);
        if (info.ByteCount > Array.MaxLength)
            throw TooLarge(info, info.ByteCount, "bytes");
        var bytes = GC.AllocateUninitializedArray<byte>((int)info.ByteCount);
        ReadRange(info, 0, bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public void CopyTo(string name, Span<byte> destination)
    {
        var info = Info(name);
        if (destination.Length != info.ByteCount)
        {
            throw new CheckpointException(
                $"{Location}: tensor '{name}' has {info.ByteCount} bytes; the destination has {destination.Length}"
            );
        }
        ReadRange(info, 0, destination);
    }

    /// <inheritdoc/>
    public float[] ReadFloats(string name)
    {
        var info = Info(name);
        if (info.Count > Array.MaxLength)
            throw TooLarge(info, info.Count, "values");
        var values = GC.AllocateUninitializedArray<float>((int)info.Count);
        ReadFloats(name, values);
        return values;
    }

    /// <inheritdoc/>
    public void ReadFloats(string name, Span<float> destination)
    {
        var info = Info(name);
        if (!info.Element.IsFloat())
        {
            throw new CheckpointException(
                $"{Location}: tensor '{name}' is {info.Element.SafetensorsName()}; floats can be read from F32, "
                    + "F16, BF16 and F64"
            );
        }
        if (destination.Length != info.Count)
        {
            throw new CheckpointException(
                $"{Location}: tensor '{name}' has {info.Count} values; the destination has {destination.Length}"
            );
        }
        if (info.Element == TensorElement.F32)
        {
            ReadRange(info, 0, MemoryMarshal.AsBytes(destination));
            return;
        }
        var size = info.Element.Size();
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        for (var done = 0; done < destination.Length; )
        {
            var count = Math.Min(BlockBytes / size, destination.Length - done);
            var bytes = block.AsSpan(0, count * size);
            ReadRange(info, (long)done * size, bytes);
            TensorBytes.ToFloats(info.Element, bytes, destination.Slice(done, count));
            done += count;
        }
        ArrayPool<byte>.Shared.Return(block);
    }

    /// <inheritdoc/>
    public long[] ReadLongs(string name)
    {
        var info = Info(name);
        if (info.Element.IsFloat())
        {
            throw new CheckpointException(
                $"{Location}: tensor '{name}' is {info.Element.SafetensorsName()}; integers can be read from "
                    + "I64, I32, I16, I8, U8 and BOOL"
            );
        }
        if (info.Count > Array.MaxLength / sizeof(long))
            throw TooLarge(info, info.Count, "values");
        var values = new long[info.Count];
        TensorBytes.ToLongs(info.Element, Bytes(name).Span, values);
        return values;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Fills <paramref name="destination"/> with the tensor's contiguous bytes starting at
    /// <paramref name="offset"/> (a multiple of the element size).
    /// </summary>
    private protected abstract void ReadRange(TensorInfo info, long offset, Span<byte> destination);

    /// <summary>Lets another source of this assembly read a range from this one.</summary>
    internal void ReadRangeOf(string name, long offset, Span<byte> destination) =>
        ReadRange(Info(name), offset, destination);

    /// <summary>Closes the files.</summary>
    protected virtual void Dispose(bool disposing) { }

    private CheckpointException TooLarge(TensorInfo info, long found, string what) =>
        new($"{Location}: tensor '{info.Name}' has {found} {what}; one array holds at most {Array.MaxLength}");

    private string Describe(string name)
    {
        if (tensors.Count == 0)
            return "the file holds no tensor";
        // The usual mistake is a missing or extra prefix: suggest names with the same last
        // components.
        var tail = name[(name.LastIndexOf('.', Math.Max(0, name.LastIndexOf('.') - 1)) + 1)..];
        var near = tensors
            .Where(t => t.Name.EndsWith(tail, StringComparison.Ordinal))
            .Select(t => t.Name)
            .Take(3)
            .ToArray();
        return near.Length > 0
            ? $"similar names: {string.Join(", ", near)}"
            : $"the file holds {tensors.Count} tensors, for example "
                + $"{string.Join(", ", tensors.Take(3).Select(t => t.Name))}";
    }
}
