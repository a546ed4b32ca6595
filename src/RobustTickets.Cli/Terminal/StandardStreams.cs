// Standard streams that may be closed, full or gone. Results that cannot be written are an error;
// progress that cannot is dropped. Where both go to one log, each line stays whole.
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Terminal;

/// <summary>The streams of this process, UTF-8 whatever the locale says.</summary>
internal static class StandardStreams
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
    private const int CloseOnExec = 0x80000; // O_CLOEXEC of Linux
    private static readonly List<SafeFileHandle> Fillers = [];

    /// <summary>Opens standard input, output and error, in this order.</summary>
    public static (Stream In, TextWriter Out, TextWriter Error) Open()
    {
        var input = OpenOrFill(0, Console.OpenStandardInput);
        var output = OpenOrFill(1, Console.OpenStandardOutput);
        var error = OpenOrFill(2, Console.OpenStandardError);
        var results = Results(output, atOnce: !Console.IsOutputRedirected);
        return (input, results, Progress(error, results));
    }

    /// <summary>A writer of results: what cannot be written is an error.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="atOnce">Whether every line is written at once.</param>
    public static TextWriter Results(Stream stream, bool atOnce) =>
        TextWriter.Synchronized(new StreamWriter(new GuardedStream(stream, Lost), Utf8) { AutoFlush = atOnce });

    /// <summary>A writer of progress and errors: what cannot be written is dropped.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="results">Results written so far come first; that they are lost is their
    /// writer's to tell.</param>
    public static TextWriter Progress(Stream stream, TextWriter results) =>
        TextWriter.Synchronized(
            new StreamWriter(new GuardedStream(stream, _ => { }, () => Flush(results)), Utf8) { AutoFlush = true }
        );

    private static void Flush(TextWriter results)
    {
        try
        {
            results.Flush();
        }
        catch (OutputException)
        {
            // Told again when the results end.
        }
    }

    private static void Lost(Exception? e) =>
        throw new OutputException($"standard output: results cannot be written: {e?.Message ?? "it is closed"}", e);

    // A closed descriptor is filled, or the next file opened would take its number and what
    // libraries print. The runtime's own files may have taken it already.
    private static Stream OpenOrFill(int descriptor, Func<Stream> open)
    {
        try
        {
            return IsOfThisProcess(descriptor) ? Stream.Null : open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!OperatingSystem.IsWindows())
                Fillers.Add(File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite));
            return Stream.Null;
        }
    }

    // What a program inherits is open across exec; what it opens itself, the runtime closes there.
    private static bool IsOfThisProcess(int descriptor)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        try
        {
            var flags = File.ReadLines($"/proc/self/fdinfo/{descriptor.ToString(CultureInfo.InvariantCulture)}")
                .FirstOrDefault(line => line.StartsWith("flags:", StringComparison.Ordinal));
            return flags is not null && (Convert.ToInt32(flags["flags:".Length..].Trim(), 8) & CloseOnExec) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return false;
        }
    }

    private sealed class GuardedStream(Stream inner, Action<Exception?> failed, Action? before = null) : Stream
    {
        private (bool Is, Exception? Cause) _lost;

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
            before?.Invoke();
            if (inner == Null)
            {
                _lost = (true, null);
                failed(null);
                return;
            }
            try
            {
                inner.Write(buffer);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _lost = (true, e);
                failed(e);
            }
        }

        // Once something was lost, the whole is.
        public override void Flush()
        {
            if (_lost.Is)
                failed(_lost.Cause);
            inner.Flush();
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
