using System.Text;
using System.Text.Unicode;

namespace RobustTickets.Attacks;

/// <summary>
/// Decodes bytes strictly: UTF-8 only, byte order mark dropped, an error with the line of the first
/// invalid byte. Nothing is replaced silently.
/// </summary>
internal static class StrictText
{
    private static readonly UTF8Encoding Lenient = new(false);

    /// <summary>Decodes UTF-8 bytes.</summary>
    /// <param name="place">Name of the file in errors; the line is appended.</param>
    /// <param name="bytes">The whole file.</param>
    /// <exception cref="DataException">The bytes are not UTF-8.</exception>
    public static string Decode(string place, ReadOnlySpan<byte> bytes)
    {
        bytes = WithoutMark(place, bytes);
        if (Utf8.IsValid(bytes))
            return Lenient.GetString(bytes);
        var at = Fault(bytes);
        throw NotUtf8(place, LineOf(bytes[..at]), bytes[at]);
    }

    /// <summary>
    /// Decodes a file in the encoding of its byte order mark (Windows editors write one); without a
    /// mark, as UTF-8.
    /// </summary>
    /// <param name="place">Name of the file in errors.</param>
    /// <param name="bytes">The whole file.</param>
    /// <param name="mark">Name of the byte order mark, for a note, or null.</param>
    /// <exception cref="DataException">The bytes are not valid in that encoding.</exception>
    public static string DecodeByMark(string place, ReadOnlySpan<byte> bytes, out string? mark)
    {
        var little = bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]);
        if (!little && !bytes.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]))
        {
            mark = bytes.StartsWith("\uFEFF"u8) ? "a byte order mark" : null;
            return Decode(place, bytes);
        }
        mark = "a UTF-16 byte order mark";
        try
        {
            return new UnicodeEncoding(bigEndian: !little, byteOrderMark: false, throwOnInvalidBytes: true).GetString(
                bytes[2..]
            );
        }
        catch (DecoderFallbackException e)
        {
            throw new DataException($"{place}: starts as UTF-16 but is not valid UTF-16; convert the file to UTF-8", e);
        }
    }

    /// <summary>Streams lines with their numbers from 1; lines end in LF, CR LF or CR.</summary>
    /// <param name="stream">UTF-8 text.</param>
    /// <param name="place">Name of the file in errors.</param>
    /// <param name="longest">Maximum bytes per line; more is rejected before it is held in
    /// memory.</param>
    /// <exception cref="DataException">A line is too long, or not UTF-8.</exception>
    public static IEnumerable<(int Number, string Text)> Lines(Stream stream, string place, int longest = 1 << 24)
    {
        var buffer = new byte[1 << 16];
        var held = new List<byte>();
        var (number, afterReturn, begun) = (0, false, false);
        for (int count; (count = stream.Read(buffer, 0, buffer.Length)) > 0; )
        {
            var start = 0;
            while (start < count)
            {
                if (afterReturn && buffer[start] == '\n')
                {
                    (afterReturn, start) = (false, start + 1);
                    continue;
                }
                afterReturn = false;
                var length = buffer.AsSpan(start, count - start).IndexOfAny((byte)'\n', (byte)'\r');
                var part = length < 0 ? count - start : length;
                if (held.Count + part > longest)
                    throw new DataException($"{place}:{number + 1}: a line longer than {longest} bytes");
                held.AddRange(buffer.AsSpan(start, part));
                begun = true;
                start += part;
                if (length < 0)
                    continue;
                afterReturn = buffer[start++] == '\r';
                yield return (++number, Text(held, place, number));
                begun = false;
                held.Clear();
            }
        }
        if (begun)
            yield return (++number, Text(held, place, number));
    }

    /// <summary>Streams lines with their numbers from 1; only one given byte ends a line.</summary>
    /// <param name="stream">UTF-8 text.</param>
    /// <param name="place">Name of the file in errors.</param>
    /// <param name="end">The byte that ends a line.</param>
    /// <param name="broken">Receives the numbers of lines that are not UTF-8, with their first
    /// invalid byte; invalid bytes become U+FFFD. Null: such lines are errors.</param>
    /// <param name="longest">Maximum bytes per line; more is rejected before it is held in
    /// memory.</param>
    /// <exception cref="DataException">A line is too long, or not UTF-8.</exception>
    public static IEnumerable<(int Number, string Text)> Lines(
        Stream stream,
        string place,
        byte end,
        IDictionary<int, byte>? broken,
        int longest = 1 << 26
    )
    {
        var buffer = new byte[1 << 16];
        var held = new List<byte>();
        var number = 0;
        for (int count; (count = stream.Read(buffer, 0, buffer.Length)) > 0; )
        {
            for (var start = 0; start < count; )
            {
                var length = buffer.AsSpan(start, count - start).IndexOf(end);
                var part = length < 0 ? count - start : length;
                if (held.Count + part > longest)
                    throw new DataException($"{place}:{number + 1}: a line longer than {longest} bytes");
                held.AddRange(buffer.AsSpan(start, part));
                start += part + 1;
                if (length < 0)
                    continue;
                yield return (++number, Text(held, place, number, broken));
                held.Clear();
            }
        }
        if (held.Count > 0)
            yield return (++number, Text(held, place, number, broken));
    }

    /// <summary>Decodes a line, without its line end.</summary>
    /// <param name="bytes">The line.</param>
    /// <param name="place">Name of the file in errors.</param>
    /// <param name="number">The line's number, from 1.</param>
    /// <param name="broken">As for the lines of a stream.</param>
    /// <exception cref="DataException">The line is not UTF-8.</exception>
    public static string Line(ReadOnlySpan<byte> bytes, string place, int number, IDictionary<int, byte>? broken = null)
    {
        if (number == 1)
            bytes = WithoutMark(place, bytes);
        if (!Utf8.IsValid(bytes))
        {
            var bad = bytes[Fault(bytes)];
            if (broken is null)
                throw NotUtf8(place, number, bad);
            broken[number] = bad;
        }
        return Lenient.GetString(bytes);
    }

    private static string Text(List<byte> line, string place, int number, IDictionary<int, byte>? broken = null) =>
        Line(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(line), place, number, broken);

    private static ReadOnlySpan<byte> WithoutMark(string place, ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("\uFEFF"u8))
            return bytes[3..];
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]))
            throw new DataException($"{place}:1: byte 0x{bytes[0]:x2} starts UTF-16 text; convert the file to UTF-8");
        return bytes;
    }

    /// <summary>The first invalid UTF-8 byte; the bytes must contain one.</summary>
    public static byte BadByte(ReadOnlySpan<byte> bytes) => bytes[Fault(bytes)];

    /// <summary>Index of the first invalid UTF-8 byte.</summary>
    private static int Fault(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (
            at < bytes.Length
            && Rune.DecodeFromUtf8(bytes[at..], out _, out var used) == System.Buffers.OperationStatus.Done
        )
            at += used;
        return at;
    }

    // A file with CR line ends has no line feed.
    private static int LineOf(ReadOnlySpan<byte> before) =>
        1 + Math.Max(before.Count((byte)'\n'), before.Contains((byte)'\n') ? 0 : before.Count((byte)'\r'));

    private static DataException NotUtf8(string place, int line, byte found) =>
        new($"{place}:{line}: byte 0x{found:x2} is not UTF-8; convert the file to UTF-8");
}
