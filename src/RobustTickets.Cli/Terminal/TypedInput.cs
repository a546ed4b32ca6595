// Lines typed into the console of Windows: UTF-16, because a code page cannot encode every text and
// older consoles read UTF-8 as zeros.
using System.Text;
using RobustTickets.Attacks.Data.TextFiles;

namespace RobustTickets.Cli.Terminal;

/// <summary>Reads typed UTF-16; Ctrl-Z at the start of a line ends it.</summary>
/// <param name="inner">The console: a read gives at most one line.</param>
internal sealed class TypedInput(Stream inner) : ForwardStream
{
    private bool _atLineStart = true,
        _isEnded;

    /// <summary>The typed text as UTF-8.</summary>
    public static Stream AsUtf8(Stream console) =>
        Encoding.CreateTranscodingStream(
            new TypedInput(console),
            Encoding.Unicode,
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)
        );

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var count = _isEnded ? 0 : inner.Read(buffer);
        var read = buffer[..count];
        _isEnded |= _atLineStart && read is [0x1A, 0, ..];
        _atLineStart = read is [.., (byte)'\n', 0];
        return _isEnded ? 0 : count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
