using System.Text;
using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

public sealed class TextFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("csv", "text,label\ra,0\r\"b\rc\",1\r")]
    [InlineData("tsv", "text\tlabel\ra\t0\rb\t1")]
    [InlineData("tsv", "text\tlabel\ra\t0\rb\t1\r\n")]
    [InlineData("jsonl", "{\"text\":\"a\",\"label\":0}\r{\"text\":\"b\",\"label\":1}\r")]
    public void Line_ends_of_CR_alone_are_line_ends_with_a_note(string task, string content)
    {
        var split = DataSet.Load(_folder.Write("a." + task, content), task, "train");
        Assert.Equal(2, split.Examples.Count);
        Assert.Contains("the file has CR line endings only; each CR was read as a line end", split.Notes);
    }

    [Theory]
    [InlineData("csv", "text,label\na,0\ncaf\u00e9,1\nb,1\n", 3)]
    [InlineData("tsv", "text\tlabel\na\t0\ncaf\u00e9\t1\nb\t1\n", 3)]
    [InlineData(
        "jsonl",
        "{\"text\":\"a\",\"label\":0}\n{\"text\":\"\u00e9\",\"label\":1}\n{\"text\":\"b\",\"label\":1}\n",
        2
    )]
    public void A_row_that_is_not_utf8_is_refused_with_byte_and_line_or_left_out(string task, string content, int line)
    {
        File.WriteAllBytes(_folder["a." + task], Encoding.Latin1.GetBytes(content));
        var error = Assert.Throws<DataException>(() => DataSet.Load(_folder["a." + task], task, "train"));
        Assert.StartsWith(
            $"{_folder["a." + task]}:{line}: byte 0xe9 is not UTF-8",
            error.Message,
            StringComparison.Ordinal
        );
        var split = DataSet.Load(_folder["a." + task], task, "train", new DataOptions(SkipBadRows: true));
        Assert.Equal(["a", "b"], split.Examples.Select(e => e.Text.First));
        Assert.Contains($"1 malformed rows left out, at lines {line}", split.Notes);
    }

    [Fact]
    public void A_quoted_row_of_several_lines_is_left_out_as_a_whole()
    {
        File.WriteAllBytes(_folder["a.csv"], Encoding.Latin1.GetBytes("text,label\n\"a\nb\u00e9\nc\",0\nd,0\ne,1\n"));
        var split = DataSet.Load(_folder["a.csv"], "csv", "train", new DataOptions(SkipBadRows: true));
        Assert.Equal(["d", "e"], split.Examples.Select(e => e.Text.First));
    }

    [Fact]
    public void Utf16_is_refused_as_such_and_a_byte_order_mark_of_utf8_is_no_text()
    {
        File.WriteAllBytes(
            _folder["a.csv"],
            Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("text,label\na,0\n")).ToArray()
        );
        var error = Assert.Throws<DataException>(() => DataSet.Load(_folder["a.csv"], "csv", "train"));
        Assert.Contains("starts UTF-16 text", error.Message, StringComparison.Ordinal);
        foreach (
            var (task, content) in new[]
            {
                ("csv", "text,label\na,0\nb,1\n"),
                ("jsonl", "{\"text\":\"a\",\"label\":0}\n{\"text\":\"b\",\"label\":1}\n"),
            }
        )
            Assert.Equal(2, DataSet.Load(_folder.Write("b." + task, "\ufeff" + content), task, "train").Examples.Count);
    }

    [Theory]
    [InlineData("text,label\n\"he said \\\"great\\\", really\",1\nplain \\\"x\\\"\\, y,0\n\"C:\\new\\\\\",0\n")]
    public void An_escape_character_takes_the_meaning_from_quote_separator_and_itself(string content)
    {
        var path = _folder.Write("a.csv", content);
        var split = DataSet.Load(path, "csv", "train", new DataOptions(Escape: '\\'));
        Assert.Equal(
            ["he said \"great\", really", "plain \"x\", y", "C:\\new\\"],
            split.Examples.Select(e => e.Text.First)
        );
        var error = Assert.Throws<DataException>(() => DataSet.Load(path, "csv", "train"));
        Assert.StartsWith($"{path}:2: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(
            "if the file escapes quotes with a backslash, set it as the escape character (Escape: \\)",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void In_an_unquoted_table_the_escape_takes_the_meaning_from_the_separator()
    {
        var path = _folder.Write("a.tsv", "text\tlabel\na\\\tb \"c\t0\nd\t1\n");
        var split = DataSet.Load(path, "tsv", "train", new DataOptions(Escape: '\\'));
        Assert.Equal(["a\tb \"c", "d"], split.Examples.Select(e => e.Text.First));
    }

    [Fact]
    public void A_review_that_does_not_fit_is_refused_or_left_out_with_its_name()
    {
        foreach (var name in new[] { "train/neg/0_1.txt", "train/pos/1_9.txt", "train/pos/2_8.txt" })
            _folder.Write("aclImdb/" + name, "a film");
        File.WriteAllBytes(_folder["aclImdb/train/pos/2_8.txt"], [(byte)'a', 0xe9]);
        _folder.Write("aclImdb/train/pos/notes.txt", "no review");
        Assert.Throws<DataException>(() => DataSet.Load(_folder.Root, "imdb", "train"));
        var split = DataSet.Load(_folder.Root, "imdb", "train", new DataOptions(SkipBadRows: true));
        Assert.Equal(["train/neg/0_1", "train/pos/1_9"], split.Examples.Select(e => e.Id));
        var note = Assert.Single(split.Notes);
        Assert.StartsWith("2 reviews left out", note, StringComparison.Ordinal);
        Assert.Contains("train/pos/2_8.txt", note, StringComparison.Ordinal);
        Assert.Contains("train/pos/notes.txt", note, StringComparison.Ordinal);
    }
}
