// House rules a compiler cannot hold: short files, narrow lines, nothing left open, no trace of the
// machine somebody worked on.
using System.Text.RegularExpressions;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Layering;

public sealed class HouseRuleTests
{
    private const int CodeColumns = 120;
    private const int CommentColumns = 100;
    private const int FileLines = 400;

    private static readonly string Root = Golden.RepositoryRoot;

    // Put together from halves so that this file does not match itself.
    private static readonly Regex LeftOpen = new(@"\b(?:TO" + "DO|FIX" + "ME|NotImplemented" + @"Exception)\b");
    private static readonly Regex PrivateNumber = new(
        @"\b(?:sp"
            + @"ec|sp"
            + @"ecification|DES"
            + @"IGN)(?: [a-z]+)?,? (?:[A-Z]\.)?[0-9]"
            + @"|\w\.md,?[\s/*]+(?:section )?(?:[A-Z]\.)?[0-9]"
    );
    private static readonly Regex WallClock = new(
        @"DateTime(?:Offset)?\.(?:Utc)?(?:Now|Today)|Get(?:Utc|Local)Now\(|(?:Write|Creation|Access)Time(?:Utc)?\("
    );
    private static readonly Regex JsonCatch = new(
        @"catch \((?:\w+\.)*(?:(?:JsonException (?<name>\w+)\))"
            + @"|(?:Exception (?<name>\w+)\)\s*when[^{]*JsonException[^{]*))"
            + @"\s*(?<block>\{(?:[^{}]|(?<open>\{)|(?<-open>\}))*(?(open)(?!))\})"
    );
    private static readonly Regex MergeMark = new(@"^(?:<{7}|>{7})(?: |$)", RegexOptions.Multiline);
    private static readonly Regex Workplace = new(@"(?<![\w./-])/(?:wo" + "rk|tmp/w" + "t|home|root)/");

    private static readonly Regex SystemNewLine = new(@"WriteIndented = true(?!,\s+NewLine = ""\\n"")");

    private static IEnumerable<string> Code =>
        RepositoryFiles.Below(Root, "").Where(path => Path.GetExtension(path) is ".cs" or ".cpp" or ".h");

    [Fact]
    public void Code_files_are_short_enough_to_hold_one_idea()
    {
        var over = RepositoryFiles
            .Below(Root, "")
            .Where(path => Path.GetExtension(path) is ".cs" or ".cpp" or ".h" or ".sh")
            .Select(path => (Path: path, Lines: File.ReadLines(Path.Combine(Root, path)).Count()))
            .Where(file => file.Lines > FileLines)
            .Select(file => $"{file.Lines} lines: {file.Path}");
        Assert.Empty(over);
    }

    [Fact]
    public void Code_and_comments_are_narrow_enough_to_be_read_beside_each_other()
    {
        var built = RepositoryFiles.Below(Root, "native").Where(path => Path.GetExtension(path) is ".txt" or ".sh");
        var over = Code.Concat(built)
            .SelectMany(path =>
                File.ReadLines(Path.Combine(Root, path))
                    .Select((line, i) => (Line: line, Place: $"{path}:{i + 1}"))
                    .Where(line => IsWide(line.Line))
                    .Select(line => $"{line.Place}: {line.Line.Length} columns")
            );
        Assert.Empty(over);
    }

    [Fact]
    public void The_head_of_a_file_says_what_it_is_in_three_lines()
    {
        var over = Code.Select(path =>
                (
                    Path: path,
                    Lines: File.ReadLines(Path.Combine(Root, path))
                        .TakeWhile(line =>
                            line.StartsWith("//", StringComparison.Ordinal)
                            && !line.StartsWith("///", StringComparison.Ordinal)
                        )
                        .Count()
                )
            )
            .Where(head => head.Lines > 3)
            .Select(head => $"{head.Path}: {head.Lines} lines");
        Assert.Empty(over);
    }

    [Fact]
    public void Nothing_is_left_open() => AssertNowhere(LeftOpen);

    // A source is cited as a paper's equation or section, a class of TextAttack, or a page of
    // docs/methods and its heading.
    [Fact]
    public void No_source_is_cited_by_a_number_that_readers_cannot_look_up() =>
        AssertNowhere(PrivateNumber, "src", "native", "tests", "benchmarks", "samples");

    [Fact]
    public void No_merge_was_left_half_done() => AssertNowhere(MergeMark);

    [Fact]
    public void No_text_names_a_folder_of_the_machine_it_was_written_on() => AssertNowhere(Workplace);

    // Otherwise Windows writes other bytes, with another hash.
    [Fact]
    public void Indented_JSON_has_the_same_line_ends_on_every_system() => AssertNowhere(SystemNewLine, "src");

    [Theory]
    [InlineData("WriteIndented = true,\n    NewLine = \"\\n\"", false)]
    [InlineData("WriteIndented = true,\n    Encoder = x", true)]
    [InlineData("new() { WriteIndented = true }", true)]
    public void The_search_for_line_ends_of_the_system_finds_them(string text, bool found) =>
        Assert.Equal(found, SystemNewLine.IsMatch(text));

