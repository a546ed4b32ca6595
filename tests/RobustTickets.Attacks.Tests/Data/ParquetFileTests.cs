// Parquet files as the Hugging Face hub lays them out, written by hand of columns; and files that
// are meant to harm.
using Parquet;
using Parquet.Meta;
using Parquet.Schema;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Data.ParquetFiles;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

public sealed partial class ParquetFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.Gzip)]
    [InlineData(CompressionMethod.Zstd)]
    public void A_split_in_parts_is_read_in_order_with_the_others_beside_it(CompressionMethod packing)
    {
        Write("train-00001-of-00002.parquet", packing, ("sentence", Texts("c", "d")), ("label", Longs(1, 0)));
        Write("train-00000-of-00002.parquet", packing, ("sentence", Texts("a", "b ö")), ("label", Longs(0, 1)));
        Write("validation-00000-of-00001.parquet", packing, ("sentence", Texts("e")), ("label", Longs(1)));
        Write("test-00000-of-00001.parquet", packing, ("sentence", Texts("f", "g")), ("label", Longs(-1, -1)));
        var train = DataSet.Load(_folder.Root, "sst2", "train");
        Assert.Equal(["a", "b ö", "c", "d"], train.Examples.Select(e => e.Text.First));
        Assert.Equal([0, 1, 1, 0], train.Examples.Select(e => e.Label));
        Assert.Equal("train:3", train.Examples[3].Id);
        Assert.Equal("e", DataSet.Load(_folder.Root, "sst2", "dev").Examples[0].Text.First);
        Assert.True(DataSet.Holds(_folder.Root, "sst2", "train"));
        Refused("sst2", "test", "label -1 marks an unlabelled row");
        var unlabelled = DataSet.Load(_folder.Root, "sst2", "test", new DataOptions(RequireLabels: false));
        Assert.All(unlabelled.Examples, e => Assert.Equal(Example.Unlabelled, e.Label));
    }

    [Fact]
    public void Columns_are_those_of_the_task_wherever_the_hub_keeps_the_files()
    {
        Write(
            "data/train-00000-of-00001.parquet",
            CompressionMethod.Snappy,
            ("text", Texts("oil", "goal")),
            ("label", Longs(2, 0))
        );
        Assert.Equal(["Business", "World"], Classes(DataSet.Load(_folder.Root, "ag-news", "train")));
        Write(
            "mnli/validation_matched-00000-of-00001.parquet",
            CompressionMethod.Snappy,
            ("premise", Texts("a")),
            ("hypothesis", Texts("b")),
            ("label", Longs(2)),
            ("idx", Longs(0))
        );
        var pair = DataSet.Load(_folder.Root, "mnli", "dev").Examples.Single();
        Assert.Equal(("a", "b", 2), (pair.Text.First, pair.Text.Second, pair.Label));
    }

    [Fact]
    public void A_file_of_one_s_own_has_labels_of_any_scalar_kind()
    {
        var path = Write(
            "own.parquet",
            CompressionMethod.None,
            ("text", Texts("a", "b")),
            ("label", Texts("no", "yes"))
        );
        Assert.Equal(["no", "yes"], Classes(DataSet.Load(path, "parquet", "train")));
        path = Write(
            "own.parquet",
            CompressionMethod.None,
            ("text", Texts("a", "b")),
            ("label", new double[] { 1, 0 })
        );
        Assert.Equal(["1", "0"], Classes(DataSet.Load(path, "parquet", "train")));
        path = Write(
            "own.parquet",
            CompressionMethod.None,
            ("text", Texts("a", "b")),
            ("label", new[] { true, false })
        );
        Assert.Equal(["true", "false"], Classes(DataSet.Load(path, "parquet", "train")));
        path = Write("own.parquet", CompressionMethod.None, ("text", Texts("a", "b", "c")), ("label", Longs(1, -1, 0)));
        Refused(path, "parquet", "label -1 marks an unlabelled row");
        Refused(path, "csv", "is a Parquet file", "task parquet");
        Refused(path, "parquet", new DataOptions(TextColumn: "body"), "'body'", "found 'text', 'label'");
    }

    [Fact]
    public void Rows_that_do_not_fit_are_refused_or_left_out_by_their_numbers()
    {
        var path = Write(
            "train.parquet",
            CompressionMethod.Snappy,
            ("sentence", new byte[]?[] { "a"u8.ToArray(), null, [0xff, 0x61], "d"u8.ToArray(), "e"u8.ToArray() }),
            ("label", new long?[] { 0, 1, 1, null, 1 })
        );
        Refused(path, "sst2", $"{path}:2", "column 'sentence' is null");
        var split = DataSet.Load(path, "sst2", "train", new DataOptions(SkipBadRows: true));
        Assert.Equal(["a", "e"], split.Examples.Select(e => e.Text.First));
        Assert.Contains(split.Notes, n => n.Contains("2 malformed rows left out, at lines 2, 3"));
        Assert.Contains(split.Notes, n => n.Contains("1 rows without a label left out, at lines 4"));
    }

    [Fact]
    public void Parts_that_are_missing_or_two_files_for_one_split_are_refused()
    {
        Write("train-00000-of-00002.parquet", CompressionMethod.None, ("sentence", Texts("a")), ("label", Longs(0)));
        Refused("sst2", "train", "train-00001-of-00002.parquet", "one of the 2 shards");
        Write("train.parquet", CompressionMethod.None, ("sentence", Texts("a")), ("label", Longs(0)));
        Refused("sst2", "train", "2 files for split train");
    }

    [Fact]
    public void What_unpacks_to_more_than_the_limit_is_refused()
    {
        var path = Write(
            "train.parquet",
            CompressionMethod.Gzip,
            ("sentence", Texts([.. Enumerable.Range(0, 5000).Select(i => $"{i:00000} {new string('x', 100)}")])),
            ("label", Alternating(5000))
        );
        Assert.Equal(5000, DataSet.Load(path, "sst2", "train").Examples.Count);
        Refused(path, "sst2", new DataOptions(MaxUnpackedBytes: 200_000), "unpacks to more than");
    }

    // Readers take the size from what is packed; the limit would mean nothing if the header's word
    // were believed.
    [Theory]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.Zstd)]
    [InlineData(CompressionMethod.Gzip)]
    public void A_page_that_lies_about_its_size_is_refused(CompressionMethod packing)
    {
        var path = Write(
            "train.parquet",
            packing,
            ("sentence", Texts([.. Enumerable.Range(0, 300).Select(i => $"{i} {new string('a', 1000)}")])),
            ("label", Alternating(300))
        );
        var bytes = File.ReadAllBytes(path);
        // The first page header begins 15 00 15: kind 0, then the size, seven bits a byte.
        Assert.Equal([0x15, 0x00, 0x15], bytes[4..7]);
        var length = Array.FindIndex(bytes, 7, b => b < 128) - 6;
        for (var (k, rest) = (0, 2 * 5000); k < length; k++, rest >>= 7)
            bytes[7 + k] = (byte)((rest & 127) | (k < length - 1 ? 128 : 0));
        File.WriteAllBytes(path, bytes);
        Refused(path, "sst2", "incomplete or corrupt Parquet file");
    }

    // One dictionary entry of 10 kB, named by every row.
    [Fact]
    public void What_a_dictionary_unpacks_to_is_counted_by_row_and_held_once()
    {
        var path = Write(
            "train.parquet",
            CompressionMethod.None,
            ("sentence", Texts([.. Enumerable.Repeat(new string('x', 10_000), 1000)])),
            ("label", Alternating(1000))
        );
        Assert.InRange(new FileInfo(path).Length, 10_000, 200_000);
        Refused(path, "sst2", new DataOptions(MaxUnpackedBytes: 1_000_000), path, "unpacks to more than");
        var split = DataSet.Load(path, "sst2", "train", new DataOptions(MaxUnpackedBytes: 11_000_000));
        Assert.All(split.Examples, e => Assert.Same(split.Examples[0].Text.First, e.Text.First));
    }

    // What is written in plain is counted once.
    [Fact]
    public void A_plain_file_may_unpack_to_the_whole_limit()
    {
        var path = Write(
            "train.parquet",
            CompressionMethod.Snappy,
            ("sentence", Texts([.. Enumerable.Range(0, 1000).Select(i => $"{i} {new string('x', 1000)}")])),
            ("label", Alternating(1000))
        );
        Assert.Equal(
            1000,
            DataSet.Load(path, "sst2", "train", new DataOptions(MaxUnpackedBytes: 1_100_000)).Examples.Count
        );
    }

    [Theory]
    [InlineData(8191)]
    [InlineData(-1)]
    public void A_dictionary_of_more_values_than_its_page_can_hold_is_refused(int count)
    {
        var path = Write(
            "train.parquet",
            CompressionMethod.None,
            ("sentence", Texts([.. Enumerable.Range(0, 300).Select(i => $"{i % 100}")])),
            ("label", Alternating(300))
        );
        var bytes = File.ReadAllBytes(path);
        // In the first page header field 7, a structure, whose field 1 is 100, in two bytes.
        var at = bytes.AsSpan().IndexOf<byte>([0x4C, 0x15, 0xC8, 0x01]) + 2;
        Assert.InRange(at, 4, 40);
        var zigzag = (count << 1) ^ (count >> 31);
        (bytes[at], bytes[at + 1]) = ((byte)(zigzag | 128), (byte)(zigzag >> 7));
        File.WriteAllBytes(path, bytes);
        Refused(path, "sst2", "incomplete or corrupt Parquet file", $"a dictionary of {count} values");
    }

    [Fact]
    public void Pages_whose_numbers_of_values_only_add_up_are_refused()
    {
        // { 1: data, 2: 0 bytes, 3: 0 bytes, 5: { 1: 1,000,003 or -1,000,000 values } }
        byte[] Page(params byte[] values) => [0x15, 0, 0x15, 0, 0x15, 0, 0x2C, 0x15, .. values, 0, 0];
        byte[] pages = [.. Page(0x86, 0x89, 0x7A), .. Page(0xFF, 0x88, 0x7A)];
        var error = Assert.Throws<InvalidDataException>(() => Guarded(pages, rows: 3, limit: 1000));
        Assert.Contains("a page of 1000003 values where 3 are left", error.Message);
    }

    // The reader makes every text whole, and each may begin with all of the one before it.
    [Fact]
    public void Delta_strings_that_may_unpack_to_more_than_the_limit_are_refused()
    {
        // { 1: data, 2: 50 bytes, 3: 50 bytes, 5: { 1: 40 values, 2: DELTA_BYTE_ARRAY } }
        byte[] page = [0x15, 0, 0x15, 100, 0x15, 100, 0x2C, 0x15, 80, 0x15, 14, 0, 0, .. new byte[50]];
        Assert.Equal(2000, Guarded(page, rows: 40, limit: 2000));
        var error = Assert.Throws<DataException>(() => Guarded(page, rows: 40, limit: 1999));
        Assert.Contains(
            "40 texts in a page of 50 bytes of DELTA_BYTE_ARRAY may unpack to more than the remaining 1999 bytes",
            error.Message
        );
        // { 1: data of the second version, 8: { 1: 40 values, 4: DELTA_BYTE_ARRAY } }
        page = [0x15, 6, 0x15, 100, 0x15, 100, 0x5C, 0x15, 80, 0x35, 14, 0, 0, .. new byte[50]];
        Assert.Throws<DataException>(() => Guarded(page, rows: 40, limit: 1999));
    }

    private long Guarded(byte[] pages, int rows, long limit)
    {
        var path = Path.Combine(_folder.Root, "pages");
        File.WriteAllBytes(path, [.. "PAR1"u8, .. pages, .. new byte[12]]);
        using var file = File.OpenRead(path);
        var column = new ColumnMetaData
        {
            DataPageOffset = 4,
            TotalCompressedSize = pages.Length,
            NumValues = rows,
        };
        return ParquetGuard.Pages(file, column, rows, limit);
    }

    // Fields are told apart by their paths: 7.1 is 7001, and no field 7001 may speak for it.
    [Fact]
    public void A_field_with_the_number_of_another_s_path_is_passed_over()
    {
        var numbers = new Dictionary<int, long>();
        // 7: { 1: 5 }, 7001: 0
        new ThriftReader([0x7C, 0x15, 10, 0, 0x05, 0xB2, 0x6D, 0, 0]).Structure(numbers);
        Assert.Equal(5, numbers[7001]);
    }

    // Bounded: some hundred damaged copies of one small file.
    [Fact]
    public void Damaged_files_are_read_or_refused_by_name()
    {
        var path = Write(
            "train.parquet",
            CompressionMethod.Snappy,
            ("sentence", Texts([.. Enumerable.Range(0, 40).Select(i => $"text {i}")])),
            ("label", Alternating(40))
        );
        var whole = File.ReadAllBytes(path);
        var random = new Random(3);
        var refused = 0;
        for (var i = 0; i < 400; i++)
        {
            var damaged = whole.ToArray();
            for (var k = 0; k <= i % 4; k++)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (i % 5 == 0)
                damaged = damaged[..random.Next(damaged.Length)];
            File.WriteAllBytes(path, damaged);
            try
            {
                DataSet.Load(path, "sst2", "train", new DataOptions(MaxUnpackedBytes: 1 << 22));
            }
            catch (DataException e)
            {
                Assert.Contains(path, e.Message);
                refused++;
            }
        }
        Assert.InRange(refused, 200, 400);
    }

    [Theory]
    [InlineData(0x1C, "nested deeper")] // a structure in a structure in a structure
    [InlineData(0x19, "")] // a list of lists
    [InlineData(0xF9, "")]
    public void A_description_without_end_is_refused_at_once(int filler, string saying)
    {
        var path = Path.Combine(_folder.Root, "train.parquet");
        File.WriteAllBytes(
            path,
            [.. "PAR1"u8, .. Enumerable.Repeat((byte)filler, 1 << 20), .. BitConverter.GetBytes(1 << 20), .. "PAR1"u8]
        );
        Refused(path, "sst2", "incomplete or corrupt Parquet file", saying);
    }

    [Fact]
    public void A_schema_that_nests_as_deep_as_the_file_is_long_is_refused()
    {
        // FileMetaData { 1: 1, 2: [100,000 x { 4: "a", 5: one child }], 3: 0 rows, 4: [] }
        byte[] part = [0x48, 1, (byte)'a', 0x15, 2, 0];
        byte[] footer =
        [
            0x15,
            2,
            0x19,
            0xFC,
            0xA0,
            0x8D,
            6,
            .. Enumerable.Repeat(part, 100_000).SelectMany(p => p),
            0x16,
            0,
            0x19,
            0x0C,
            0,
        ];
        var path = Path.Combine(_folder.Root, "train.parquet");
        File.WriteAllBytes(path, [.. "PAR1"u8, .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8]);
        Refused(path, "sst2", "a schema of 100000 elements");
    }

    private static IEnumerable<string> Classes(Split split) => split.Examples.Select(e => split.Labels.Names[e.Label]);

    private void Refused(string task, string split, params string[] saying)
    {
        var place = File.Exists(task) ? task : _folder.Root;
        var e = Assert.Throws<DataException>(() =>
            place == task ? DataSet.Load(place, split, "train") : DataSet.Load(place, task, split)
        );
        Assert.All(saying, part => Assert.Contains(part, e.Message));
    }

    private static void Refused(string path, string task, DataOptions options, params string[] saying)
    {
        var e = Assert.Throws<DataException>(() => DataSet.Load(path, task, "train", options));
        Assert.All(saying, part => Assert.Contains(part, e.Message));
    }

    private static string[] Texts(params string[] texts) => texts;

    private static long[] Longs(params long[] numbers) => numbers;

    /// <summary>Labels 0, 1, 0, 1, ...</summary>
    private static long[] Alternating(int rows) => [.. Enumerable.Range(0, rows).Select(i => (long)(i % 2))];

    private string Write(string name, CompressionMethod packing, params (string Name, Array Values)[] columns)
    {
        var path = Path.Combine(_folder.Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        WriteAsync(path, packing, columns).GetAwaiter().GetResult();
        return path;
    }

    private static async Task WriteAsync(string path, CompressionMethod packing, (string Name, Array Values)[] columns)
    {
        var schema = new ParquetSchema(
            columns.Select(c => new DataField(c.Name, c.Values.GetType().GetElementType()!)).ToArray<Field>()
        );
        // Texts that repeat go to a dictionary.
        var options = new ParquetOptions { CompressionMethod = packing };
        foreach (var column in columns.Where(c => c.Values is string[]))
            options.ColumnEncodingHints[column.Name] = EncodingHint.Dictionary;
        await using var file = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(schema, file, options);
        using var rows = writer.CreateRowGroup();
        for (var c = 0; c < columns.Length; c++)
        {
            var field = schema.DataFields[c];
            await (
                columns[c].Values switch
                {
                    string[] texts => rows.WriteAsync(field, texts),
                    byte[][] bytes => rows.WriteAsync(field, bytes),
                    long[] longs => rows.WriteAsync<long>(field, longs),
                    long?[] longs => rows.WriteAsync<long>(field, longs.AsMemory()),
                    double[] doubles => rows.WriteAsync<double>(field, doubles),
                    bool[] flags => rows.WriteAsync<bool>(field, flags),
                    _ => throw new ArgumentException($"column {columns[c].Name}"),
                }
            );
        }
    }
}
