// A text file read row by row without being held in memory. Properties of the whole file (hash,
// size, line ends) come from an earlier pass.
using System.Security.Cryptography;

namespace RobustTickets.Attacks.Data.TextFiles;

/// <summary>
/// A text file that can be read repeatedly: strict UTF-8 (an invalid byte is rejected with its
/// line), byte order mark dropped, <c>.gz</c> unpacked up to a limit.
/// </summary>
internal sealed class TextFile
{
    // A pipe can be read only once, so it is held in memory.
    private const int MostHeld = 1_000_000_000;
    private readonly byte[]? _held;
    private readonly IReadOnlyList<FileStamp> _stamps;
    private readonly DataOptions _options;
    private readonly CancellationToken _stop;
    private readonly byte _lineEnd;
    private readonly Dictionary<int, byte> _broken = [];

    private TextFile(
        string path,
        byte[]? held,
        IReadOnlyList<FileStamp> stamps,
        string hash,
        (byte First, byte LineEnd) look,
        DataOptions options,
        CancellationToken stop
    )
    {
        (Path, _held, _stamps, Sha256, _options, _stop) = (path, held, stamps, hash, options, stop);
        (FirstByte, _lineEnd) = look;
        Notes = _lineEnd == '\r' ? ["the file has CR line endings only; each CR was read as a line end"] : [];
    }

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>Hash of the bytes on disk.</summary>
    public string Sha256 { get; }

    /// <summary>The first byte of the text after whitespace and a byte order mark.</summary>
    public byte FirstByte { get; }

    /// <summary>Notes for the user.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>
    /// Lines that are not UTF-8, with their first invalid byte, among those read so far; empty
    /// unless they are allowed.
    /// </summary>
    public IReadOnlyDictionary<int, byte> BrokenLines => _broken;

    /// <summary>A file with binary rows, which its reader decodes itself.</summary>
    /// <param name="path">The place of its files.</param>
    /// <param name="sha256">Their hash.</param>
    /// <param name="stamps">Their stamps when they were hashed.</param>
    public static TextFile WithoutText(string path, string sha256, IReadOnlyList<FileStamp> stamps) =>
        new(path, [], stamps, sha256, (0, (byte)'\n'), new DataOptions(), CancellationToken.None);

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Whether invalid lines are allowed, and the maximum unpacked
    /// size.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">The file is missing, empty, or unpacks to more than the
    /// limit.</exception>
    public static TextFile Open(string path, DataOptions options, CancellationToken stop = default)
    {
        if (!File.Exists(path))
            throw new DataException($"{path}: no such file");
        return Guarded(
            path,
            () =>
            {
                var held = IsPacked(path) ? null : Held(path, stop);
                FileStamp[] stamps = held is null ? [FileStamp.Of(path)] : [];
                using var bytes = held is null ? File.OpenRead(path) : new MemoryStream(held) as Stream;
                var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
                return new TextFile(path, held, stamps, hash, Look(path, held, options, stop), options, stop);
            }
        );
    }

    /// <summary>Throws if the file was changed since its hash was computed.</summary>
    /// <exception cref="DataException">It was.</exception>
    public void RequireUnchanged()
    {
        foreach (var stamp in _stamps)
            stamp.RequireUnchanged();
    }

    /// <summary>
    /// Lines with their numbers from 1. Only a line feed ends a line (texts contain U+2028 and lone
    /// carriage returns), or a carriage return in a file without line feeds; a carriage return
    /// before a line feed is part of the line end. Blank lines at the end of the file are skipped.
    /// </summary>
    /// <exception cref="DataException">A line is not UTF-8, or is too long.</exception>
    public IEnumerable<(int Number, string Text)> Lines()
    {
        var blank = 0;
        foreach (var (number, text) in RawLines())
        {
            var line = text.EndsWith('\r') ? text[..^1] : text;
            if (line.AsSpan().TrimEnd('\r').IsEmpty)
            {
                blank++;
                continue;
            }
            for (; blank > 0; blank--)
                yield return (number - blank, "");
            yield return (number, line);
        }
    }

