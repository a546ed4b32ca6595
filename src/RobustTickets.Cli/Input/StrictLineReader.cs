// Reads lines of strict UTF-8: an invalid byte is reported with its line, and reading continues
// after that line. Nothing is replaced silently.
using System.Buffers;
using System.Text;
using System.Text.Unicode;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Input;

/// <summary>Reads lines ended by LF, CR LF or CR.</summary>
/// <param name="stream">The bytes; closed with the reader.</param>
/// <param name="place">Its name in errors.</param>
/// <param name="longest">Maximum length of a line in bytes.</param>
internal sealed class StrictLineReader(Stream stream, string place, int longest = 1 << 26) : TextReader
{
    private static readonly UTF8Encoding Utf8Text = new(encoderShouldEmitUTF8Identifier: false);
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly ArrayBufferWriter<byte> _line = new();
    private int _at,
        _count,
        _number;
    private bool _afterReturn,
        _lastReadFilled;

    /// <summary>
    /// -1 when no complete line is available, so that <see cref="ReadLine"/> would block; otherwise
    /// its first byte.
    /// </summary>
    public override int Peek()
    {
        SkipLineFeed();
        if (_at == _count && _lastReadFilled)
            Fill();
        return _lastReadFilled || Rest.IndexOfAny((byte)'\n', (byte)'\r') >= 0 ? Rest[0] : -1;
    }

    /// <summary>Not supported: reads lines only.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override int Read() => throw new NotSupportedException("lines only");

    /// <summary>The next line; null at the end.</summary>
    /// <exception cref="DataException">The line is not UTF-8, or too long; file, line and byte are
    /// named, and the next call continues after it.</exception>
    public override string? ReadLine()
    {
        _line.ResetWrittenCount();
        var length = 0L;
        var begun = false;
        while (_at < _count || Fill())
        {
            SkipLineFeed();
            if (_at == _count)
                continue;
            begun = true;
            var end = Rest.IndexOfAny((byte)'\n', (byte)'\r');
            var part = end < 0 ? Rest : Rest[..end];
            length += part.Length;
            if (length <= longest)
                _line.Write(part);
            _at += part.Length;
            if (end < 0)
                continue;
            _afterReturn = _buffer[_at++] == '\r';
            return Text(length);
        }
        return begun ? Text(length) : null;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            stream.Dispose();
        base.Dispose(disposing);
    }

    private ReadOnlySpan<byte> Rest => _buffer.AsSpan(_at, _count - _at);

    private bool Fill()
    {
        (_at, _count) = (0, stream.Read(_buffer, 0, _buffer.Length));
        _lastReadFilled = _count == _buffer.Length;
        return _count > 0;
    }

    // The second half of a CR LF, which may arrive with the next read.
    private void SkipLineFeed()
    {
        if (!_afterReturn || _at == _count)
            return;
        _afterReturn = false;
        if (_buffer[_at] == '\n')
            _at++;
    }

    private string Text(long length)
    {
        _number++;
        if (length > longest)
            throw new DataException($"{place}:{_number}: line of {length} bytes; the maximum is {longest}");
        var bytes = _line.WrittenSpan;
        if (_number == 1)
        {
            if (
                bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff])
            )
                throw new DataException($"{place}:1: byte 0x{bytes[0]:x2} begins UTF-16 text; convert it to UTF-8");
            if (bytes.StartsWith("\uFEFF"u8))
                bytes = bytes[3..];
        }
        if (Utf8.IsValid(bytes))
            return Utf8Text.GetString(bytes);
        var at = 0;
        while (Rune.DecodeFromUtf8(bytes[at..], out _, out var used) == OperationStatus.Done)
            at += used;
        throw new DataException($"{place}:{_number}: byte 0x{bytes[at]:x2} is not UTF-8; convert it to UTF-8");
    }
}
