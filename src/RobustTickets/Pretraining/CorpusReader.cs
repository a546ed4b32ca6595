// Streams the examples of a corpus from any position: a line is an example, a long line several.
// Only a line and a buffer are in memory.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data.TextFiles;
using RobustTickets.Attacks.Tokens;

namespace RobustTickets.Pretraining;

/// <summary>Position of an example.</summary>
/// <param name="File">Index of its file.</param>
/// <param name="Offset">Byte offset of its line, after decompression.</param>
/// <param name="Line">Number of lines before it in the file.</param>
/// <param name="Part">Number of examples before it in the same line.</param>
internal readonly record struct CorpusPosition(int File, long Offset, int Line, int Part);

/// <summary>Reads examples sequentially.</summary>
internal sealed class CorpusReader : IDisposable
{
    private const int LongestLine = 1 << 26;
    private readonly IReadOnlyList<string> _files;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly int _pieces;
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly List<byte> _held = [];
    private readonly ICollection<CorpusFile>? _read;
    private Stream? _stream;
    private HashedStream? _hashed;
    private int _start,
        _count;
    private long _offset;
    private int _lines;
    private CorpusPosition _line;
    private int[] _ids = [];

    /// <param name="files">The files, in order.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="maxLength">Maximum sequence length, [CLS] and [SEP] included.</param>
    /// <param name="start">Start position.</param>
    /// <param name="read">Receives each file that was read completely, with its hash; only for
    /// readers that start at the beginning.</param>
    /// <exception cref="DataException">The file at the position cannot be read.</exception>
    public CorpusReader(
        IReadOnlyList<string> files,
        WordPieceTokenizer tokenizer,
        int maxLength,
        CorpusPosition start = default,
        ICollection<CorpusFile>? read = null
    )
    {
        (_files, _tokenizer, _pieces, _read) = (files, tokenizer, maxLength - 2, read);
        _line = start with { Part = 0 };
        if (start.File < files.Count)
            Guarded(() => Open(start.Offset, start.Line));
        if (start.Part > 0 && Guarded(ReadLine))
            _line = _line with { Part = start.Part };
    }

    /// <summary>Position of the next example, or one before it.</summary>
    public CorpusPosition Position =>
        _line.Part * _pieces < _ids.Length ? _line : new CorpusPosition(_line.File, _offset, _lines, 0);

    /// <summary>
    /// Appends the next example to <paramref name="ids"/>; false at the end of the corpus.
    /// </summary>
    /// <returns>Whether there was an example.</returns>
    /// <exception cref="DataException">A file cannot be read, or a line is not UTF-8 or too
    /// long.</exception>
    public bool Read(List<int> ids)
    {
        while (_line.Part * _pieces >= _ids.Length)
        {
            if (_stream is null)
                return false;
            if (Guarded(ReadLine))
                continue;
            Guarded(Close);
            _ids = [];
            _line = new CorpusPosition(_line.File + 1, 0, 0, 0);
            if (_line.File < _files.Count)
                Guarded(() => Open(0, 0));
        }
        var first = _line.Part * _pieces;
        ids.Add(_tokenizer.ClsId);
        ids.AddRange(_ids.AsSpan(first, Math.Min(_pieces, _ids.Length - first)));
        ids.Add(_tokenizer.SepId);
        _line = _line with { Part = _line.Part + 1 };
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream?.Dispose();

    private bool Open(long offset, int lines)
    {
        var file = _files[_line.File];
        var bytes = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
        _hashed = _read is null ? null : new HashedStream(bytes);
        Stream read = _hashed is null ? bytes : _hashed;
        _stream = file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? StrictGzip.Open(read) : read;
        (_start, _count, _offset, _lines) = (0, 0, offset, lines);
        if (_stream.CanSeek)
            _stream.Position = offset;
        else
            for (var left = offset; left > 0; )
            {
                var count = _stream.Read(_buffer, 0, (int)Math.Min(_buffer.Length, left));
                if (count == 0)
                    throw new DataException($"{file}: ends before byte {offset}; it changed while being read");
                left -= count;
            }
        return true;
    }

    private bool Close()
    {
        if (_hashed is not null)
            _read!.Add(_hashed.Fingerprint(CancellationToken.None));
        _stream!.Dispose();
        (_stream, _hashed) = (null, null);
        return true;
    }

    // Reads and tokenises the next line; false at the end of the file. Lines end in LF, CR LF or
    // CR.
    private bool ReadLine()
    {
        _held.Clear();
        var (file, begin) = (_files[_line.File], _offset);
        for (var ended = false; !ended; )
        {
            if (_start == _count && !Fill())
            {
                if (_held.Count == 0)
                    return false;
                break;
            }
            var rest = _buffer.AsSpan(_start, _count - _start);
            var length = rest.IndexOfAny((byte)'\n', (byte)'\r');
            var part = length < 0 ? rest.Length : length;
            if (_held.Count + part > LongestLine)
                throw new DataException($"{file}:{_lines + 1}: a line of more than {LongestLine} bytes");
            _held.AddRange(rest[..part]);
            Pass(part);
            if (length < 0)
                continue;
            ended = true;
            var carriage = _buffer[_start] == '\r';
            Pass(1);
            if (carriage && (_start < _count || Fill()) && _buffer[_start] == '\n')
                Pass(1);
        }
        _line = new CorpusPosition(_line.File, begin, _lines++, 0);
        var bytes = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_held);
        _ids = _tokenizer.TokenIds(StrictText.Line(bytes, file, _lines));
        return true;
    }

    private bool Fill()
    {
        (_start, _count) = (0, _stream!.Read(_buffer, 0, _buffer.Length));
        return _count > 0;
    }

    private void Pass(int bytes) => (_start, _offset) = (_start + bytes, _offset + bytes);

    private bool Guarded(Func<bool> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw new DataException($"{_files[_line.File]}: incomplete or corrupt gzip file: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{_files[_line.File]}: cannot be read: {e.Message}", e);
        }
    }
}
