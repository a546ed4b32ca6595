// docs/map.md names every folder of sources, and no folder is too large to be seen at once
// (docs/decisions/003-folders.md).
using System.Text.RegularExpressions;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Layering;

public sealed partial class MapTests
{
    private const int MostFiles = 25;

    [Fact]
    public void Each_folder_of_sources_is_on_the_map_once_with_what_it_holds()
    {
        var told = Rows(File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "docs", "map.md")));
        Assert.Equal(Folders().Select(f => f.Key).Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Folders_of_a_project_stand_in_the_order_of_the_layers()
    {
        var told = Rows(File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "docs", "map.md")));
        foreach (var project in told.Where(r => r.Count(c => c == '/') > 1).GroupBy(r => r.Split('/')[1]))
        {
            string[] folders = [.. project.Select(r => r["src/".Length..].Replace('/', '.'))];
            string[] layers = [.. Layers.Table.Select(l => l.Name).Where(folders.Contains)];
            Assert.Equal(layers, folders.Where(layers.Contains));
        }
    }

    [Fact]
    public void A_row_is_read_below_its_project_and_only_with_words()
    {
        const string Page = "## src/A\n\n| folder | holds |\n|---|---|\n| `.` | a |\n| `B/C` | c |\n| `D` |  |\n";
        Assert.Equal(["src/A", "src/A/B/C", "native"], Rows(Page + "\n## native\n\n| `.` | the C side |\n"));
    }

    [Fact]
    public void A_folder_has_few_enough_files_to_be_seen_at_once() =>
        Assert.Empty(Folders().Where(f => f.Count() > MostFiles).Select(f => $"{f.Key}: {f.Count()} files"));

    private static List<IGrouping<string, string>> Folders() =>
        [
            .. RepositoryFiles
                .Below(Golden.RepositoryRoot, "src")
                .Concat(RepositoryFiles.Below(Golden.RepositoryRoot, "native"))
                .Where(path => Path.GetExtension(path) is ".cs" or ".cpp" or ".h")
                .GroupBy(path => Path.GetDirectoryName(path)!.Replace('\\', '/')),
        ];

    private static List<string> Rows(string page)
    {
        var (project, rows) = ("", new List<string>());
        foreach (var line in page.Split('\n'))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                project = line[3..];
            else if (Row().Match(line) is { Success: true } row)
                rows.Add(row.Groups[1].Value == "." ? project : $"{project}/{row.Groups[1].Value}");
        }
        return rows;
    }

    [GeneratedRegex(@"^\| `([^`]+)` \| [^\s|][^|]* \|$")]
    private static partial Regex Row();
}
