namespace RobustTickets.Attacks.Data.ParquetFiles;

/// <summary>
/// Scans a structure of Thrift's compact protocol and finds its end. Nesting depth and list lengths
/// are bounded, so malicious bytes cannot cause endless recursion or loops.
/// </summary>
internal ref struct ThriftReader(ReadOnlySpan<byte> bytes)
{
    // The deepest structure of the Parquet format has seven levels.
    private const int Deepest = 32;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _at;

    /// <summary>Reads one whole structure.</summary>
    /// <param name="numbers">Receives integers, booleans and list lengths, keyed by field path: the
    /// field id, or 1000 x outer id + inner id (8.1 is 8001). May be null.</param>
    /// <exception cref="InvalidDataException">The bytes are not such a structure.</exception>
    public void Structure(Dictionary<int, long>? numbers = null) => Structure(numbers, 0, 0);

    /// <summary>Reads a varint (seven bits per byte).</summary>
    public long Number() => checked((long)VarInt());

    private void Structure(Dictionary<int, long>? numbers, int path, int depth)
    {
        if (depth > Deepest)
            throw new InvalidDataException($"structures nested deeper than {Deepest}");
        var field = 0;
        while (Byte() is var head && head != 0)
        {
            field = head >> 4 is > 0 and var step ? field + step : (int)ZigZag();
            var type = head & 15;
            var here = (path * 1000) + field;
            // Field ids outside 1..999 would collide with other paths; they are not recorded.
            var noted = field is > 0 and < 1000 ? numbers : null;
            if (type is 1 or 2 or 4 or 5 or 6)
            {
                // The type of a boolean field is its value.
                var value = type < 3 ? 2 - type : ZigZag();
                if (noted is not null)
                    noted[here] = value;
            }
            else if (type == 12)
                Structure(depth < 1 ? noted : null, here, depth + 1);
            else if (type is 9 or 10)
            {
                var count = List(depth + 1);
                if (noted is not null)
                    noted[here] = count;
            }
            else
                Value(type, depth + 1);
        }
    }

    private void Value(int type, int depth)
    {
        switch (type)
        {
            case 1 or 2 or 3:
                Skip(1);
                break;
            case 4 or 5 or 6:
                ZigZag();
                break;
            case 7:
                Skip(8);
                break;
            case 8:
                Skip(checked((long)VarInt()));
                break;
            case 9 or 10:
                List(depth);
                break;
            case 12:
                Structure(null, 0, depth);
                break;
            case 13:
                Skip(16);
                break;
            default:
                // Thrift has maps, but the Parquet format uses none.
                throw new InvalidDataException($"a value of unknown type {type}");
        }
    }

    private long List(int depth)
    {
        if (depth > Deepest)
            throw new InvalidDataException($"lists nested deeper than {Deepest}");
        var head = Byte();
        var count = head >> 4 is < 15 and var few ? (ulong)few : VarInt();
        // Each element has at least one byte.
        if (count > (ulong)(_bytes.Length - _at))
            throw new InvalidDataException($"a list of {count} elements in {_bytes.Length - _at} bytes");
        for (var i = 0UL; i < count; i++)
            Value(head & 15, depth + 1);
        return (long)count;
    }

    private byte Byte() => _at < _bytes.Length ? _bytes[_at++] : throw Short();

    private void Skip(long count)
    {
        if (count > _bytes.Length - _at)
            throw Short();
        _at += (int)count;
    }

    private ulong VarInt()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 127) << shift;
            if (next < 128)
                return value;
        }
        throw new InvalidDataException("a number of more than 64 bits");
    }

    private long ZigZag() => VarInt() is var n ? (long)(n >> 1) ^ -(long)(n & 1) : 0;

    private static InvalidDataException Short() => new("the structure is truncated");
}
