using System.Text;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Cli;
using RobustTickets.Cli.Input;
using RobustTickets.Cli.Terminal;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>Texts as a stream: order, places, what is left out; no model is needed.</summary>
public sealed class TextStreamTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stream").FullName;

    public TextStreamTests() =>
        File.WriteAllLines(
            Path.Combine(_folder, "vocab.txt"),
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", ",", "\""]
        );

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<byte[], string> Malformed() =>
        new()
        {
            { "{\"text\": \"good \\ud83c film\"}"u8.ToArray(), "an unpaired surrogate" },
            { "{\"text\": \"good\", \"id\": \"\\udc00\"}"u8.ToArray(), "an unpaired surrogate" },
            { "{\"text\": \"good\", \"\\ud800\": 1}"u8.ToArray(), "an unpaired surrogate" },
            { [.. "{\"text\": \"caf"u8, 0xe9, .. "\"}"u8], "byte 0xe9 is not UTF-8" },
            { [.. "{\"text\": \"a"u8, 0xc0, 0xaf, .. "\"}"u8], "byte 0xc0 is not UTF-8" },
            { "{\"text\": \"good\""u8.ToArray(), "expected an object" },
            { "good film"u8.ToArray(), "expected an object" },
            { "[\"good\"]"u8.ToArray(), "expected an object" },
            { "{\"txt\": \"good\"}"u8.ToArray(), "no field \"text\"; found txt" },
            { "{\"text\": null}"u8.ToArray(), "must be a string, found null" },
            { "{\"text\": \"a\", \"text_pair\": 3}"u8.ToArray(), "\"text_pair\" must be a string" },
        };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_malformed_line_is_named_behind_the_answers_before_it(byte[] line, string reason)
    {
        byte[] input = [.. "{\"text\": \"good\"}\n\n"u8, .. line, .. "\n{\"text\": \"bad\"}\n"u8];
        foreach (var fromFile in new[] { true, false })
        {
            var stop = Run(input, fromFile);
            Assert.Equal(ExitCodes.Data, stop.Code);
            Assert.Equal("good", Words(stop.Out));
            Assert.Contains($"{(fromFile ? In("in") : "standard input")}:3: ", stop.Error);
            Assert.Contains(reason, stop.Error);
            Assert.DoesNotContain("Exception", stop.Error);

            var skip = Run(input, fromFile, "--skip-bad-rows");
            Assert.True(skip.Code == 0, skip.Error);
            Assert.Equal("good/bad", Words(skip.Out));
            Assert.Contains($"skipped: {(fromFile ? In("in") : "standard input")}:3: ", skip.Error);
        }
    }

    [Fact]
    public void Input_of_which_no_row_fits_is_refused()
    {
        var run = Run("nothing\nhere\n"u8.ToArray(), fromFile: true, "--skip-bad-rows");
        Assert.Equal((ExitCodes.Data, ""), (run.Code, run.Out));
        Assert.Contains($"no valid row; the first problem: {In("in")}:1: ", run.Error);
    }

    [Theory]
    [InlineData("", "jsonl", "no text; the file is empty or blank")]
    [InlineData("\n\n", "text", "no text; the file is empty or blank")]
    [InlineData("", "csv", "no text; the file is empty or blank")]
    [InlineData("text,n\n", "csv", "a header but no rows")]
    public void A_file_without_a_row_is_refused_and_an_empty_pipe_is_not(string content, string format, string what)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        var file = Run(bytes, fromFile: true, "--format", format);
        Assert.Equal((ExitCodes.Data, ""), (file.Code, file.Out));
        Assert.Contains($"{In("in")}: {what}", file.Error);
        Assert.Equal((0, ""), (Run(bytes, fromFile: false, "--format", format).Code, ""));
    }

    [Fact]
    public void A_folder_is_called_one()
    {
        var run = CliRun.Of("tokenize", "--model", _folder, "--input", _folder);
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains($"{_folder}: is a folder; give a file", run.Error);
    }

    [Fact]
    public void Plain_text_is_told_of_its_format()
    {
        var run = Run("good film\n"u8.ToArray(), fromFile: false);
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains("--format text reads plain lines", run.Error);
        var broken = Run("{\"text\": \n"u8.ToArray(), fromFile: false);
        Assert.DoesNotContain("--format", broken.Error);
    }

    [Theory]
    [InlineData("text", "good film\r\n\n bad\rfilm", "good film/bad/film")]
    [InlineData("text", "\ufeffgood", "good")]
    [InlineData("csv", "id,text\n1,\"good, \"\"film\"\"\"\n\n2,\"bad\nfilm\"\n", "good , \" film \"/bad film")]
    [InlineData("csv", "text,text_pair,n\ngood,film,1\n", "good [SEP] film")]
    [InlineData("tsv", "text\tn\n\"good\t1\nfilm\t2", "\" good/film")]
    [InlineData("jsonl", "{\"text\":\"good\"}\r{\"text\":\"bad\"}", "good/bad")]
    public void Plain_lines_columns_and_objects_are_read(string format, string input, string words) =>
        Assert.Equal(words, Words(Run(Encoding.UTF8.GetBytes(input), fromFile: true, "--format", format).Out));

    [Theory]
    [InlineData("a,b\ngood,bad\n", "good", "--text-column", "a")]
    [InlineData("a,b\ngood,bad\n", "good bad", "--text-column", "a+b")]
    [InlineData("a,b\ngood,bad\n", "good [SEP] bad", "--text-column", "a", "--pair-column", "b")]
    [InlineData("text,text_pair\ngood,bad\n", "good", "--pair-column", "")]
    public void Columns_are_picked_by_name(string csv, string words, params string[] options)
    {
        var run = Run(Encoding.UTF8.GetBytes(csv), fromFile: true, ["--format", "csv", .. options]);
        Assert.Equal((0, words), (run.Code, Words(run.Out)));
        var json = Encoding.UTF8.GetBytes("{\"a\":\"good\",\"b\":\"bad\",\"text\":\"good\",\"text_pair\":\"bad\"}");
        Assert.Equal(words, Words(Run(json, fromFile: false, options).Out));
    }

    [Theory]
    [InlineData("csv", "text;n\ngood;1\n", "good", "--separator", ";")]
    [InlineData("tsv", "text|n\ngood|1\n", "good", "--separator", "|")]
    [InlineData("csv", "n,text\n1,\"good \\\"film\\\"\"\n", "good \" film \"", "--escape", "\\")]
    public void Separator_and_escape_are_those_of_data_files(
        string format,
        string text,
        string words,
        params string[] options
    )
    {
        var run = Run(Encoding.UTF8.GetBytes(text), fromFile: true, ["--format", format, .. options]);
        Assert.Equal((0, words), (run.Code, Words(run.Out)));
        var lines = Run("{\"text\":\"good\"}"u8.ToArray(), fromFile: false, options);
        Assert.Equal(ExitCodes.Usage, lines.Code);
        Assert.Contains("--separator and --escape", lines.Error);
    }

    [Theory]
    [InlineData("text,n\ngood,1\nbad\nfilm,2\n", ":3: 1 fields; expected 2 (text, n)")]
    [InlineData("text,n\ngood,1\nba\"d,1\nfilm,2\n", ":3: a quote inside the unquoted field 'ba'")]
    [InlineData("text,n\ngood,1\n\"bad\"x,1\nfilm,2\n", ":3: 'x' after the closing quote of the field 'bad'")]
    [InlineData("text,n\ngood,1\n\"bad,1\nfilm,2\n", ":3: a quoted field is never closed")]
    public void A_malformed_row_of_columns_costs_itself_alone(string csv, string expected)
    {
        var stop = Run(Encoding.UTF8.GetBytes(csv), fromFile: true, "--format", "csv");
        Assert.Equal((ExitCodes.Data, "good"), (stop.Code, Words(stop.Out)));
        Assert.Contains(In("in") + expected, stop.Error);
        var skip = Run(Encoding.UTF8.GetBytes(csv), fromFile: true, "--format", "csv", "--skip-bad-rows");
        Assert.Equal((0, "good/film"), (skip.Code, Words(skip.Out)));
    }

    [Theory]
    [InlineData(ExitCodes.Data, "no column 'text'; found 'review', 'n'", "--format", "csv", "--skip-bad-rows")]
    [InlineData(ExitCodes.Usage, "plain lines have no columns", "--format", "text", "--text-column", "review")]
    [InlineData(ExitCodes.Usage, "did you mean jsonl?", "--format", "json")]
    public void What_cannot_be_read_at_all_is_refused(int code, string expected, params string[] options)
    {
        var run = Run("review,n\ngood,1\n"u8.ToArray(), fromFile: true, options);
        Assert.Equal((code, ""), (run.Code, run.Out));
        Assert.Contains(expected, run.Error);
    }

    [Fact]
    public void Another_separator_is_named_where_the_header_has_one()
    {
        var run = Run("Review;Sentiment\ngood;1\n"u8.ToArray(), fromFile: true, "--format", "csv");
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains("if the columns are separated by ';', set --separator ';'", run.Error);
    }

    [Fact]
    public void A_name_tells_columns()
    {
        File.WriteAllText(In("a.csv"), "n,text\n1,good\n");
        File.WriteAllText(In("a.TSV"), "n\ttext\n1\tgood\n");
        foreach (var name in new[] { "a.csv", "a.TSV" })
            Assert.Equal("good", Words(CliRun.Of("tokenize", "--model", _folder, "--input", In(name)).Out));
    }

    [Fact]
    public void Lines_come_alike_however_the_bytes_are_cut()
    {
        byte[] input = [.. "\ufeffa\r\nb\rc\n\n\u00e9"u8, 0xff, .. "\nd\r"u8];
        foreach (var size in new[] { 1, 2, 3, 100 })
        {
            using var reader = new StrictLineReader(new Pieces(input, size), "in");
            var lines = new List<string>();
            while (true)
            {
                try
                {
                    if (reader.ReadLine() is not { } line)
                        break;
                    lines.Add(line);
                }
                catch (DataException e)
                {
                    lines.Add(e.Message);
                }
            }
            Assert.Equal(["a", "b", "c", "", "in:5: byte 0xff is not UTF-8; convert it to UTF-8", "d"], lines);
        }
        using var utf16 = new StrictLineReader(new MemoryStream([0xff, 0xfe, 0x61, 0]), "in");
        Assert.Contains("UTF-16", Assert.Throws<DataException>(utf16.ReadLine).Message);
        using var tooLong = new StrictLineReader(new MemoryStream("abc\nde\n"u8.ToArray()), "in", longest: 2);
        Assert.Contains("in:1: line of 3 bytes; the maximum", Assert.Throws<DataException>(tooLong.ReadLine).Message);
        Assert.Equal("de", tooLong.ReadLine());
    }

    [Fact]
    public void A_line_that_has_not_come_is_not_waited_for()
    {
        using var reader = new StrictLineReader(new Pieces("a\nb\nc"u8.ToArray(), 4), "in");
        Assert.Equal(("a", true), (reader.ReadLine(), reader.Peek() >= 0));
        Assert.Equal(("b", false), (reader.ReadLine(), reader.Peek() >= 0));
        Assert.Equal("c", reader.ReadLine());
    }

    private string In(string name) => Path.Combine(_folder, name);

    private CliRun Run(byte[] input, bool fromFile, params string[] options)
    {
        string[] arguments = ["tokenize", "--model", _folder, .. options];
        if (fromFile)
        {
            File.WriteAllBytes(In("in"), input);
            return CliRun.Of([.. arguments, "--input", In("in")]);
        }
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var stop = StopSignal.Detached();
        using var reader = new StrictLineReader(new MemoryStream(input), "standard input");
        var code = CliApp.Run(arguments, new CliContext(output, error, reader, stop, TerminalInfo.None));
        return new CliRun(code, output.ToString(), error.ToString());
    }

    // The tokens of each answer, without those around.
    private static string Words(string output) =>
        string.Join(
            '/',
            output
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => string.Join(' ', JsonNode.Parse(l)!["tokens"]!.AsArray().Skip(1).SkipLast(1)))
        );

    /// <summary>Hands out a few bytes at a time, as a pipe does.</summary>
    private sealed class Pieces(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, Math.Min(count, size));
    }
}
