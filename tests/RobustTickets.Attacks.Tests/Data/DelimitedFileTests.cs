using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

/// <summary>
/// CSV and TSV: what is a row, what is refused, at which line. All sentences are invented.
/// </summary>
public sealed class DelimitedFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Quoted_fields_may_hold_separators_quotes_and_line_ends()
    {
        var path = _folder.Write(
            "a.csv",
            "\ufefftext,label\r\n\"one, \"\"two\"\"\r\nthree\",0\r\nplain text,1\r\n\"\",1\r\n,0\r\n\"last\",\"1\""
        );
        var examples = DataSet.Load(path, "csv", "train").Examples;
        Assert.Equal(["one, \"two\"\r\nthree", "plain text", "", "", "last"], examples.Select(e => e.Text.First));
        Assert.Equal([0, 1, 1, 0, 1], examples.Select(e => e.Label));
        Assert.Equal("train:4", examples[^1].Id);
    }

    [Fact]
    public void Tsv_has_no_quoting()
    {
        var path = _folder.Write("a.tsv", "sentence\tlabel\nhe said \"no\t1\n\"whole\"\t0\n a, b\u2028c\rd \t1\n\n\n");
        Assert.Equal(
            ["he said \"no", "\"whole\"", " a, b\u2028c\rd "],
            DataSet.Load(path, "sst2", "train").Examples.Select(e => e.Text.First)
        );
        // Unless it is asked for.
        var quoted = DataSet.Load(
            _folder.Write("b.tsv", "text\tlabel\n\"a\tb\"\t1\nc\t0\n"),
            "tsv",
            "train",
            new DataOptions(Quoted: true)
        );
        Assert.Equal("a\tb", quoted.Examples[0].Text.First);
    }

    [Theory]
    [InlineData("text,label\na,0\nb,1,2\n", ":3: 3 fields; expected 2 (text, label)")]
    [InlineData("text,label\na,0\n\nb,1\n", ":3: empty line; expected 2")]
    [InlineData("text,label\n\"a\nb\",0\nb\n", ":4: 1 fields; expected 2")] // the quoted line end counts
    [InlineData("text,label\na,0\nsay \"hi\",1\n", ":3: a quote inside the unquoted field 'say '")]
    [InlineData("text,label\na,0\n\"b\"x,1\n", ":3: 'x' after the closing quote of the field 'b'")]
    [InlineData("text,label\na,0\n\"b,1\nc,0\n", ":3: a quoted field is never closed")]
    [InlineData("text,text,label\na,b,0\n", ":1: column 'text' occurs 2 times")]
    [InlineData("text,label\n", ": a header but no rows")]
    [InlineData(" \n\n", ": the file is empty")]
    [InlineData("", ": the file is empty")]
    public void Malformed_files_are_refused_by_line(string content, string message) =>
        Assert.StartsWith(message, _folder.Refused("bad.csv", content, "csv"), StringComparison.Ordinal);

    [Fact]
    public void Bad_rows_can_be_left_out_by_name()
    {
        var path = _folder.Write("a.csv", "text,label\na,0\n\"b,1\nc,0\nd\n\"e\",1\n");
        var split = DataSet.Load(path, "csv", "train", new DataOptions(SkipBadRows: true));
        Assert.Equal(["a", "c", "e"], split.Examples.Select(e => e.Text.First));
        // the others keep their ids
        Assert.Equal(["train:0", "train:2", "train:4"], split.Examples.Select(e => e.Id));
        Assert.Contains("2 malformed rows left out, at lines 3, 5", split.Notes);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_refused_by_line()
    {
        File.WriteAllBytes(_folder["latin.csv"], [.. "text,label\na,0\n"u8, 0xE9, .. ",1\n"u8]);
        var message = Assert.Throws<DataException>(() => DataSet.Load(_folder["latin.csv"], "csv", "train")).Message;
        Assert.Contains("latin.csv:3: byte 0xe9 is not UTF-8", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Gzipped_files_are_unpacked_and_broken_ones_refused()
    {
        var path = _folder.Write("a.csv.gz", "text,label\na,0\nb,1\n");
        Assert.Equal(2, DataSet.Load(path, "csv", "train").Examples.Count);
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(bytes.Length - 12)]);
        Assert.Contains(
            "incomplete or corrupt gzip file",
            Assert.Throws<DataException>(() => DataSet.Load(path, "csv", "train")).Message,
            StringComparison.Ordinal
        );
        File.WriteAllText(path, "not gzip at all");
        Assert.Contains(
            "incomplete or corrupt gzip file",
            Assert.Throws<DataException>(() => DataSet.Load(path, "csv", "train")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Files_without_header_have_numbered_columns()
    {
        var path = _folder.Write("seeds.txt", "first;x;0\nsecond;y;1\n");
        var options = new DataOptions(TextColumn: "1", LabelColumn: "2", Separator: ';', Header: false);
        Assert.Equal(["x", "y"], DataSet.Load(path, "tsv", "test", options).Examples.Select(e => e.Text.First));
        Assert.Equal(
            ["first x", "second y"],
            DataSet.Load(path, "tsv", "test", options with { TextColumn = "0+1" }).Examples.Select(e => e.Text.First)
        );
    }
}
