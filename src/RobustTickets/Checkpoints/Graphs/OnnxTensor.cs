// A constant of an ONNX graph: raw bytes, typed fields or a range of an external file. The declared
// size is compared with the stored size before anything is allocated.
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Onnx;
using RobustTickets.Checkpoints.Tensors;
using Element = Onnx.TensorProto.Types.DataType;

namespace RobustTickets.Checkpoints.Graphs;

/// <summary>A constant tensor, row-major.</summary>
internal sealed class OnnxTensor
{
    private readonly TensorProto _proto;
    private readonly ExternalRange? _external;
    private readonly Element _element;

    /// <param name="proto">The message.</param>
    /// <param name="name">Its name in messages.</param>
    /// <param name="folder">Folder of external data files.</param>
    /// <exception cref="CheckpointException">Sizes and contents do not match.</exception>
    public OnnxTensor(TensorProto proto, string name, string folder)
    {
        (_proto, Name) = (proto, name);
        _element = (Element)proto.DataType;
        Dims = [.. proto.Dims];
        // Checks signs and overflow of the product.
        var count = new TensorInfo(name, TensorElement.U8, Dims).Count;
        if (count > int.MaxValue)
            throw new CheckpointException($"tensor '{name}': shape {Shape} has more than 2^31 elements");
        Count = (int)count;
        if (proto.Segment is not null)
            throw new CheckpointException($"tensor '{name}': is stored in segments; only whole tensors are supported");
        if (proto.DataLocation == TensorProto.Types.DataLocation.External)
            _external = ExternalRange.Of(proto, name, folder, (long)Count * Size());
        else if (Stored() is var stored && stored != Count)
            throw new CheckpointException(
                $"tensor '{name}': shape {Shape} has {Count} elements, the file holds {stored}"
            );
    }

    /// <summary>A constant computed from others.</summary>
    public OnnxTensor(string name, IReadOnlyList<double> values, long[] dims)
    {
        (_proto, Name, Dims, Count) = (new TensorProto { DoubleData = { values } }, name, dims, values.Count);
        _element = Element.Double;
    }

    /// <summary>Name in the graph.</summary>
    public string Name { get; }

    /// <summary>Sizes, outermost first.</summary>
    public long[] Dims { get; }

    /// <summary>Number of elements.</summary>
    public int Count { get; }

    /// <summary>The sizes as text.</summary>
    public string Shape => TensorInfo.Format(Dims);

    /// <summary>Whether the elements are floating-point numbers.</summary>
    public bool IsFloat => _element is Element.Float or Element.Float16 or Element.Bfloat16 or Element.Double;

    /// <summary>The elements as numbers.</summary>
    public double[] ToDoubles() =>
        IsFloat && _element != Element.Double ? Array.ConvertAll(ToFloats(), x => (double)x) : Numbers();

    /// <summary>The elements as float32; float16 and bfloat16 are widened.</summary>
    /// <exception cref="CheckpointException">The elements are not floating-point
    /// numbers.</exception>
    public float[] ToFloats()
    {
        if (!IsFloat)
            throw new CheckpointException($"tensor '{Name}': holds {_element}; floating-point numbers are needed");
        if (_element == Element.Double)
            return Array.ConvertAll(Numbers(), x => (float)x);
        if (!HasRaw)
            return _element == Element.Float
                ? [.. _proto.FloatData]
                : [.. _proto.Int32Data.Select(bits => Narrow((ushort)bits))];
        var raw = Raw();
        var values = new float[Count];
        if (_element == Element.Float)
        {
            if (BitConverter.IsLittleEndian)
                MemoryMarshal.Cast<byte, float>(raw).CopyTo(values);
            else
                for (var i = 0; i < values.Length; i++)
                    values[i] = BinaryPrimitives.ReadSingleLittleEndian(raw[(4 * i)..]);
            return values;
        }
        for (var i = 0; i < values.Length; i++)
            values[i] = Narrow(BinaryPrimitives.ReadUInt16LittleEndian(raw[(2 * i)..]));
        return values;
    }

    private bool HasRaw => _external is not null || _proto.RawData.Length > 0;

    private float Narrow(ushort bits) =>
        _element == Element.Float16
            ? (float)BitConverter.UInt16BitsToHalf(bits)
            : BitConverter.UInt32BitsToSingle((uint)bits << 16);

