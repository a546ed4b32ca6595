// Protocol buffers written by hand: files that no honest writer makes.
using System.Buffers.Binary;
using System.Text;

namespace RobustTickets.OnnxRuntime.Tests;

/// <summary>A protocol buffer message in the making.</summary>
internal sealed class Wire
{
    private const int Varint = 0,
        Delimited = 2,
        Fixed32 = 5;

    private readonly MemoryStream _bytes = new();

    /// <summary>Bytes so far.</summary>
    public long Length => _bytes.Length;

    /// <summary>An integer or enumeration.</summary>
    public Wire Int(int field, long value)
    {
        Key(field, Varint);
        Raw((ulong)value);
        return this;
    }

    /// <summary>Integers, one field each (proto2 does not pack).</summary>
    public Wire Ints(int field, IEnumerable<long> values)
    {
        foreach (var value in values)
            Int(field, value);
        return this;
    }

    /// <summary>A float.</summary>
    public Wire Float(int field, float value)
    {
        Key(field, Fixed32);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>A text.</summary>
    public Wire Text(int field, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        Header(field, bytes.Length);
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>Texts, one field each.</summary>
    public Wire Texts(int field, IEnumerable<string> values)
    {
        foreach (var value in values)
            Text(field, value);
        return this;
    }

    /// <summary>A message.</summary>
    public Wire Message(int field, Wire message)
    {
        Header(field, message.Length);
        message.CopyTo(_bytes);
        return this;
    }

    /// <summary>Tag and length of a field whose <paramref name="length"/> bytes follow.</summary>
    public Wire Header(int field, long length)
    {
        Key(field, Delimited);
        Raw((ulong)length);
        return this;
    }

    /// <summary>Writes what was collected.</summary>
    public void CopyTo(Stream stream) => _bytes.WriteTo(stream);

    private void Key(int field, int kind) => Raw(((ulong)field << 3) | (uint)kind);

    private void Raw(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            _bytes.WriteByte((byte)(value | 0x80));
        _bytes.WriteByte((byte)value);
    }
}
