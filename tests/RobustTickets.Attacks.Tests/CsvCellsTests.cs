using RobustTickets.Attacks.Metrics;
using Xunit;

namespace RobustTickets.Attacks.Tests;

public sealed class CsvCellsTests
{
    [Theory]
    [InlineData("=HYPERLINK(1)", true)]
    [InlineData("+1", true)]
    [InlineData("-1 star", true)]
    [InlineData("@film", true)]
    [InlineData("\t=1", true)]
    [InlineData("a = b", false)]
    [InlineData("", false)]
    public void A_text_that_a_spreadsheet_would_run_is_guarded_only_when_asked(string text, bool runs)
    {
        var outcome = new AttackOutcome(
            "a",
            1,
            AttackResult.Failed,
            3,
            2,
            [new("text", text)],
            [new("text", text)],
            1,
            1,
            0.5,
            0.5,
            0,
            0,
            [],
            [],
            null,
            []
        );
        string Row(CsvCells cells) => TextAttackFormat.Row(outcome, TextAttackVersion.V034, cells);
        Assert.StartsWith($"\"{text}\",\"{text}\",", Row(CsvCells.AsTextAttack));
        var cell = runs ? "'" + text : text;
        Assert.StartsWith($"\"{cell}\",\"{cell}\",", Row(CsvCells.Guarded));
    }
}
