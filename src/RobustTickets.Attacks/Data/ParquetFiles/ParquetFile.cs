// Parquet files, the format of data sets on the Hugging Face hub: one file per split, or several
// shards. Parquet.Net reads the values after ParquetGuard has checked the file.
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Parquet;
using Parquet.Meta;
using Parquet.Schema;
using RobustTickets.Attacks.Data.TextFiles;

namespace RobustTickets.Attacks.Data.ParquetFiles;

/// <summary>
/// Rows of one Parquet file or of all shards of a split; strings, numbers and booleans are read as
/// text. Rows are numbered from 1 over all shards.
/// </summary>
internal sealed class ParquetFile : RecordFile
{
    // Memory overhead per value, in bytes.
    private const int BytesAValue = 16;
    private static readonly UTF8Encoding Strict = new(
        encoderShouldEmitUTF8Identifier: false,
        throwOnInvalidBytes: true
    );

    private readonly IReadOnlyList<string> _shards;
    private readonly DataOptions _options;
    private readonly CancellationToken _stop;

    private ParquetFile(
        TextFile file,
        IReadOnlyList<string> shards,
        IReadOnlyList<string> columns,
        DataOptions options,
        CancellationToken stop
    )
        : base(file) => (_shards, Columns, _options, _stop) = (shards, columns, options, stop);

    /// <inheritdoc/>
    public override IReadOnlyList<string> Columns { get; }

