// A file that is written to while it is read has other rows than its recorded SHA-256.
using Parquet;
using Parquet.Schema;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Data.ParquetFiles;
using RobustTickets.Attacks.Data.TextFiles;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

public sealed class ChangedFileTests : IDisposable
{
    private static readonly RequestedColumns Columns = new(["text"], null, null, []);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.tsv")]
    [InlineData("a.csv")]
    [InlineData("a.jsonl")]
    [InlineData("a.json")]
    [InlineData("a.tsv.gz")]
    public void A_row_that_is_appended_meanwhile_is_refused(string name)
    {
        var path = _folder.Write(name, Content(name, "a", "b"));
        Assert.Equal(2, Open(path).Read(Columns).Count());
        var more = name == "a.json" ? "\n" : Content(name, "c");
        Refused(path, () => File.AppendAllText(path, more));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_that_is_replaced_or_deleted_meanwhile_is_refused(bool deleted)
    {
        var path = _folder.Write("a.tsv", Content("a.tsv", "a", "b"));
        var other = _folder.Write("b.tsv", Content("b.tsv", "c", "d"));
        // Of the same length; written a second later.
        File.SetLastWriteTimeUtc(other, File.GetLastWriteTimeUtc(path).AddSeconds(1));
        Refused(path, deleted ? () => File.Delete(path) : () => File.Move(other, path, overwrite: true));
    }

    [Fact]
    public void A_link_is_known_by_its_target()
    {
        var path = _folder.Write("a.tsv", Content("a.tsv", "a", "b"));
        var link = File.CreateSymbolicLink(_folder["link.tsv"], path).FullName;
        Assert.Equal(2, Open(link).Read(Columns).Count());
        Refused(link, () => File.AppendAllText(path, "c\n"));
    }

    [Fact]
    public async Task A_parquet_file_is_refused_too()
    {
        var (path, other) = (_folder["a.parquet"], _folder["b.parquet"]);
        await WriteAsync(path, "a", "b");
        await WriteAsync(other, "c", "d", "e");
        Refused(path, () => File.Move(other, path, overwrite: true));
    }

    private static void Refused(string path, Action change)
    {
        var rows = 0;
        var error = Assert.Throws<DataException>(() =>
        {
            foreach (var row in Open(path).Read(Columns))
            {
                if (rows++ == 0)
                    change();
            }
        });
        Assert.StartsWith($"{path}: changed while being read", error.Message, StringComparison.Ordinal);
        Assert.True(rows >= 2);
    }

    private static RecordFile Open(string path)
    {
        if (path.EndsWith(".parquet", StringComparison.Ordinal))
            return ParquetFile.Open(path, new DataOptions(), default);
        var text = TextFile.Open(path, new DataOptions());
        return path.EndsWith(".jsonl", StringComparison.Ordinal) ? new JsonLinesFile(text, skip: false)
            : path.EndsWith(".json", StringComparison.Ordinal) ? new JsonArrayFile(text, skip: false)
            : new DelimitedFile(
                text,
                path.EndsWith(".csv", StringComparison.Ordinal) ? ',' : '\t',
                quoted: path.EndsWith(".csv", StringComparison.Ordinal),
                header: true,
                escape: null
            );
    }

    private static string Content(string name, params string[] texts) =>
        name.EndsWith(".jsonl", StringComparison.Ordinal) ? string.Concat(texts.Select(t => $"{{\"text\":\"{t}\"}}\n"))
        : name.EndsWith(".json", StringComparison.Ordinal)
            ? $"[{string.Join(",\n", texts.Select(t => $"{{\"text\":\"{t}\"}}"))}]"
        : $"text\n{string.Join('\n', texts)}\n";

    private static async Task WriteAsync(string path, params string[] texts)
    {
        var schema = new ParquetSchema(new DataField<string>("text"));
        await using var file = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(schema, file);
        using var rows = writer.CreateRowGroup();
        await rows.WriteAsync(schema.DataFields[0], texts);
    }
}