    private double[] Numbers()
    {
        if (!HasRaw)
        {
            return _element switch
            {
                Element.Double => [.. _proto.DoubleData],
                Element.Int64 => [.. _proto.Int64Data],
                Element.Uint32 or Element.Uint64 => [.. _proto.Uint64Data],
                _ => [.. _proto.Int32Data],
            };
        }
        var raw = Raw();
        var size = Size();
        var values = new double[Count];
        for (var i = 0; i < values.Length; i++)
        {
            var at = raw.Slice(size * i, size);
            values[i] = _element switch
            {
                Element.Double => BinaryPrimitives.ReadDoubleLittleEndian(at),
                Element.Int64 => BinaryPrimitives.ReadInt64LittleEndian(at),
                Element.Uint64 => BinaryPrimitives.ReadUInt64LittleEndian(at),
                Element.Int32 => BinaryPrimitives.ReadInt32LittleEndian(at),
                Element.Uint32 => BinaryPrimitives.ReadUInt32LittleEndian(at),
                Element.Int16 => BinaryPrimitives.ReadInt16LittleEndian(at),
                Element.Uint16 => BinaryPrimitives.ReadUInt16LittleEndian(at),
                Element.Int8 => (sbyte)at[0],
                _ => at[0],
            };
        }
        return values;
    }

    private ReadOnlySpan<byte> Raw() => _external is { } range ? range.Read(Name) : _proto.RawData.Span;

    private int Size() =>
        _element switch
        {
            Element.Double or Element.Int64 or Element.Uint64 => 8,
            Element.Float or Element.Int32 or Element.Uint32 => 4,
            Element.Float16 or Element.Bfloat16 or Element.Int16 or Element.Uint16 => 2,
            Element.Int8 or Element.Uint8 or Element.Bool => 1,
            _ => throw new CheckpointException(
                $"tensor '{Name}': holds elements of type {_element}; supported are float32, float64, float16, "
                    + "bfloat16, integers and booleans"
            ),
        };

    // Number of elements stored in the message; -1 if the last one is incomplete.
    private long Stored()
    {
        var size = Size();
        if (_proto.RawData.Length > 0)
            return _proto.RawData.Length % size == 0 ? _proto.RawData.Length / size : -1;
        return _element switch
        {
            Element.Float => _proto.FloatData.Count,
            Element.Double => _proto.DoubleData.Count,
            Element.Int64 => _proto.Int64Data.Count,
            Element.Uint32 or Element.Uint64 => _proto.Uint64Data.Count,
            _ => _proto.Int32Data.Count,
        };
    }

    // A range of an external file ("external data").
    private sealed record ExternalRange(string Path, long Offset, int Length)
    {
        public static ExternalRange Of(TensorProto proto, string name, string folder, long bytes)
        {
            var entries = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in proto.ExternalData)
                entries[entry.Key] = entry.Value;
            var location = entries.GetValueOrDefault("location", "");
            var parts = location.Split('/', '\\');
            if (location.Length == 0 || System.IO.Path.IsPathRooted(location) || parts.Any(p => p is ".." or ""))
                throw new CheckpointException(
                    $"tensor '{name}': its data location is '{location}'; expected a file in the folder of the "
                        + "graph"
                );
            var path = System.IO.Path.Combine([folder, .. parts]);
            if (!File.Exists(path))
                throw new CheckpointException($"tensor '{name}': its data file {path} does not exist");
            var length = Number("length") ?? bytes;
            var offset = Number("offset") ?? 0;
            if (length != bytes || bytes > int.MaxValue || offset > new FileInfo(path).Length - length)
                throw new CheckpointException(
                    $"tensor '{name}': needs {bytes} bytes; its external data are {length} bytes at offset {offset} of "
                        + $"{path}, which has {new FileInfo(path).Length} bytes"
                );
            return new ExternalRange(path, offset, (int)length);

            long? Number(string key) =>
                !entries.TryGetValue(key, out var text) ? null
                : long.TryParse(
                    text,
                    System.Globalization.NumberStyles.None,
                    System.Globalization.CultureInfo.InvariantCulture,
                    out var value
                )
                    ? value
                : throw new CheckpointException(
                    $"tensor '{name}': {key} of the external data is '{text}', not a number"
                );
        }

        public byte[] Read(string name)
        {
            try
            {
                using var file = File.OpenRead(Path);
                file.Position = Offset;
                var bytes = new byte[Length];
                file.ReadExactly(bytes);
                return bytes;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CheckpointException($"tensor '{name}': {Path} cannot be read: {e.Message}", e);
            }
        }
    }
}