    /// <summary>All lines, unchanged except for the removed line feed.</summary>
    /// <inheritdoc cref="Lines" path="/exception"/>
    public IEnumerable<(int Number, string Text)> RawLines()
    {
        using var stream = Guarded(Path, () => Plain(Path, _held, _options, _stop));
        using var lines = StrictText
            .Lines(stream, Path, _lineEnd, _options.SkipBadRows ? _broken : null)
            .GetEnumerator();
        while (Guarded(Path, lines.MoveNext))
        {
            _stop.ThrowIfCancellationRequested();
            var (number, text) = lines.Current;
            // Such a file has line feeds only at its end.
            yield return (number, _lineEnd == '\r' ? text.TrimEnd('\n') : text);
        }
    }

    /// <summary>The unpacked bytes.</summary>
    public Stream Content() => new GuardedStream(Guarded(Path, () => Plain(Path, _held, _options, _stop)), Path, _stop);

    // Finds the first byte and the line ending; also checks that the file is not empty and that a
    // compressed one is within its limit.
    private static (byte First, byte LineEnd) Look(
        string path,
        byte[]? held,
        DataOptions options,
        CancellationToken stop
    )
    {
        using var stream = Plain(path, held, options, stop);
        var buffer = new byte[1 << 16];
        var first = (byte)0;
        var (feed, carriage, feedInside, carriageInside) = (false, false, false, false);
        for (int count; (count = stream.Read(buffer, 0, buffer.Length)) > 0; )
        {
            foreach (var b in buffer.AsSpan(0, count))
            {
                switch (b)
                {
                    case (byte)'\n':
                        feed = true;
                        break;
                    case (byte)'\r':
                        carriage = true;
                        break;
                    default:
                        // Line ends at the end of the file do not count.
                        (feedInside, carriageInside) = (feed, carriage);
                        if (first == 0 && b > ' ' && b is not (0xef or 0xbb or 0xbf))
                            first = b;
                        break;
                }
            }
            // A compressed file is read to the end to check its limit before anything is kept.
            if (first > 0 && feedInside && !IsPacked(path))
                break;
        }
        if (first == 0)
            throw new DataException($"{path}: the file is empty");
        return (first, feedInside || !carriageInside ? (byte)'\n' : (byte)'\r');
    }

    private static Stream Plain(string path, byte[]? held, DataOptions options, CancellationToken stop) =>
        held is not null ? new MemoryStream(held, writable: false)
        : IsPacked(path) ? new SizeLimitedStream(StrictGzip.Open(path), path, options.MaxUnpackedBytes, stop)
        : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);

    private static bool IsPacked(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    // The bytes of a pipe; null for a file, which can be read again.
    private static byte[]? Held(string path, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        using var file = File.OpenRead(path);
        if (file.CanSeek)
            return null;
        using var bytes = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int count; (count = file.Read(buffer, 0, buffer.Length)) > 0; bytes.Write(buffer, 0, count))
        {
            stop.ThrowIfCancellationRequested();
            if (bytes.Length + count > MostHeld)
                throw new DataException(
                    $"{path}: more than {DataOptionText.Size(MostHeld)} from a pipe; use a file instead"
                );
        }
        return bytes.ToArray();
    }

    private static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (Refusal(path, e) is { } refusal)
        {
            throw refusal;
        }
    }

    private static DataException? Refusal(string path, Exception e) =>
        e switch
        {
            InvalidDataException => new DataException($"{path}: incomplete or corrupt gzip file: {e.Message}", e),
            IOException or UnauthorizedAccessException => new DataException($"{path}: cannot be read: {e.Message}", e),
            _ => null,
        };

    private sealed class GuardedStream(Stream inner, string path, CancellationToken stop) : ForwardStream
    {
        public override int Read(Span<byte> buffer)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                return inner.Read(buffer);
            }
            catch (Exception e) when (Refusal(path, e) is { } refusal)
            {
                throw refusal;
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
