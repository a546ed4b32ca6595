// Protocol buffers, the reading half, over a file that may be hostile: nothing is read beyond the
// message that is at work, and large fields are passed over without being read.
using System.Text;
using RobustTickets.Attacks;

namespace RobustTickets.OnnxRuntime.Files;

/// <summary>A place in a file of protocol buffers.</summary>
internal sealed class OnnxCursor : IDisposable
{
    private const int LongestText = 1 << 20;
    private static readonly UTF8Encoding Strict = new(
        encoderShouldEmitUTF8Identifier: false,
        throwOnInvalidBytes: true
    );

    private readonly FileStream _file;
    private readonly string _path;
    private long _position;

    public OnnxCursor(string path)
    {
        _path = path;
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        Length = _file.Length;
    }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>
    /// Whether the message that ends at <paramref name="end"/> has another field.
    /// </summary>
    public bool More(long end) => _position < end;

    /// <summary>Number and wire type of the next field of a message.</summary>
    public (int Number, int Wire) Key(long end)
    {
        var key = Varint(end);
        var number = key >> 3;
        if (number is 0 or > 0x1FFFFFFF)
            throw Broken($"field number {number}");
        return ((int)number, (int)(key & 7));
    }

    /// <summary>A whole number.</summary>
    public ulong Varint(long end)
    {
        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var b = Byte(end);
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }
        throw Broken("a number of more than 10 bytes");
    }

    /// <summary>Where a field of bytes ends, its length having been read.</summary>
    public long Inner(long end)
    {
        var length = Varint(end);
        if (length > (ulong)(end - _position))
            throw Broken($"a field of {length} bytes where {end - _position} are left");
        return _position + (long)length;
    }

    /// <summary>A text.</summary>
    public string Text(long end)
    {
        var inner = Inner(end);
        var length = inner - _position;
        if (length > LongestText)
            throw Broken($"a text of {length} bytes");
        var bytes = new byte[length];
        _file.ReadExactly(bytes);
        _position = inner;
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Broken("a text that is no UTF-8");
        }
    }

    /// <summary>Whole numbers, packed or one.</summary>
    public IEnumerable<long> Numbers(int wire, long end)
    {
        if (wire == 0)
            return [(long)Varint(end)];
        if (wire != 2)
            throw Broken($"wire type {wire} for numbers");
        var numbers = new List<long>();
        var inner = Inner(end);
        while (_position < inner)
            numbers.Add((long)Varint(inner));
        return numbers;
    }

    /// <summary>Passes over a field; its number of bytes.</summary>
    public long Skip(int wire, long end)
    {
        var from = _position;
        switch (wire)
        {
            case 0:
                Varint(end);
                return _position - from;
            case 1:
                return Move(8, end);
            case 2:
                var inner = Inner(end);
                return Move(inner - _position, end);
            case 5:
                return Move(4, end);
            default:
                throw Broken($"wire type {wire}");
        }
    }

    /// <summary>Passes over what is left up to a place; its number of bytes.</summary>
    public long SkipTo(long place) => Move(place - _position, place);

    /// <summary>Refuses the file.</summary>
    public DataException Broken(string reason) =>
        new($"{_path}: is no ONNX file this program can use: {reason} (at byte {_position})");

    public void Dispose() => _file.Dispose();

    private long Move(long count, long end)
    {
        if (count > end - _position)
            throw Broken($"a field of {count} bytes where {end - _position} are left");
        _position += count;
        _file.Position = _position;
        return count;
    }

    private int Byte(long end)
    {
        var b = _position < end ? _file.ReadByte() : -1;
        if (b < 0)
            throw Broken("ends in the middle of a field");
        _position++;
        return b;
    }
}
