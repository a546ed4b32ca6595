// The table of rooms in docs/reading-order.md says what is there, and no room is too large
// (docs/decisions/003-rooms.md).
using System.Globalization;
using System.Text.RegularExpressions;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Layering;

public sealed partial class RoomTableTests
{
    private const string Remedy = "run scripts/rooms.sh and say what a new room holds";
    private const int MostFiles = 25;
    private const int FilesOff = 3;
    private const double LinesOff = 0.15;

    private static readonly string Page = File.ReadAllText(
        Path.Combine(Golden.RepositoryRoot, "docs", "reading-order.md")
    );

    private sealed record Room(string Name, int Files, int Lines);

    [Fact]
    public void Each_folder_of_sources_is_a_row_with_its_files_and_lines()
    {
        var problems = Differences(Rows(Page), Counted());
        Assert.True(problems.Count == 0, $"{Remedy}\n{string.Join('\n', problems)}");
    }

    [Fact]
    public void A_table_that_is_wrong_is_found()
    {
        var counted = new[] { new Room("src/A", 10, 1000), new Room("src/B", 5, 500) };
        Assert.Empty(Differences([new("src/A", 13, 1140), new("src/B", 5, 500)], counted));
        Assert.Single(Differences([new("src/A", 14, 1000), new("src/B", 5, 500)], counted));
        Assert.Single(Differences([new("src/A", 10, 1160), new("src/B", 5, 500)], counted));
        Assert.Single(Differences([new("src/A", 10, 1000)], counted));
        Assert.Single(Differences([.. counted, new("src/C", 1, 1)], counted));
        Assert.Empty(Rows("<!-- rooms -->\n| `src/A` | 1 | 2 | ? |\n<!-- /rooms -->"));
    }

    [Fact]
    public void A_room_has_few_enough_files_to_be_seen_at_once() =>
        Assert.Empty(
            Counted().Where(room => room.Files > MostFiles).Select(room => $"{room.Name}: {room.Files} files")
        );

    private static List<string> Differences(IReadOnlyList<Room> told, IReadOnlyList<Room> counted)
    {
        var found = told.ExceptBy(counted.Select(room => room.Name), room => room.Name)
            .Select(room => $"{room.Name}: no such folder of sources")
            .ToList();
        foreach (var room in counted)
        {
            var row = told.FirstOrDefault(row => row.Name == room.Name);
            if (row is null)
                found.Add($"{room.Name}: no row, or a row that does not say what it holds");
            else if (Math.Abs(row.Files - room.Files) > FilesOff)
                found.Add($"{room.Name}: {row.Files} files told, {room.Files} found");
            else if (Math.Abs(row.Lines - room.Lines) > LinesOff * room.Lines)
                found.Add($"{room.Name}: {row.Lines} lines told, {room.Lines} found");
        }
        return found;
    }

    private static List<Room> Counted() =>
        [
            .. RepositoryFiles
                .Below(Golden.RepositoryRoot, "src")
                .Concat(RepositoryFiles.Below(Golden.RepositoryRoot, "native"))
                .Where(path => Path.GetExtension(path) is ".cs" or ".cpp" or ".h")
                .GroupBy(path => Path.GetDirectoryName(path)!.Replace('\\', '/'))
                .Select(room => new Room(
                    room.Key,
                    room.Count(),
                    room.Sum(path => File.ReadLines(Path.Combine(Golden.RepositoryRoot, path)).Count())
                )),
        ];

    /// <summary>Rows between the two markers that say what a room holds.</summary>
    private static List<Room> Rows(string page)
    {
        var start = page.IndexOf("<!-- rooms -->", StringComparison.Ordinal);
        var end = page.IndexOf("<!-- /rooms -->", StringComparison.Ordinal);
        Assert.True(start >= 0 && end > start, "docs/reading-order.md has no table between its two markers");
        return
        [
            .. Row().Matches(page[start..end]).Select(row => new Room(row.Groups[1].Value, Int(row, 2), Int(row, 3))),
        ];
    }

    private static int Int(Match row, int group) => int.Parse(row.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?m)^\| `([^`]+)` \| (\d+) \| (\d+) \| [^?\s|][^|]* \|$")]
    private static partial Regex Row();
}
