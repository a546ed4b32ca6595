// House rules a compiler cannot hold: short files, nothing left open, no trace of the machine
// somebody worked on.
using System.Text.RegularExpressions;
using RobustTickets.Testing;
using Xunit;
using Xunit.Abstractions;

namespace RobustTickets.Tests.Layering;

public sealed class HouseRuleTests(ITestOutputHelper output)
{
    private const int Wanted = 400;
    private const int Limit = 500;

    private static readonly string Root = Golden.RepositoryRoot;

    // Put together from halves so that this file does not match itself.
    private static readonly Regex LeftOpen = new(@"\b(?:TO" + "DO|FIX" + "ME|NotImplemented" + @"Exception)\b");
    private static readonly Regex Workplace = new(@"(?<![\w./-])/(?:wo" + "rk|tmp/w" + "t|home|root)/");

    [Fact]
    public void Code_files_are_short_enough_to_hold_one_idea()
    {
        var lengths = RepositoryFiles
            .Below(Root, "")
            .Where(path => Path.GetExtension(path) is ".cs" or ".cpp" or ".h" or ".sh")
            .Select(path => (Path: path, Lines: File.ReadLines(Path.Combine(Root, path)).Count()))
            .Where(file => file.Lines > Wanted)
            .OrderByDescending(file => file.Lines)
            .ToList();
        foreach (var (path, lines) in lengths)
            output.WriteLine($"{lines} lines: {path}");
        Assert.True(
            lengths.All(file => file.Lines <= Limit),
            $"over {Limit} lines: " + string.Join(", ", lengths.Where(file => file.Lines > Limit))
        );
    }

    [Fact]
    public void Nothing_is_left_open() => AssertNowhere(LeftOpen);

    [Fact]
    public void No_text_names_a_folder_of_the_machine_it_was_written_on() => AssertNowhere(Workplace);

    [Theory]
    [InlineData("x // TO" + "DO later", true)]
    [InlineData("throw new NotImplemented" + "Exception();", true)]
    [InlineData("a mastodon", false)]
    public void The_search_for_open_ends_finds_them(string text, bool found) =>
        Assert.Equal(found, LeftOpen.IsMatch(text));

    [Theory]
    [InlineData("see /wo" + "rk/main/x", true)]
    [InlineData("cd \"/ro" + "ot/x\"", true)]
    [InlineData("docs/wo" + "rk/x and ../wo" + "rk/x and https://a.b/wo" + "rk/x", false)]
    public void The_search_for_folders_finds_them(string text, bool found) =>
        Assert.Equal(found, Workplace.IsMatch(text));

    private static void AssertNowhere(Regex pattern)
    {
        var found = new List<string>();
        foreach (var path in RepositoryFiles.Below(Root, ""))
        {
            if (RepositoryFiles.Text(Path.Combine(Root, path)) is not { } text)
                continue;
            foreach (Match match in pattern.Matches(text))
                found.Add($"{path}:{text.AsSpan(0, match.Index).Count('\n') + 1}: {match.Value}");
        }
        Assert.True(found.Count == 0, string.Join('\n', found));
    }
}
