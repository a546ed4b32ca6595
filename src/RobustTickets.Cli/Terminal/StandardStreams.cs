// Standard streams that may be closed, full or gone. Results that cannot be written are an error;
// progress that cannot is dropped. A closed descriptor is filled, or the next file opened would
// take its number and what libraries print.
using System.Text;
using Microsoft.Win32.SafeHandles;
using RobustTickets.Attacks;
using RobustTickets.Cli.Input;

namespace RobustTickets.Cli.Terminal;

/// <summary>The streams of this process, UTF-8 whatever the locale says.</summary>
internal static class StandardStreams
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
    private static readonly List<SafeFileHandle> Fillers = [];

    /// <summary>Opens standard input, output and error, in this order.</summary>
    public static (TextReader In, TextWriter Out, TextWriter Error) Open()
    {
        var input = OpenOrFill(Console.OpenStandardInput);
        var output = OpenOrFill(Console.OpenStandardOutput);
        var error = OpenOrFill(Console.OpenStandardError);
        return (
            new StrictLineReader(input, "standard input"),
            Results(output, atOnce: !Console.IsOutputRedirected),
            Progress(error)
        );
    }

    /// <summary>A writer of results: what cannot be written is an error.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="atOnce">Whether every line is written at once.</param>
    public static TextWriter Results(Stream stream, bool atOnce) =>
        new StreamWriter(new GuardedStream(stream, Lost), Utf8) { AutoFlush = atOnce };

    /// <summary>A writer of progress and errors: what cannot be written is dropped.</summary>
    public static TextWriter Progress(Stream stream) =>
        TextWriter.Synchronized(new StreamWriter(new GuardedStream(stream, _ => { }), Utf8) { AutoFlush = true });

    private static void Lost(Exception? e) =>
        throw new OutputException($"standard output: results cannot be written: {e?.Message ?? "it is closed"}", e);

    private static Stream OpenOrFill(Func<Stream> open)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!OperatingSystem.IsWindows())
                Fillers.Add(File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite));
            return Stream.Null;
        }
    }

    private sealed class GuardedStream(Stream inner, Action<Exception?> failed) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (inner == Null)
            {
                failed(null);
                return;
            }
            try
            {
                inner.Write(buffer);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failed(e);
            }
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
