// A protobuf reader for untrusted files: nothing is read beyond the current message, and large
// fields are skipped.
using System.Text;
using RobustTickets.Attacks;

namespace RobustTickets.OnnxRuntime.Files;

/// <summary>A position in a protobuf file.</summary>
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

    /// <summary>Length of the file in bytes.</summary>
    public long Length { get; }

    /// <summary>Whether the message that ends at <paramref name="end"/> has more fields.</summary>
    public bool More(long end) => _position < end;

    /// <summary>Reads number and wire type of the next field of a message.</summary>
    public (int Number, int Wire) Key(long end)
    {
        var key = Varint(end);
        var number = key >> 3;
        if (number is 0 or > 0x1FFFFFFF)
            throw Broken($"field number {number}");
        return ((int)number, (int)(key & 7));
    }

    /// <summary>Reads a varint.</summary>
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

    /// <summary>Reads a field's length and returns its end.</summary>
    public long Inner(long end)
    {
        var length = Varint(end);
        if (length > (ulong)(end - _position))
            throw Broken($"a field of {length} bytes where {end - _position} are left");
        return _position + (long)length;
    }

    /// <summary>Reads a string.</summary>
    public string Text(long end)
    {
        var inner = Inner(end);
        var length = inner - _position;
        if (length > LongestText)
            throw Broken($"a string of {length} bytes");
        var bytes = new byte[length];
        _file.ReadExactly(bytes);
        _position = inner;
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Broken("a string that is not valid UTF-8");
        }
    }

    /// <summary>Reads integers, packed or single.</summary>
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

    /// <summary>Skips a field; returns its number of bytes.</summary>
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

    /// <summary>Skips to a position; returns the number of bytes.</summary>
    public long SkipTo(long place) => Move(place - _position, place);

    /// <summary>Creates the exception that rejects the file.</summary>
    public DataException Broken(string reason) =>
        new($"{_path}: is not an ONNX file this program can use: {reason} (at byte {_position})");

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
