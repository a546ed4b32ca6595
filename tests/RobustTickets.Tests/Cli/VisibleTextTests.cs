using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Terminal;
using RobustTickets.Hardening;
using RobustTickets.Reports;
using RobustTickets.Reports.Figures;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>No text of a stranger moves the cursor or turns the reading direction.</summary>
public sealed class VisibleTextTests
{
    private const string Hostile = "a\u001b[2J\u009b1m\u007f \u202egood\u2066 \r\u0007\u200f";

    [Fact]
    public void Controls_are_shown_as_escapes_that_json_reads_back()
    {
        Assert.Equal(@"a\u001b[2J\u009b1m\u007f \u202egood\u2066 \u000d\u0007\u200f", VisibleText.Of(Hostile));
        Assert.Equal(
            "tab\t, line\n, \u00e9 \u05d0 \U0001f600",
            VisibleText.Of("tab\t, line\n, \u00e9 \u05d0 \U0001f600")
        );
        Assert.Equal(@"a\u000ab", VisibleText.OnOneLine("a\nb"));
        var json = new JsonObject { ["a"] = "\\\u202e\u009b\\" }.ToJsonString();
        Assert.Equal("\\\u202e\u009b\\", (string)JsonNode.Parse(VisibleText.Of(json))!["a"]!);
    }

    [Fact]
    public void Whatever_is_printed_passes_through()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var stop = StopSignal.Detached();
        var context = new RobustTickets.Cli.CliContext(output, error, TextReader.Null, stop, TerminalInfo.None);
        context.Out.Write(Hostile);
        context.Out.Write('\u202e');
        context.Out.WriteLine(Hostile);
        context.Out.WriteLine($"{Hostile}{1}");
        ErrorPrinter.Print(context, Hostile, Hostile);
        new ProgressPrinter(context.Error, new TerminalInfo(true, true, 80)).Note(Hostile);
        Assert.All(
            output.ToString() + error,
            c => Assert.False(VisibleText.IsHidden(c), $"U+{(int)c:X4} reached the terminal")
        );
        Assert.Contains("error: ", error.ToString());
    }

    [Fact]
    public void A_page_shows_them_too() =>
        Assert.Equal(@"&lt;\u001b[1m\u202e\u0085&gt;", Svg.Escape("<\u001b[1m\u202e\u0085>"));

    [Fact]
    public void The_page_of_a_comparison_shows_them_whatever_they_stand_in()
    {
        const string hostile = Hostile + "<script>|";
        var figure = new HardenFigure(hostile, true, 9, 0.5, true, 1.2, 0.5, 0.4, 0.6, new(1, 2, 0.1, 0, 0.2, 0.5));
        var result = new HardenResult(
            1,
            hostile,
            hostile,
            hostile,
            hostile,
            hostile,
            hostile,
            [new(hostile, hostile, hostile, 0.9, 0.8, 0.95, 10, 1, 3, [figure])],
            [new(hostile, 0.9, [0.5], 10, 3)],
            9,
            [hostile],
            [new(hostile, hostile)],
            [hostile],
            60,
            50
        );
        var page = HardenReport.Html(result);
        Assert.DoesNotContain("<script", page);
        Assert.Matches("<th scope=\"col\">Model</th><th scope=\"col\">[^<]* %</th><th scope=\"col\">against", page);
        Assert.All(page.Replace("\r", "", StringComparison.Ordinal), c => Assert.False(VisibleText.IsHidden(c)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_attacked_text_is_coloured_by_the_program_alone(bool color)
    {
        using var output = new StringWriter { NewLine = "\n" };
        KeyValuePair<string, string>[] column = [new("text", "bad \u001b[31m\u202e\nfilm")];
        var outcome = new AttackOutcome(
            Id: "0",
            Label: 0,
            Result: AttackResult.Failed,
            Queries: 1,
            UniqueForwards: 1,
            Original: column,
            Perturbed: column,
            OriginalOutput: 0,
            PerturbedOutput: 0,
            OriginalScore: 0.1,
            PerturbedScore: 0.2,
            Words: 2,
            WordsChanged: 1,
            OriginalMarks: [0],
            PerturbedMarks: [0],
            Similarity: null,
            Constraints: []
        );
        AttackPrinter.Print(VisibleWriter.Around(output), outcome, ["no", "yes"], TextAttackVersion.V034, color);
        var text = output.ToString();
        Assert.Contains(@"\u001b[31m\u202e\u000afilm", text);
        Assert.Equal(color ? 4 : 0, text.Count(c => c == '\u001b'));
        Assert.DoesNotContain('\u202e', text);
    }
}
