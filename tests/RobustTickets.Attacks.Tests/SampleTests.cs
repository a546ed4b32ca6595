using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// The sample of the README: it compiles (this project includes it), runs, and is the one that is
/// shown.
/// </summary>
public class SampleTests
{
    private static readonly string Source = File.ReadAllText(
        Path.Combine(Golden.RepositoryRoot, "samples", "AttackAFunction.cs")
    );

    [Fact]
    public async Task Any_function_can_be_attacked()
    {
        using var output = new StringWriter { NewLine = "\n" };
        await WordListVictim.Run(output);
        Assert.Equal(
            "a: Success after 9 queries: a fine and touching film\nb: Failed after 4 queries: a dull story\n",
            output.ToString()
        );
    }

    [Fact]
    public void The_sample_is_short_and_stands_in_the_document_as_it_is()
    {
        Assert.InRange(Source.Split('\n').Count(line => line.Trim().Length > 0), 10, 32);
        Assert.Contains(
            "```csharp\n" + Source + "```",
            File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "docs", "attack-a-function.md")),
            StringComparison.Ordinal
        );
    }
}
