using System.Buffers.Binary;
using Parquet.Meta;
using ZstdSharp;

namespace RobustTickets.Attacks.Data.ParquetFiles;

/// <summary>
/// Validates a Parquet file before the reader uses it: metadata are finite, pages are inside the
/// file, and unpacked sizes are as declared.
/// </summary>
internal static class ParquetGuard
{
    // FileMetaData: the schema, a list with nested structures flattened.
    private const int SchemaList = 2,
        MostColumns = 2000;

    // PageHeader: sizes; DataPageHeader: values, encoding; DictionaryPageHeader: values;
    // DataPageHeaderV2: values, encoding, levels, whether compressed.
    private const int Plain = 2,
        Packed = 3,
        Values = 5001,
        Encoded = 5002,
        Entries = 7001,
        ValuesV2 = 8001,
        EncodedV2 = 8004,
        DefinitionBytes = 8005,
        RepetitionBytes = 8006,
        IsPacked = 8007;

    private const int DeltaStrings = (int)Parquet.Meta.Encoding.DELTA_BYTE_ARRAY;

    private static readonly byte[] Magic = "PAR1"u8.ToArray();

    /// <summary>Validates the footer of a file.</summary>
    /// <exception cref="InvalidDataException">The file is no complete Parquet file.</exception>
    public static void Footer(FileStream file)
    {
        if (file.Length < 12)
            throw new InvalidDataException($"it has only {file.Length} bytes");
        Span<byte> ends = stackalloc byte[8];
        file.Position = 0;
        file.ReadExactly(ends[..4]);
        if (!ends[..4].SequenceEqual(Magic))
            throw new InvalidDataException("it does not start with PAR1");
        file.Position = file.Length - 8;
        file.ReadExactly(ends);
        if (!ends[4..].SequenceEqual(Magic))
            throw new InvalidDataException("it does not end with PAR1: truncated or encrypted");
        var length = BinaryPrimitives.ReadInt32LittleEndian(ends);
        if (length <= 0 || length > file.Length - 12)
            throw new InvalidDataException($"its footer declares {length} bytes in a file of {file.Length}");
        var footer = new byte[length];
        file.Position = file.Length - 8 - length;
        file.ReadExactly(footer);
        var numbers = new Dictionary<int, long>();
        new ThriftReader(footer).Structure(numbers);
        // Readers recurse as deep as the schema claims.
        if (numbers.GetValueOrDefault(SchemaList) is > MostColumns and var columns)
            throw new InvalidDataException($"a schema of {columns} elements; the maximum is {MostColumns}");
    }

