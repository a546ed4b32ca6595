// Documents that do not rot: links lead somewhere, tables name what the code has.
using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RobustTickets.Cli;
using RobustTickets.Testing;
using RobustTickets.Tests.Cli;
using Xunit;

namespace RobustTickets.Tests.Layering;

public sealed partial class DocumentationTests
{
    private static readonly string Root = Golden.RepositoryRoot;
    private static readonly string Commands = Read("docs/commands.md");

    private static IEnumerable<string> Documents =>
        RepositoryFiles.Below(Root, "").Where(path => path.EndsWith(".md", StringComparison.Ordinal));

    [Fact]
    public void Links_lead_to_files_and_anchors_that_are_there()
    {
        var broken = Documents.SelectMany(path => BrokenLinks(path, Read(path))).ToList();
        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }

    [Theory]
    [InlineData("see [x](docs/none.md)", true)]
    [InlineData("see [x](README.md#no-such-heading)", true)]
    [InlineData("see [x](docs/commands.md#exit-codes), [y](https://example.org/none), [z](docs/memory.md)", false)]
    [InlineData("`[x](docs/none.md)`", false)]
    public void A_broken_link_is_found(string text, bool broken) =>
        Assert.Equal(broken, BrokenLinks("X.md", text).Any());

    // A link to a file may be followed by what is meant in it: (`Name`, `Other`).
    [Fact]
    public void Names_behind_a_link_to_code_are_in_that_file()
    {
        var gone = Documents.SelectMany(path => GoneNames(path, Read(path))).ToList();
        Assert.True(gone.Count == 0, string.Join('\n', gone));
        Assert.Single(
            GoneNames(
                "X.md",
                "[DocumentationTests.cs](tests/RobustTickets.Tests/Layering/DocumentationTests.cs) "
                    + "(`GoneNames`, `Never"
                    + "There`)"
            )
        );
    }

    private static IEnumerable<string> GoneNames(string path, string text) =>
        from Match link in NamesOfCode().Matches(text)
        let file = Path.GetFullPath(Path.Combine(Root, Path.GetDirectoryName(path)!, link.Groups["file"].Value))
        where File.Exists(file)
        let code = File.ReadAllText(file)
        from Capture name in link.Groups["name"].Captures
        where Regex.Matches(name.Value, @"\w+").Any(word => !code.Contains(word.Value, StringComparison.Ordinal))
        select $"{path}: `{name.Value}` is not in {link.Groups["file"].Value}";

