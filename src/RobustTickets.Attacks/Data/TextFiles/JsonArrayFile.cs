using System.Text.Json;
using System.Text.Unicode;

namespace RobustTickets.Attacks.Data.TextFiles;

/// <summary>
/// A JSON array of objects, one per row (<see cref="JsonRow"/>); only the current object is held in
/// memory.
/// </summary>
internal sealed class JsonArrayFile : RecordFile
{
    /// <summary>Maximum bytes per row.</summary>
    private const int Most = 1 << 24;

    private readonly string[] _columns;

    /// <param name="file">The text.</param>
    /// <param name="skip">Whether malformed values before the first object are skipped.</param>
    public JsonArrayFile(TextFile file, bool skip)
        : base(file)
    {
        string? error = null;
        foreach (var (line, json) in Values())
        {
            if (Damage(json) is not { } reason && JsonRow.Fields(json, out _columns, out reason))
                return;
            error ??= $"{file.Path}:{line}: {reason}";
            if (!skip)
                break;
        }
        throw new DataException(error ?? $"{file.Path}: the JSON array is empty");
    }

    public override IReadOnlyList<string> Columns => _columns;

    public override bool HasOwnColumns => true;

    protected override IEnumerable<RawRow> ReadRows(RequestedColumns columns) =>
        Values()
            .Select(value =>
                Damage(value.Json) is { } reason
                    ? new RawRow(value.Line, null, reason)
                    : JsonRow.Parse(value.Line, value.Json, columns)
            );

    private static string? Damage(ReadOnlyMemory<byte> json) =>
        Utf8.IsValid(json.Span)
            ? null
            : $"byte 0x{StrictText.BadByte(json.Span):x2} is not UTF-8; convert the file to UTF-8";

    // The values of the array with their lines. Invalid JSON ends the file: the start of the next
    // value is unknown.
    private IEnumerable<(int Line, ReadOnlyMemory<byte> Json)> Values()
    {
        using var stream = File.Content();
        var buffer = new byte[1 << 16];
        var end = stream.ReadAtLeast(buffer, 3, throwOnEndOfStream: false);
        var start = buffer.AsSpan(0, end).StartsWith("\uFEFF"u8) ? 3 : 0;
        var (line, isLast, state) = (1, false, default(JsonReaderState));
        while (true)
        {
            var used = Next(buffer.AsSpan(start, end - start), isLast, ref state, out var begin, out var isValue);
            if (used > 0)
            {
                var first = line + buffer.AsSpan(start, begin).Count((byte)'\n');
                if (isValue)
                    yield return (first, buffer.AsMemory(start + begin, used - begin));
                line = first + buffer.AsSpan(start + begin, used - begin).Count((byte)'\n');
                start += used;
                continue;
            }
            if (isLast)
                yield break;
            if (end - start > Most)
            {
                var before = Math.Max(0, buffer.AsSpan(start, end - start).IndexOfAnyExcept(" \t\r\n,"u8));
                line += buffer.AsSpan(start, before).Count((byte)'\n');
                throw new DataException($"{File.Path}:{line}: a row longer than {Most} bytes");
            }
            // Unread bytes move to the front; a value that fills the buffer gets a buffer twice as
            // large.
            var whole = end - start > buffer.Length / 2 ? new byte[2 * buffer.Length] : buffer;
            buffer.AsSpan(start, end - start).CopyTo(whole);
            (buffer, start, end) = (whole, 0, end - start);
            var count = stream.Read(buffer, end, buffer.Length - end);
            (isLast, end) = (count == 0, end + count);
        }
    }

    // Length of the next value, or of a bracket of the array; 0 where more bytes are needed.
    private int Next(ReadOnlySpan<byte> bytes, bool isLast, ref JsonReaderState state, out int begin, out bool isValue)
    {
        (begin, isValue) = (0, false);
        try
        {
            var reader = new Utf8JsonReader(bytes, isLast, state);
            if (!reader.Read())
                return 0;
            begin = (int)reader.TokenStartIndex;
            isValue = reader.CurrentDepth > 0;
            if (isValue && !reader.TrySkip())
                return 0;
            state = reader.CurrentState;
            return (int)reader.BytesConsumed;
        }
        catch (JsonException e)
        {
            throw new DataException($"{File.Path}:{e.LineNumber + 1 ?? 1}: not JSON: {GuardedJson.Reason(e)}", e);
        }
    }
}
