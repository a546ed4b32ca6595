// Standard streams that may be closed, full or broken. Failing to write results is an error;
// progress is dropped. If both go to the same file, lines are not mixed.
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Terminal;

/// <summary>
/// The standard streams of this process: UTF-8 regardless of the locale; UTF-16 for the console of
/// Windows, which takes it regardless of its code page.
/// </summary>
internal static class StandardStreams
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
    private static readonly UnicodeEncoding Utf16 = new(bigEndian: false, byteOrderMark: false);
    private const int CloseOnExec = 0x80000; // O_CLOEXEC of Linux
    private static readonly List<SafeFileHandle> Fillers = [];

    /// <summary>Opens standard input, output and error, in this order.</summary>
    public static (Stream In, TextWriter Out, TextWriter Error) Open()
    {
        // .NET then opens consoles as UTF-16, and files and pipes as bytes.
        if (OperatingSystem.IsWindows())
            Console.InputEncoding = Console.OutputEncoding = Encoding.Unicode;
        var input = OpenOrFill(0, Console.OpenStandardInput);
        if (IsConsole(Console.IsInputRedirected))
            input = TypedInput.AsUtf8(input);
        var output = OpenOrFill(1, Console.OpenStandardOutput);
        var error = OpenOrFill(2, Console.OpenStandardError);
        var results = Results(
            output,
            atOnce: !Console.IsOutputRedirected,
            utf16: IsConsole(Console.IsOutputRedirected)
        );
        return (input, results, Progress(error, results, utf16: IsConsole(Console.IsErrorRedirected)));

        static bool IsConsole(bool isRedirected) => OperatingSystem.IsWindows() && !isRedirected;
    }

    /// <summary>A writer of results: write failures are errors.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="atOnce">Whether to flush every line.</param>
    /// <param name="utf16">Whether the stream takes UTF-16 instead of UTF-8.</param>
    public static TextWriter Results(Stream stream, bool atOnce, bool utf16 = false) =>
        TextWriter.Synchronized(
            new StreamWriter(new GuardedStream(stream, Lost), utf16 ? Utf16 : Utf8) { AutoFlush = atOnce }
        );

    /// <summary>A writer of progress and errors: write failures are ignored.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="results">Flushed first, to keep the order; its own writer reports its
    /// failures.</param>
    /// <param name="utf16">Whether the stream takes UTF-16 instead of UTF-8.</param>
    public static TextWriter Progress(Stream stream, TextWriter results, bool utf16 = false) =>
        TextWriter.Synchronized(
            new StreamWriter(new GuardedStream(stream, _ => { }, () => Flush(results)), utf16 ? Utf16 : Utf8)
            {
                AutoFlush = true,
            }
        );

    private static void Flush(TextWriter results)
    {
        try
        {
            results.Flush();
        }
        catch (OutputException)
        {
            // Reported again when the results are closed.
        }
    }

    private static void Lost(Exception? e) =>
        throw new OutputException($"standard output: results cannot be written: {e?.Message ?? "it is closed"}", e);

    // A closed descriptor is reopened; otherwise the next file would get its number and receive
    // what libraries print. The runtime's own files may have it already.
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

    // Inherited descriptors stay open across exec; the runtime's own are close-on-exec.
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

        // Data lost once means that the output is incomplete.
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
