using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

public sealed class JsonLinesFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Strings_numbers_and_booleans_are_taken_as_text()
    {
        var path = _folder.Write(
            "a.jsonl",
            """
            {"text": "a \"b\"\nc", "label": true, "extra": [1]}
            {"label": false, "text": "caf\u00e9", "extra": null}
            {"text": "7", "more": 8, "label": true}
            """
        );
        var split = DataSet.Load(path, "jsonl", "train");
        Assert.Equal(["a \"b\"\nc", "caf\u00e9", "7"], split.Examples.Select(e => e.Text.First));
        Assert.Equal([1, 0, 1], split.Examples.Select(e => e.Label));
    }

    [Fact]
    public void An_origin_is_read_in_whichever_rows_have_one()
    {
        string[] rows =
        [
            """{"text": "a", "label": 0}""",
            """{"text": "b", "label": 1, "augmented_from": "00ff:4"}""",
            """{"text": "c", "label": 1, "augmented_from": null}""",
        ];
        RowKey?[] origins = [null, RowKey.Parse("00ff:4"), null];
        Assert.NotNull(origins[1]);
        foreach (var order in new[] { new[] { 0, 1, 2 }, [1, 0, 2], [2, 1, 0] })
        {
            var ordered = order.Select(i => rows[i]);
            foreach (
                var path in new[]
                {
                    _folder.Write("a.jsonl", string.Join('\n', ordered)),
                    _folder.Write("a.json", $"[{string.Join(',', ordered)}]"),
                }
            )
                Assert.Equal(
                    order.Select(i => origins[i]),
                    DataSet.Load(path, "jsonl", "train").Examples.Select(e => e.Origin)
                );
        }
    }

    [Fact]
    public void A_pair_or_label_that_only_later_rows_have_is_refused_by_line()
    {
        string[] rows =
        [
            """{"text": "a", "label": 0}""",
            """{"text": "b", "text_pair": "c", "label": 1}""",
            """{"text": "d", "label": 1}""",
        ];
        const string message = ":2: field 'text_pair', which the first object lacks; expected it in every object";
        Assert.StartsWith(
            message,
            _folder.Refused("a.jsonl", string.Join('\n', rows), "jsonl"),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            message,
            _folder.Refused("a.json", $"[{string.Join(",\n", rows)}]", "jsonl"),
            StringComparison.Ordinal
        );
        var path = _folder["a.jsonl"];
        var skipped = DataSet.Load(path, "jsonl", "train", new DataOptions(SkipBadRows: true));
        Assert.Equal(["a", "d"], skipped.Examples.Select(e => e.Text.First));
        Assert.Equal(3, DataSet.Load(path, "jsonl", "train", new DataOptions(PairColumn: "")).Examples.Count);
        Assert.StartsWith(
            ":2: field 'label', which the first object lacks",
            _folder.Refused(
                "b.jsonl",
                "{\"text\": \"a\"}\n{\"text\": \"b\", \"label\": 1}\n",
                "jsonl",
                options: new DataOptions(RequireLabels: false)
            ),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_pair_is_read_where_there_is_one()
    {
        var path = _folder.Write(
            "a.jsonl",
            "{\"text\": \"a\", \"text_pair\": \"b\", \"label\": \"x\"}\n{\"text\": \"c\", \"text_pair\": "
                + "\"d\", \"label\": \"y\"}\n"
        );
        Assert.Equal(["b", "d"], DataSet.Load(path, "jsonl", "train").Examples.Select(e => e.Text.Second));
        Assert.Null(DataSet.Load(path, "jsonl", "train", new DataOptions(PairColumn: "")).Examples[0].Text.Second);
    }

    [Theory]
    [InlineData("{\"text\": \"a\", \"label\": 0}\n{\"text\": \"b\"}\n", ":2: no field 'label'; found text")]
    [InlineData(
        "{\"text\": \"a\", \"label\": 0}\n{\"text\": null, \"label\": 1}\n",
        ":2: field 'text' is null; expected a string, number or boolean"
    )]
    [InlineData("{\"text\": \"a\", \"label\": 0}\n{\"text\": \n", ":2: not JSON")]
    [InlineData("{\"text\": \"a\", \"label\": 0}\n\n{\"text\": \"b\", \"label\": 1}\n", ":2: empty line")]
    [InlineData("{\"text\": \"a\", \"label\": 0}\n7\n", ":2: 7; expected one JSON object per line")]
    [InlineData("{\"text\": \"a\", \"label\": 0}\n{\"text\": \"\\ud800\", \"label\": 1}\n", ":2: not JSON")]
    [InlineData("not json\n", ":1: not JSON")]
    [InlineData("{\"txt\": \"a\", \"label\": 0}\n", ": no text column 'text' or 'sentence'; found 'txt', 'label'")]
    public void Malformed_files_are_refused_by_line(string content, string message) =>
        Assert.StartsWith(message, _folder.Refused("bad.jsonl", content, "jsonl"), StringComparison.Ordinal);
}