    [Fact]
    public void The_code_of_the_readme_stands_in_a_sample_that_is_compiled_and_run()
    {
        var shown = Lines(CodeOfCSharp().Match(Read("README.md")).Groups[1].Value);
        var samples = RepositoryFiles
            .Below(Root, "samples")
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal));
        Assert.InRange(shown.Count, 5, 16);
        Assert.Contains(samples, sample => shown.IsSubsetOf(Lines(Read(sample))));
    }

    [Fact]
    public void Each_exit_code_is_in_the_table_of_commands_md()
    {
        var table = Section(Commands, "Exit codes");
        foreach (
            var code in typeof(ExitCodes)
                .GetFields()
                .Where(field => field.IsLiteral)
                .Select(field => (int)field.GetRawConstantValue()!)
        )
        {
            Assert.Matches($@"\|[^|]*\b{code.ToString(CultureInfo.InvariantCulture)}\b[^|]*\|", table);
        }
    }

    [Fact]
    public void Each_environment_variable_of_the_program_is_in_commands_md_and_the_help()
    {
        var names = RepositoryFiles
            .Below(Root, "src")
            .Concat(RepositoryFiles.Below(Root, "scripts"))
            .Concat(RepositoryFiles.Below(Root, "native"))
            .Append("robust-tickets")
            .SelectMany(path =>
                RepositoryFiles.Text(Path.Combine(Root, path)) is { } text
                    ? OwnVariable().Matches(text).Select(match => match.Value)
                    : []
            )
            .Distinct()
            .ToList();
        Assert.NotEmpty(names);
        var table = Section(Commands, "Environment variables");
        Assert.All(names, name => Assert.Contains($"| `{name}` |", table));
        // Set by the program for its own processes, and by the launcher for native/build.sh.
        string[] own = ["ROBUST_TICKETS_COMMAND", "ROBUST_TICKETS_LAUNCHED", "ROBUST_TICKETS_NATIVE_BUILD"];
        var help = OwnVariable().Matches(CliRun.Of("--help").Out).Select(match => match.Value);
        Assert.Equal(names.Except(own).Order(), help.Order());
    }

    [Fact]
    public void The_changelog_begins_with_the_version_that_is_built()
    {
        var version = XDocument.Load(Path.Combine(Root, "Directory.Build.props")).Descendants("Version").Single().Value;
        Assert.Equal(
            version,
            Regex.Match(Read("CHANGELOG.md"), @"^## \[([^\]]+)\]", RegexOptions.Multiline).Groups[1].Value
        );
    }

    [Fact]
    public void Every_decision_is_in_the_index_and_says_its_status()
    {
        var index = Read("docs/decisions/README.md");
        foreach (
            var path in RepositoryFiles
                .Below(Root, "docs/decisions")
                .Where(path => !path.EndsWith("README.md", StringComparison.Ordinal))
        )
        {
            Assert.Contains($"({Path.GetFileName(path)})", index);
            Assert.Matches(@"(?m)^Status: (accepted|replaced by \d{3})", Read(path));
        }
    }

    private static HashSet<string> Lines(string text) =>
        [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];

    /// <summary>The text below a heading, up to the next one.</summary>
    private static string Section(string text, string heading)
    {
        var start = text.IndexOf($"\n## {heading}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"no heading '{heading}'");
        var end = text.IndexOf("\n## ", start + 1, StringComparison.Ordinal);
        return end < 0 ? text[start..] : text[start..end];
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static IEnumerable<string> BrokenLinks(string path, string text)
    {
        // What stands in code is an example, not a link.
        text = Code().Replace(text, match => new string(' ', match.Length));
        foreach (Match match in Link().Matches(text))
        {
            var target = match.Groups[1].Value;
            if (target.Contains("://", StringComparison.Ordinal))
                continue;
            var parts = target.Split('#', 2);
            var file =
                parts[0].Length == 0
                    ? path
                    : Path.GetRelativePath(
                        Root,
                        Path.GetFullPath(Path.Combine(Root, Path.GetDirectoryName(path)!, parts[0]))
                    );
            var full = Path.Combine(Root, file);
            if (!File.Exists(full) && !Directory.Exists(full))
                yield return $"{path}: {target}: no such file";
            else if (parts.Length == 2 && File.Exists(full) && !Anchors(Read(file)).Contains(parts[1]))
                yield return $"{path}: {target}: no such anchor";
        }
    }

    /// <summary>
    /// Explicit anchors, and headings in the form that is made of them: lower case, punctuation
    /// dropped, blanks to hyphens.
    /// </summary>
    private static HashSet<string> Anchors(string text) =>
        [
            .. Anchor().Matches(text).Select(match => match.Groups[1].Value),
            .. Heading()
                .Matches(text)
                .Select(match =>
                    Regex
                        .Replace(match.Groups[1].Value.ToLowerInvariant(), @"<[^>]*>|[^\w\s-]", "")
                        .Trim()
                        .Replace(' ', '-')
                ),
        ];

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\]\((?<file>[^)#\s]+\.(?:cs|cpp|h))\)\s*\((?:`(?<name>[^`\n]+)`(?:, | and )?)+\)")]
    private static partial Regex NamesOfCode();

    [GeneratedRegex(@"(?s)```.*?```|`[^`\n]*`")]
    private static partial Regex Code();

    [GeneratedRegex(@"(?s)```csharp\n(.*?)```")]
    private static partial Regex CodeOfCSharp();

    [GeneratedRegex(@"<a id=""([^""]+)""")]
    private static partial Regex Anchor();

    [GeneratedRegex(@"(?m)^#+ (.+)$")]
    private static partial Regex Heading();

    [GeneratedRegex("ROBUST_TICKETS_[A-Z_]+")]
    private static partial Regex OwnVariable();
}
