// Tables are read row by row: what a row is does not depend on where a block of the file ends, and
// of a file nothing is held but its rows.
using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

/// <summary>Tests that look at the memory of the process: nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}

[Collection(AloneCollection.Name)]
public sealed class RowByRowTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Rows_of_any_length_are_what_was_written(int seed)
    {
        var random = new Random(seed);
        var (text, wanted) = (new StringBuilder("text,label\r\n"), new List<string>());
        var line = 2;
        var lines = new List<int>();
        while (text.Length < 300_000)
        {
            var length = random.Next(20) == 0 ? random.Next(40_000) : random.Next(60);
            var value = new StringBuilder();
            for (var i = 0; i < length; i++)
                value.Append("abc \",\r\n\u00e9\u2028"[random.Next(10)]);
            // A line feed alone inside a field, so that lines can be counted.
            var field = value.ToString().Replace("\r", "", StringComparison.Ordinal);
            lines.Add(line);
            line += 1 + field.Count(c => c == '\n');
            wanted.Add(field);
            text.Append(
                    CultureInfo.InvariantCulture,
                    $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\",{wanted.Count % 2}"
                )
                .Append(random.Next(2) == 0 ? "\r\n" : "\n");
        }
        text.Append("\n\r\n\n");
        var path = _folder.Write("a.csv", text.ToString());
        Assert.Equal(wanted, DataSet.Load(path, "csv", "train").Examples.Select(e => e.Text.First));

        // One row too many, behind the blank lines: they are rows now, and it is told by its line.
        var late = _folder.Write("b.csv", text + "late,1,2\n");
        var error = Assert.Throws<DataException>(() => DataSet.Load(late, "csv", "train"));
        Assert.StartsWith($"{late}:{line}: empty line", error.Message, StringComparison.Ordinal);
        var skipped = DataSet.Load(late, "csv", "train", new DataOptions(SkipBadRows: true));
        Assert.Equal(wanted.Count, skipped.Examples.Count);
        Assert.Contains(skipped.Notes, n => n.StartsWith("4 malformed rows", StringComparison.Ordinal));
    }

    [Fact]
    public void A_quote_that_is_never_closed_is_told_where_it_opens_and_passed_over()
    {
        var rows = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"row {i},{i % 2}\n"));
        var path = _folder.Write("a.csv", $"text,label\na,0\n\"b,1\n{rows}");
        var error = Assert.Throws<DataException>(() => DataSet.Load(path, "csv", "train"));
        Assert.StartsWith($"{path}:3: a quoted field is never closed", error.Message, StringComparison.Ordinal);
        var skipped = DataSet.Load(path, "csv", "train", new DataOptions(SkipBadRows: true));
        Assert.Equal(20_001, skipped.Examples.Count);
    }

    [Theory]
    [InlineData("text\tlabel\na\t0\n\n\n\r\n")]
    [InlineData("text\tlabel\ra\t0\r\r")]
    [InlineData("text\tlabel\ra\t0\r\n")]
    [InlineData("\uFEFFtext\tlabel\na\t0")]
    public void Line_ends_at_the_end_of_a_file_are_no_rows(string content) =>
        Assert.Equal(
            ["a"],
            DataSet
                .Load(
                    _folder.Write("a.tsv", content),
                    "tsv",
                    "train",
                    new DataOptions(Labels: LabelMap.FromNames(["0", "1"]))
                )
                .Examples.Select(e => e.Text.First)
        );

    [Theory]
    [InlineData("")]
    [InlineData("\uFEFF")]
    [InlineData("\r\n \t\n")]
    public void A_file_without_text_is_empty(string content)
    {
        var path = _folder.Write("a.tsv", content);
        Assert.Equal(
            $"{path}: the file is empty",
            Assert.Throws<DataException>(() => DataSet.Load(path, "tsv", "train")).Message
        );
    }

    // Each is 64 MB of which each row keeps a word.
    [Theory]
    [InlineData("wide.csv", "csv", 64_000)]
    [InlineData("wide.json", "jsonl", 64_000)]
    [InlineData("aclImdb.tar", "imdb", 64)]
    [InlineData("aclImdb.tar.gz", "imdb", 64)]
    public void Nothing_of_a_file_is_held_but_its_rows(string name, string task, int rows)
    {
        var path = _folder[name];
        switch (task)
        {
            case "csv":
                WriteTable(path, rows);
                break;
            case "jsonl":
                WriteArray(path, rows);
                break;
            default:
                WriteReviews(path, rows);
                break;
        }
        // Free space between objects that earlier tests left is nobody's memory.
        static long Alive()
        {
            var last = GC.GetGCMemoryInfo(GCKind.Any);
            return last.HeapSizeBytes - last.FragmentedBytes;
        }
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        var before = Alive();
        var most = 0L;
        using (var stop = new CancellationTokenSource())
        {
            var watch = new Thread(() =>
            {
                while (!stop.IsCancellationRequested)
                {
                    most = Math.Max(most, Alive());
                    Thread.Sleep(5);
                }
            });
            watch.Start();
            var read =
                task == "imdb"
                    ? DataSet.Load(path, task, "train").Examples.Count
                    : RawTable.Read(path, TaskCatalog.Required(task), "train", new DataOptions()).Rows.Count;
            Assert.Equal(rows, read);
            // What is held to the end, such as the members of an archive, is alive at the end.
            GC.Collect();
            most = Math.Max(most, Alive());
            stop.Cancel();
            watch.Join();
        }
        // What collections saw alive: rows of three words, not the 64 MB of the file, nor the 128
        // MB of its text.
        Assert.InRange(most - before, long.MinValue, (task == "imdb" ? 32 : 96) << 20);
    }

    private static void WriteTable(string path, int rows)
    {
        var filler = new string('x', 1000);
        using var file = new StreamWriter(path);
        file.WriteLine("text,filler,label");
        for (var i = 0; i < rows; i++)
            file.WriteLine($"row,\"{filler}\",{i % 2}");
    }

    // All on one line, as json.dump writes it.
    private static void WriteArray(string path, int rows)
    {
        var filler = new string('x', 1000);
        using var file = new StreamWriter(path);
        for (var i = 0; i < rows; i++)
            file.Write($"{(i == 0 ? '[' : ',')}{{\"text\":\"row\",\"filler\":\"{filler}\",\"label\":{i % 2}}}");
        file.Write("]");
    }

    // A review, then one of a megabyte that is of no class.
    private static void WriteReviews(string path, int rows)
    {
        using var file = File.Create(path);
        using var packed = path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file, CompressionLevel.Fastest)
            : file as Stream;
        using var tar = new TarWriter(packed);
        var other = new byte[1 << 20];
        Array.Fill(other, (byte)'x');
        for (var i = 0; i < rows; i++)
        {
            foreach (var (place, bytes) in new[] { (i % 2 == 0 ? "pos" : "neg", "row"u8.ToArray()), ("unsup", other) })
                tar.WriteEntry(
                    new PaxTarEntry(TarEntryType.RegularFile, $"aclImdb/train/{place}/{i}_{i % 2 * 9}.txt")
                    {
                        DataStream = new MemoryStream(bytes),
                    }
                );
        }
    }
}
