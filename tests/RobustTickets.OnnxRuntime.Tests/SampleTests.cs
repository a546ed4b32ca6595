using RobustTickets.Export;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.OnnxRuntime.Tests;

/// <summary>Samples compile as users compile them, run, and stand in the documents.</summary>
public sealed class SampleTests
{
    [Fact]
    public async Task An_ONNX_file_is_attacked_in_thirty_lines()
    {
        using var tiny = new TinyBert();
        tiny.Write();
        tiny.WriteConfig("a", "b", "c");
        using var output = new StringWriter { NewLine = "\n" };
        await AttackAnOnnxModel.Run(tiny.Folder, [("good film", "a"), ("a dull film", "b"), ("film", "c")], output);
        var lines = output.ToString().Split('\n');
        Assert.Equal(5, lines.Length);
        Assert.Matches("^0: (Success|Failed|Skipped) after [0-9]+ queries: ", lines[0]);
        Assert.Matches("^[0-3] right under attack$", lines[3]);
        Shown("AttackAnOnnxModel.cs", 30);
    }

    [Fact]
    public async Task A_transformer_of_ML_NET_is_attacked()
    {
        AttackAnMlNetModel.Review[] reviews =
        [
            .. Enumerable
                .Range(0, 40)
                .Select(i => new AttackAnMlNetModel.Review(
                    i % 2 == 0 ? $"a warm and moving film {i}" : $"a dull and flat story {i}",
                    i % 2 == 0
                )),
        ];
        using var output = new StringWriter { NewLine = "\n" };
        await AttackAnMlNetModel.Run(reviews, output);
        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(reviews.Length, lines.Length);
        Assert.All(lines, line => Assert.Matches(": (Success|Failed) after [1-9][0-9]* queries: ", line));
        Shown("AttackAnMlNetModel.cs", 40);
    }

    private static void Shown(string name, int most)
    {
        var source = File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "samples", name));
        Assert.InRange(source.Split('\n').Count(line => line.Trim().Length > 0), 10, most);
        Assert.Contains(
            "```csharp\n" + source + "```",
            File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "docs", "onnx.md")),
            StringComparison.Ordinal
        );
    }
}
