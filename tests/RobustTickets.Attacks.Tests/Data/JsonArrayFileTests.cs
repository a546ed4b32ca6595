// A JSON array of objects is a table whose rows are read one by one.
using System.Globalization;
using System.Text;
using System.Text.Json;
using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

public sealed class JsonArrayFileTests : IDisposable
{
    private const string First = "{\"text\": \"a\", \"label\": 0}";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.json")]
    [InlineData("a.json.gz")]
    [InlineData("a.jsonl")]
    public void Objects_of_any_length_are_what_was_written(string name)
    {
        var random = new Random(4);
        var (text, wanted) = (new StringBuilder("\uFEFF \n["), new List<string>());
        while (text.Length < 400_000)
        {
            var value = new StringBuilder();
            for (var i = random.Next(20) == 0 ? random.Next(90_000) : random.Next(60); i > 0; i--)
                value.Append("a\"[]{},\\\n\u00e9"[random.Next(10)]);
            text.Append(
                    wanted.Count == 0 ? ""
                    : random.Next(2) == 0 ? ",\n"
                    : " , "
                )
                .Append(
                    CultureInfo.InvariantCulture,
                    $"{{\"more\": [[{{}}]], \"text\": {JsonSerializer.Serialize($"{value}")}, \"label\": "
                        + $"{wanted.Count % 2}}}"
                );
            wanted.Add($"{value}");
        }
        var path = _folder.Write(name, text + "]\n\n");
        var split = DataSet.Load(path, "jsonl", "train");
        Assert.Equal(wanted, split.Examples.Select(e => e.Text.First));
        Assert.Equal("train:1", split.Examples[1].Id);
        // The rows of a line each are the same examples.
        Assert.Equal(wanted.Select((_, i) => i % 2), split.Examples.Select(e => e.Label));
    }

    [Theory]
    [InlineData($"[{First},\n\n7]", ":3: 7; expected one JSON object per line, or one array of objects")]
    [InlineData($"[{First},\n{{\"text\": \"b\"}}]", ":2: no field 'label'; found text")]
    [InlineData($"[{First},\n{{\"text\": [],\n\"label\": 1}}]", ":2: field 'text' is an array")]
    [InlineData($"[{First},\n{{\"text\": \"\\ud800\",\n\"label\": 1}}]", ":2: not JSON: a string contains an unpaired")]
    [InlineData($"[{First},\n{{\"text\": \"b\", \"label\": \"NaN\"}}]", ":2: label 'NaN' counts as missing unless")]
    [InlineData($"[{First}\n{First}]", ":2: not JSON")]
    [InlineData($"[{First},\n{{\"text\": \"b", ":2: not JSON")]
    [InlineData($"[{First}]\n[{First}]", ":2: not JSON")]
    [InlineData($"[{First}\n", ":2: not JSON")]
    [InlineData("[\n]", ": the JSON array is empty")]
    [InlineData("[\n[]]", ":2: an array; expected one JSON object per line")]
    [InlineData("[{\"txt\": \"a\"}]", ": no text column 'text' or 'sentence'; found 'txt'")]
    public void What_does_not_fit_is_refused_by_line(string content, string message) =>
        Assert.StartsWith(message, _folder.Refused("bad.json", content, "jsonl"), StringComparison.Ordinal);

    [Fact]
    public void Values_that_do_not_fit_are_left_out_when_asked_and_an_end_that_is_missing_never()
    {
        var bytes = Encoding.UTF8.GetBytes($"[3,\n{First},\n{{\"text\": \"?\", \"label\": 1}},\n{First}]");
        bytes[Array.IndexOf(bytes, (byte)'?')] = 0xe9;
        var path = _folder["a.json"];
        File.WriteAllBytes(path, bytes);
        var skip = new DataOptions(SkipBadRows: true, Labels: LabelMap.FromNames(["0", "1"]));
        var split = DataSet.Load(path, "jsonl", "train", skip);
        Assert.Equal(["train:1", "train:3"], split.Examples.Select(e => e.Id));
        Assert.Contains("2 malformed rows left out, at lines 1, 3", split.Notes);
        File.WriteAllBytes(path, bytes.AsSpan(3).ToArray().Prepend((byte)'[').ToArray());
        Assert.Equal(
            $"{path}:3: byte 0xe9 is not UTF-8; convert the file to UTF-8",
            Assert.Throws<DataException>(() => DataSet.Load(path, "jsonl", "train")).Message
        );
        File.WriteAllBytes(path, bytes[..^1]);
        Assert.StartsWith(
            $"{path}:4: not JSON",
            Assert.Throws<DataException>(() => DataSet.Load(path, "jsonl", "train", skip)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_packed_array_has_the_limit_and_a_row_its_own()
    {
        var small = _folder.Write("a.json.gz", $"[{First},{First}]");
        var error = Assert.Throws<DataException>(() =>
            DataSet.Load(small, "jsonl", "train", new DataOptions(MaxUnpackedBytes: 40))
        );
        Assert.StartsWith($"{small}: unpacks to more than 40 bytes", error.Message, StringComparison.Ordinal);
        var path = _folder.Write("a.json", $"[{First},\n\"{new string('x', 40 << 20)}\"]");
        error = Assert.Throws<DataException>(() => DataSet.Load(path, "jsonl", "train"));
        Assert.Equal($"{path}:2: a row longer than 16777216 bytes", error.Message);
    }

    [Fact]
    public void An_array_and_lines_give_the_same_examples()
    {
        string[] rows =
        [
            First,
            "{\"label\": 1, \"text\": \"caf\\u00e9\", \"id\": null}",
            "{\"text\": 7, \"label\": true}",
        ];
        var labels = new DataOptions(Labels: LabelMap.FromNames(["0", "1", "true"]));
        var lines = DataSet.Load(_folder.Write("a.jsonl", string.Join('\n', rows)), "jsonl", "train", labels);
        var array = DataSet.Load(_folder.Write("a.json", $"[{string.Join(',', rows)}]"), "jsonl", "train", labels);
        Assert.Equal(
            lines.Examples.Select(e => (e.Id, e.Text, e.Label)),
            array.Examples.Select(e => (e.Id, e.Text, e.Label))
        );
    }
}
