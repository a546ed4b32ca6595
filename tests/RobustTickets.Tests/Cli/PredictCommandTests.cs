using System.Text.Json.Nodes;
using RobustTickets.Cli;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>A classifier as a filter over rows.</summary>
[Collection(TorchCollection.Name)]
public sealed class PredictCommandTests : IDisposable
{
    private readonly TinyFolders _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_logit_that_is_no_number_is_told_by_its_line()
    {
        var bytes = File.ReadAllBytes(_tiny.Weights);
        var header = (int)BitConverter.ToInt64(bytes);
        var words = JsonNode.Parse(bytes.AsSpan(8, header))!["bert.embeddings.word_embeddings.weight"]!;
        var dull = Array.IndexOf(File.ReadAllLines(_tiny.Below("model", "vocab.txt")), "dull");
        var width = (int)words["shape"]![1]!;
        var row = 8 + header + (int)words["data_offsets"]![0]! + dull * width * sizeof(float);
        for (var i = 0; i < width; i++)
            BitConverter.GetBytes(float.MaxValue).CopyTo(bytes, row + i * sizeof(float));
        File.WriteAllBytes(_tiny.Weights, bytes);
        var lines = string.Concat(Enumerable.Repeat("good film\n", 4)) + "\ndull film\n";
        var run = CliRun.With(lines, "predict", "--model", _tiny.Model, "--format", "text", "--batch-size", "3");
        Assert.Equal(ExitCodes.Numeric, run.Code);
        Assert.Contains("standard input:6: ", run.Error);
        Assert.Equal(3, run.Out.Count(c => c == '\n'));
    }

    [Fact]
    public void Answers_come_in_order_with_the_other_fields_of_each_row()
    {
        const string Csv = "id,text,label,scores\n7,good film,positive,x\n8,\"a, dull\",negative,y\n";
        File.WriteAllText(_tiny.Below("in.csv"), Csv);
        var run = CliRun.Of("predict", "--model", _tiny.Model, "--input", _tiny.Below("in.csv"));
        Assert.True(run.Code == 0, run.Error);
        var answers = run
            .Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonNode.Parse(l)!)
            .ToList();
        Assert.Equal(["7", "8"], answers.Select(a => (string)a["id"]!));
        Assert.Equal(["positive", "negative"], answers.Select(a => (string)a["input_label"]!));
        Assert.Equal(["x", "y"], answers.Select(a => (string)a["input_scores"]!));
        Assert.All(answers, a => Assert.Equal(2, a["scores"]!.AsObject().Count));

        // No field takes the place of another.
        var named = CliRun.With(
            """{"text":"good film","label":"A","input_label":"B"}""",
            "predict",
            "--model",
            _tiny.Model
        );
        var kept = JsonNode.Parse(named.Out)!;
        Assert.Equal(("A", "B"), ((string)kept["input_input_label"]!, (string)kept["input_label"]!));
        File.WriteAllText(_tiny.Below("gaps.csv"), "text,,\ngood film,1,2\n");
        var gaps = JsonNode.Parse(
            CliRun.Of("predict", "--model", _tiny.Model, "--input", _tiny.Below("gaps.csv")).Out
        )!;
        Assert.Equal(("1", "2"), ((string)gaps["column_2"]!, (string)gaps["column_3"]!));

        const string Lines = """
            {"id": [1, {"a": null}], "n": 1.50, "text": "good film"}
            {"text": "bad \ud83d film", "id": 2}
            {"text": "a, dull", "id": "3"}
            """;
        var stop = CliRun.With(Lines, "predict", "--model", _tiny.Model);
        Assert.Equal(ExitCodes.Data, stop.Code);
        Assert.Contains("standard input:2: ", stop.Error);
        var first = JsonNode.Parse(stop.Out)!;
        Assert.Equal("[1,{\"a\":null}] 1.50", $"{first["id"]!.ToJsonString()} {first["n"]!.ToJsonString()}");
        Assert.Equal(answers[0]["scores"]!.ToJsonString(), first["scores"]!.ToJsonString());
        // What a batch may hold is no memory that is taken.
        var whole = CliRun.With(
            "good film\n",
            "predict",
            "--model",
            _tiny.Model,
            "--format",
            "text",
            "--batch-size",
            $"{int.MaxValue}"
        );
        Assert.True(whole.Code == 0, whole.Error);
        var skip = CliRun.With(Lines, "predict", "--model", _tiny.Model, "--skip-bad-rows");
        Assert.Equal((0, 2), (skip.Code, skip.Out.Count(c => c == '\n')));
        var plain = CliRun.With("good film\na, dull\n", "predict", "--model", _tiny.Model, "--format", "text");
        Assert.Equal(
            answers.Select(a => a["scores"]!.ToJsonString()),
            plain
                .Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => JsonNode.Parse(l)!["scores"]!.ToJsonString())
        );
    }
}