    /// <summary>Whether a file starts with the Parquet signature.</summary>
    public static bool Begins(string path)
    {
        Span<byte> start = stackalloc byte[4];
        try
        {
            using var file = System.IO.File.OpenRead(path);
            return file.ReadAtLeast(start, 4, throwOnEndOfStream: false) == 4 && start.SequenceEqual("PAR1"u8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Opens a file, or the shards of a place (<see cref="ParquetShards"/>).</summary>
    /// <exception cref="DataException">A file is missing or not a Parquet file.</exception>
    public static ParquetFile Open(string path, DataOptions options, CancellationToken stop)
    {
        var shards = ParquetShards.Of(path);
        var columns = Reading(shards[0], reader => reader.Schema.Fields.Select(f => f.Name).ToArray());
        var stamps = new List<FileStamp>();
        var text = TextFile.WithoutText(path, HashOf(shards, stamps, stop), stamps);
        return new ParquetFile(text, shards, columns, options, stop);
    }

    /// <inheritdoc/>
    protected override IEnumerable<RawRow> ReadRows(RequestedColumns columns)
    {
        var row = 0;
        var unpacked = new Meter(_options.MaxUnpackedBytes);
        foreach (var shard in _shards)
        {
            var groups = Reading(shard, reader => reader.RowGroupCount);
            for (var g = 0; g < groups; g++)
            {
                _stop.ThrowIfCancellationRequested();
                var cells = Reading(shard, (reader, file) => Group(shard, reader, file, g, columns.Names, unpacked));
                for (var i = 0; i < cells[0].Length; i++)
                    yield return Row(++row, i, cells, columns);
            }
        }
    }

    private static RawRow Row(int number, int at, Cell[][] cells, RequestedColumns columns)
    {
        var values = new string[cells.Length];
        for (var c = 0; c < values.Length; c++)
        {
            var cell = cells[c][at];
            if (cell.Error is { } error)
                return new RawRow(number, null, error);
            if (cell.Text is null && !columns.MayBeNull(columns.Names[c]))
                return new RawRow(
                    number,
                    null,
                    $"column '{columns.Names[c]}' is null; expected a string, number or boolean"
                );
            values[c] = cell.Text ?? "";
        }
        return new RawRow(number, values, null);
    }

    private static Cell[][] Group(
        string shard,
        ParquetReader reader,
        FileStream file,
        int group,
        IReadOnlyList<string> columns,
        Meter unpacked
    )
    {
        using var rows = reader.OpenRowGroupReader(group);
        var fields = columns.Select(name => FieldOf(shard, reader, name)).ToArray();
        // A group without rows need not have pages.
        if (rows.RowCount == 0)
            return
            [
                [],
            ];
        var pages = new long[fields.Length];
        foreach (var (c, field) in fields.Index())
        {
            var column =
                rows.GetMetadata(field)?.MetaData ?? throw new InvalidDataException($"no column '{field.Name}'");
            pages[c] = ParquetGuard.Pages(file, column, rows.RowCount, unpacked.Left);
            unpacked.Add(shard, pages[c] + (BytesAValue * rows.RowCount));
        }
        return [.. fields.Select((field, c) => Column(rows, field, pages[c], bytes => unpacked.Add(shard, bytes)))];
    }

    private static DataField FieldOf(string shard, ParquetReader reader, string name)
    {
        if (reader.Schema.Fields.FirstOrDefault(f => f.Name == name) is not { } found)
            throw new DataException(
                $"{shard}: no column '{name}'; found {string.Join(", ", reader.Schema.Fields.Select(f => f.Name))}"
            );
        return found is DataField { IsArray: false, MaxRepetitionLevel: 0 } field
            ? field
            : throw new DataException($"{shard}: column '{name}' contains lists or structs; expected text or numbers");
    }

    private static Cell[] Column(ParquetRowGroupReader rows, DataField field, long pages, Action<long> count)
    {
        var type = field.ClrType;
        return type == typeof(ReadOnlyMemory<byte>) ? Texts(rows, field, pages, count)
            : type == typeof(long) ? Numbers<long>(rows, field)
            : type == typeof(int) ? Numbers<int>(rows, field)
            : type == typeof(short) ? Numbers<short>(rows, field)
            : type == typeof(sbyte) ? Numbers<sbyte>(rows, field)
            : type == typeof(byte) ? Numbers<byte>(rows, field)
            : type == typeof(ushort) ? Numbers<ushort>(rows, field)
            : type == typeof(uint) ? Numbers<uint>(rows, field)
            : type == typeof(ulong) ? Numbers<ulong>(rows, field)
            : type == typeof(double) ? Numbers<double>(rows, field)
            : type == typeof(float) ? Numbers<float>(rows, field)
            : type == typeof(bool) ? Values<bool>(rows, field, b => new Cell(b ? "true" : "false", null))
            : throw new InvalidDataException($"column '{field.Name}' contains {type.Name}; expected text or numbers");
    }

    // A dictionary entry is decoded once but counted in every row. The pages are counted already;
    // only text bytes in excess of them are added.
    private static Cell[] Texts(ParquetRowGroupReader rows, DataField field, long pages, Action<long> count)
    {
        var known = new Dictionary<ReadOnlyMemory<byte>, Cell>();
        var bytes = 0L;
        return Values<ReadOnlyMemory<byte>>(
            rows,
            field,
            value =>
            {
                var before = Math.Max(bytes, pages);
                bytes += value.Length;
                count(Math.Max(bytes, pages) - before);
                if (!known.TryGetValue(value, out var cell))
                    known.Add(value, cell = Text(value));
                return cell;
            }
        );
    }

    private static Cell[] Numbers<T>(ParquetRowGroupReader rows, DataField field)
        where T : struct, IFormattable =>
        Values<T>(rows, field, x => new Cell(x.ToString(null, CultureInfo.InvariantCulture), null));

    private static Cell[] Values<T>(ParquetRowGroupReader rows, DataField field, Func<T, Cell> read)
        where T : struct
    {
        var cells = new Cell[checked((int)rows.RowCount)];
        var values = new T[cells.Length];
        var levels = field.MaxDefinitionLevel > 0 ? new int[cells.Length] : null;
        rows.ReadRawAsync(field, values.AsMemory(), levels?.AsMemory(), null, default)
            .AsTask()
            .GetAwaiter()
            .GetResult();
        var next = 0;
        for (var i = 0; i < cells.Length; i++)
        {
            if (levels is null || levels[i] == field.MaxDefinitionLevel)
                cells[i] = read(values[next++]);
        }
        return cells;
    }

    private static Cell Text(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return new Cell(Strict.GetString(bytes.Span), null);
        }
        catch (DecoderFallbackException)
        {
            return new Cell(null, "not UTF-8");
        }
    }

    private static T Reading<T>(string path, Func<ParquetReader, T> read) => Reading(path, (reader, _) => read(reader));

    private delegate T Use<out T>(ParquetReader reader, FileStream file);

    // Whatever the reader throws for a damaged file becomes one error about that file.
    private static T Reading<T>(string path, Use<T> read)
    {
        if (!System.IO.File.Exists(path))
            throw new DataException($"{path}: no such file");
        try
        {
            using var file = System.IO.File.OpenRead(path);
            ParquetGuard.Footer(file);
            file.Position = 0;
            var reader = ParquetReader.CreateAsync(file, null, leaveStreamOpen: true, default).GetAwaiter().GetResult();
            try
            {
                AsBytes(reader.Metadata);
                return read(reader, file);
            }
            finally
            {
                reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        }
        catch (Exception e) when (e is not (DataException or OperationCanceledException or OutOfMemoryException))
        {
            throw new DataException($"{path}: incomplete or corrupt Parquet file: {e.Message}", e);
        }
    }

    // Texts are read as bytes: the reader would silently replace bytes that are not UTF-8.
    private static void AsBytes(FileMetaData? metadata)
    {
        foreach (var element in metadata?.Schema ?? [])
        {
            if (element.Type == global::Parquet.Meta.Type.BYTE_ARRAY)
                (element.ConvertedType, element.LogicalType) = (null, null);
        }
    }

    // The hash of a file's bytes; for shards, of the lines "hash name".
    private static string HashOf(IReadOnlyList<string> shards, List<FileStamp> stamps, CancellationToken stop)
    {
        var lines = new StringBuilder();
        foreach (var shard in shards)
        {
            stop.ThrowIfCancellationRequested();
            stamps.Add(FileStamp.Of(shard));
            using var file = System.IO.File.OpenRead(shard);
            var hash = Convert.ToHexStringLower(SHA256.HashData(file));
            if (shards.Count == 1)
                return hash;
            lines.Append(hash).Append("  ").Append(Path.GetFileName(shard)).Append('\n');
        }
        return Convert.ToHexStringLower(SHA256.HashData(Strict.GetBytes(lines.ToString())));
    }

    private readonly record struct Cell(string? Text, string? Error);

    // Counts bytes over all shards against the limit.
    private sealed class Meter(long limit)
    {
        private long _unpacked;

        public long Left => limit - _unpacked;

        public void Add(string shard, long bytes)
        {
            _unpacked += bytes;
            if (Left < 0)
                throw new DataException(
                    $"{shard}: unpacks to more than {DataOptionText.Size(limit)}, the limit for packed files; raise "
                        + "the limit if this size is expected"
                );
        }
    }
}