    /// <summary>Validates the pages of a column in a row group.</summary>
    /// <param name="file">The file.</param>
    /// <param name="column">The file's metadata of the column.</param>
    /// <param name="rows">Rows of the group.</param>
    /// <param name="limit">Maximum bytes of the column, packed and unpacked.</param>
    /// <returns>Unpacked bytes; pages beyond the limit are not checked.</returns>
    /// <exception cref="InvalidDataException">A page is outside the file, unpacks to another size
    /// than declared, or the numbers of values disagree.</exception>
    /// <exception cref="DataException">Its texts may unpack to more than the limit.</exception>
    public static long Pages(FileStream file, ColumnMetaData column, long rows, long limit)
    {
        var start = column.DictionaryPageOffset is > 0 and var dictionary
            ? Math.Min(dictionary, column.DataPageOffset)
            : column.DataPageOffset;
        var size = column.TotalCompressedSize;
        if (start < 4 || size <= 0 || start > file.Length - 8 - size || column.NumValues != rows)
            throw new InvalidDataException(
                $"a column of {column.NumValues} values for {rows} rows in {size} bytes at offset {start} of "
                    + $"{file.Length}"
            );
        if (size > Math.Min(limit, int.MaxValue))
            return size;
        var chunk = new byte[size];
        file.Position = start;
        file.ReadExactly(chunk);
        long unpacked = 0,
            values = 0;
        for (var at = 0; at < chunk.Length && unpacked <= limit; )
        {
            var header = new ThriftReader(chunk.AsSpan(at));
            var numbers = new Dictionary<int, long>();
            header.Structure(numbers);
            at += header.Position;
            var (plain, packed) = (numbers.GetValueOrDefault(Plain, -1), numbers.GetValueOrDefault(Packed, -1));
            if (plain < 0 || packed < 0 || plain > int.MaxValue || packed > chunk.Length - at)
                throw new InvalidDataException($"a page of {packed} bytes that unpacks to {plain}");
            var entries = numbers.GetValueOrDefault(Entries);
            if (entries < 0 || entries > plain / LeastSize(column.Type))
                throw new InvalidDataException($"a dictionary of {entries} values in a page of {plain} bytes");
            var (first, second) = (numbers.GetValueOrDefault(Values), numbers.GetValueOrDefault(ValuesV2));
            if (first < 0 || second < 0 || first > rows - values || second > rows - values - first)
                throw new InvalidDataException($"a page of {first + second} values where {rows - values} are left");
            values += first + second;
            // With DELTA_BYTE_ARRAY a text may share any prefix of the previous one.
            var delta =
                numbers.GetValueOrDefault(Encoded) == DeltaStrings
                || numbers.GetValueOrDefault(EncodedV2) == DeltaStrings;
            var most = delta ? checked(Math.Max(1, first + second) * plain) : plain;
            if (delta && most > limit - unpacked)
                throw new DataException(
                    $"{file.Name}: {first + second} texts in a page of {plain} bytes of DELTA_BYTE_ARRAY may unpack to "
                        + $"more than the remaining {limit - unpacked} bytes of the limit for packed files; use PLAIN "
                        + "or dictionary encoding, or raise the limit"
                );
            unpacked += most;
            if (unpacked <= limit)
                Content(column.Codec, chunk.AsMemory(at, (int)packed), plain, numbers);
            at += (int)packed;
        }
        return unpacked > limit || values == rows
            ? unpacked
            : throw new InvalidDataException($"pages with {values} values for {rows} rows");
    }

    // Minimum bytes of a PLAIN value; for a text, of its length.
    private static int LeastSize(Parquet.Meta.Type type) =>
        type switch
        {
            Parquet.Meta.Type.INT32 or Parquet.Meta.Type.FLOAT or Parquet.Meta.Type.BYTE_ARRAY => 4,
            Parquet.Meta.Type.INT64 or Parquet.Meta.Type.DOUBLE => 8,
            Parquet.Meta.Type.INT96 => 12,
            _ => 1,
        };

    // Compressed data declare their own unpacked size, which the reader trusts: it must equal the
    // page header's.
    private static void Content(
        CompressionCodec codec,
        ReadOnlyMemory<byte> page,
        long plain,
        Dictionary<int, long> numbers
    )
    {
        // In version 2 pages the levels precede the compressed data.
        var levels = numbers.GetValueOrDefault(DefinitionBytes) + numbers.GetValueOrDefault(RepetitionBytes);
        if (levels < 0 || levels > page.Length || levels > plain)
            throw new InvalidDataException($"levels of {levels} bytes in a page of {page.Length}");
        if (numbers.GetValueOrDefault(IsPacked, 1) == 0 || page.Length == levels)
            return;
        var content = page[(int)levels..];
        var says = codec switch
        {
            CompressionCodec.SNAPPY => new ThriftReader(content.Span).Number(),
            CompressionCodec.ZSTD => Unpacked(content, plain - levels),
            _ => plain - levels,
        };
        if (says != plain - levels)
            throw new InvalidDataException($"a page that unpacks to {says} bytes but declares {plain - levels}");
    }

    private static long Unpacked(ReadOnlyMemory<byte> content, long limit)
    {
        using var stream = new DecompressionStream(new MemoryStream(content.ToArray()), leaveOpen: false);
        var buffer = new byte[1 << 16];
        var count = 0L;
        while (count <= limit && stream.Read(buffer) is > 0 and var read)
            count += read;
        return count;
    }
}
