// A second reader of TensorBoard's event files, which shares nothing with the writer: a bitwise
// CRC-32C, and protocol buffers by their wire format.
using System.Buffers.Binary;
using System.Text;

namespace RobustTickets.Tests.Runs;

/// <summary>An event of an event file.</summary>
internal sealed record ReadEvent(
    double WallTime,
    long Step,
    string? Version,
    IReadOnlyList<(string Tag, float Value)> Scalars
);

internal static class EventFileReader
{
    /// <summary>The events of a file; throws where a checksum or a length is wrong.</summary>
    public static IReadOnlyList<ReadEvent> Read(byte[] file)
    {
        var events = new List<ReadEvent>();
        for (var at = 0; at < file.Length; )
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Check(file.AsSpan(at, 8), file.AsSpan(at + 8));
            var message = file.AsSpan(at + 12, length);
            Check(message, file.AsSpan(at + 12 + length));
            events.Add(Event(message));
            at += 12 + length + 4;
        }
        return events;
    }

    /// <summary>CRC-32C bit by bit: reflected polynomial 0x82F63B78.</summary>
    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xFFFFFFFFu;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
        }
        return ~crc;
    }

    private static void Check(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> stored)
    {
        // Stored is ((crc >> 15) | (crc << 17)) + 0xA282EAD8.
        var turned = unchecked(BinaryPrimitives.ReadUInt32LittleEndian(stored) - 0xA282EAD8u);
        if (((turned >> 17) | (turned << 15)) != Crc(bytes))
            throw new InvalidDataException("a checksum is wrong");
    }

    private static ReadEvent Event(ReadOnlySpan<byte> message)
    {
        var found = new ReadEvent(0, 0, null, []);
        while (message.Length > 0)
        {
            var (field, type) = Key(ref message);
            found = (field, type) switch
            {
                (1, 1) => found with { WallTime = BitConverter.Int64BitsToDouble((long)Fixed(ref message, 8)) },
                (2, 0) => found with { Step = (long)Varint(ref message) },
                (3, 2) => found with { Version = Encoding.UTF8.GetString(Bytes(ref message)) },
                (5, 2) => found with { Scalars = Summary(Bytes(ref message)) },
                _ => throw new InvalidDataException($"field {field} of type {type} in Event"),
            };
        }
        return found;
    }

    private static List<(string, float)> Summary(ReadOnlySpan<byte> message)
    {
        var values = new List<(string, float)>();
        while (message.Length > 0)
        {
            if (Key(ref message) is not (1, 2))
                throw new InvalidDataException("another field than value in Summary");
            var value = Bytes(ref message);
            var (tag, number) = ("", float.NaN);
            while (value.Length > 0)
            {
                switch (Key(ref value))
                {
                    case (1, 2):
                        tag = Encoding.UTF8.GetString(Bytes(ref value));
                        break;
                    case (2, 5):
                        number = BitConverter.Int32BitsToSingle((int)Fixed(ref value, 4));
                        break;
                    default:
                        throw new InvalidDataException("another field in Summary.Value");
                }
            }
            values.Add((tag, number));
        }
        return values;
    }

    private static (int Field, int Type) Key(ref ReadOnlySpan<byte> at)
    {
        var key = Varint(ref at);
        return ((int)(key >> 3), (int)(key & 7));
    }

    private static ulong Varint(ref ReadOnlySpan<byte> at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var b = at[0];
            at = at[1..];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }
    }

    private static ulong Fixed(ref ReadOnlySpan<byte> at, int bytes)
    {
        ulong value = 0;
        for (var i = 0; i < bytes; i++)
            value |= (ulong)at[i] << (8 * i);
        at = at[bytes..];
        return value;
    }

    private static ReadOnlySpan<byte> Bytes(ref ReadOnlySpan<byte> at)
    {
        var length = (int)Varint(ref at);
        var bytes = at[..length];
        at = at[length..];
        return bytes;
    }
}