    // String literals of several lines and embedded tables are built from the bytes of a checkout.
    [Fact]
    public void Texts_have_LF_and_git_is_told_so()
    {
        AssertNowhere(new Regex("\r"), "src", "native", "tests", "docs", "scripts", "recipes", "samples", "packaging");
        Assert.Contains("* text=auto eol=lf", File.ReadLines(Path.Combine(Root, ".gitattributes")));
    }

    // Durations, budgets and what is newer never come from a clock that somebody may set: it dates
    // results and attacks, and decides nothing.
    [Fact]
    public void The_wall_clock_dates_results_and_decides_nothing()
    {
        var readers = RepositoryFiles
            .Below(Root, "src")
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal))
            .Where(path => WallClock.IsMatch(File.ReadAllText(Path.Combine(Root, path))))
            .Select(path => Path.GetFileName(path));
        Assert.Equal(["EnvironmentStamp.cs", "RunConclusion.cs"], readers.Order(StringComparer.Ordinal));
    }

    // The message of a JsonException quotes what follows and counts lines from zero.
    [Fact]
    public void What_is_no_JSON_is_told_by_its_reason()
    {
        var raw = RepositoryFiles
            .Below(Root, "src")
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal))
            .SelectMany(path => RawJsonMessages(File.ReadAllText(Path.Combine(Root, path))).Select(_ => path));
        Assert.Empty(raw);
    }

    [Theory]
    [InlineData("catch (JsonException e) { throw new X($\"{path}: {e.Message}\", e); }", 1)]
    [InlineData("catch (Exception e)\n when (e is A or System.Text.Json.JsonException)\n { Say(e.Message); }", 1)]
    [InlineData("catch (JsonException e) { throw new X(GuardedJson.Reason(e), e); }", 0)]
    [InlineData("catch (JsonException e) { } catch (IOException e) { Say(e.Message); }", 0)]
    public void The_search_for_raw_messages_of_the_JSON_reader_finds_them(string text, int found) =>
        Assert.Equal(found, RawJsonMessages(text).Count());

    [Theory]
    [InlineData("x // TO" + "DO later", true)]
    [InlineData("throw new NotImplemented" + "Exception();", true)]
    [InlineData("a mastodon", false)]
    public void The_search_for_open_ends_finds_them(string text, bool found) =>
        Assert.Equal(found, LeftOpen.IsMatch(text));

    [Theory]
    [InlineData("// stop rules (sp" + "ec 8.7)", true)]
    [InlineData("// the tagger, sp" + "ecification A.4", true)]
    [InlineData("// DES" + "IGN 2.5, 2.6", true)]
    [InlineData("// sp" + "ec performance 2", true)]
    [InlineData("/// tune on it (methods.md" + "\n    /// 9.5); here", true)]
    [InlineData("// docs/methods/attacks.md," + " 2.1", true)]
    [InlineData("// docs/methods/attacks.md, TextFooler", false)]
    [InlineData("// EarlyRobust eq. 5, RobusT 3.3, https://git-lfs.github.com/sp" + "ec/v1", false)]
    public void The_search_for_private_numbers_finds_them(string text, bool found) =>
        Assert.Equal(found, PrivateNumber.IsMatch(text));

    [Theory]
    [InlineData("see /wo" + "rk/main/x", true)]
    [InlineData("cd \"/ro" + "ot/x\"", true)]
    [InlineData("docs/wo" + "rk/x and ../wo" + "rk/x and https://a.b/wo" + "rk/x", false)]
    public void The_search_for_folders_finds_them(string text, bool found) =>
        Assert.Equal(found, Workplace.IsMatch(text));

    [Theory]
    [InlineData("        // ", 89, false)]
    [InlineData("        // ", 90, true)]
    [InlineData("    # ", 94, false)]
    [InlineData("    # ", 95, true)]
    [InlineData("        var x = ", 104, false)]
    [InlineData("        var x = ", 105, true)]
    [InlineData("    /// <inheritdoc cref=\"Custom(A, B)\"/>", 90, false)]
    public void The_search_for_wide_lines_finds_them(string start, int more, bool found) =>
        Assert.Equal(found, IsWide(start + new string('x', more)));

    // A reference in XML documentation cannot be broken.
    private static bool IsWide(string line)
    {
        var text = line.TrimStart();
        var comment =
            text.StartsWith("//", StringComparison.Ordinal) || text.StartsWith("# ", StringComparison.Ordinal);
        return comment && text.Contains("cref=\"") ? false : line.Length > (comment ? CommentColumns : CodeColumns);
    }

    private static void AssertNowhere(Regex pattern, params string[] folders)
    {
        var found = new List<string>();
        foreach (var path in RepositoryFiles.Below(Root, ""))
        {
            if (folders.Length > 0 && !folders.Contains(path.Split('/')[0]))
                continue;
            if (RepositoryFiles.Text(Path.Combine(Root, path)) is not { } text)
                continue;
            foreach (Match match in pattern.Matches(text))
                found.Add($"{path}:{text.AsSpan(0, match.Index).Count('\n') + 1}: {match.Value}");
        }
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    private static IEnumerable<Match> RawJsonMessages(string code) =>
        JsonCatch.Matches(code).Where(m => m.Value.Contains($"{m.Groups["name"]}.Message", StringComparison.Ordinal));
}
