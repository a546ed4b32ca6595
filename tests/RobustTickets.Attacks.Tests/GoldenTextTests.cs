using System.Text.Json;
using RobustTickets.Attacks.Python;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Unit fixtures of golden/attacks: words, edits, windows, letter case, tags. Mutants: windows one
/// word wider on each side, and the rules of another release, must fail on the same fixtures.
/// </summary>
public class GoldenTextTests
{
    public static TheoryData<string> Versions()
    {
        var data = new TheoryData<string>();
        var folders = GoldenAttacks.Instance is { } g
            ? Directory
                .GetDirectories(g.Folder)
                .Select(d => Path.GetFileName(d)!)
                .Where(v => GoldenAttacks.VersionOf(v) is not null)
                .Order(StringComparer.Ordinal)
                .ToList()
            : ["none"];
        foreach (var f in folders)
            data.Add(f);
        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Versions))]
    public void Words_edits_and_windows_are_reproduced(string version)
    {
        if (Fixture(version) is not { } path)
        {
            throw Golden.Skip($"attacks: {version}/unit_attacked_text");
        }
        var (checks, wrong) = Compare(path, GoldenAttacks.VersionOf(version)!.Value);
        Assert.True(checks > 0);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {checks} checks differ\n" + string.Join('\n', wrong.Take(5)));
    }

    [SkippableFact]
    public void Windows_one_word_wider_fail_the_same_fixtures()
    {
        if (Fixture("v0.3.4") is not { } path)
        {
            throw Golden.Skip("attacks: mutant of unit_attacked_text");
        }
        var (checks, wrong) = Compare(path, TextAttackVersion.V034, widen: 2);
        GoldenRows.RequireNoticed(wrong.Count > 0, checks, "attacks: windows one word wider");
    }

    [SkippableTheory]
    [InlineData("HEAD", "v0.3.4")]
    [InlineData("v0.3.0", "v0.3.4")]
    [InlineData("v0.3.4", "HEAD")]
    [InlineData("v0.3.4", "v0.3.0")]
    public void The_rules_of_another_release_fail_the_fixtures(string fixtures, string rules)
    {
        if (Fixture(fixtures) is not { } path || File.ReadLines(path).Count() < GoldenRows.Many)
        {
            throw Golden.Skip($"attacks: {fixtures}/unit_attacked_text with {GoldenRows.Many} texts");
        }
        Assert.NotEmpty(Compare(path, GoldenAttacks.VersionOf(rules)!.Value).Wrong);
    }

    [SkippableFact]
    public void Letter_case_is_reproduced()
    {
        if (Golden.Folder("attacks", "unit_case.jsonl") is not { } path)
        {
            throw Golden.Skip("attacks: unit_case");
        }
        var (checks, unchanged) = (0, 0);
        foreach (var line in File.ReadLines(path).Where(l => l.Length > 0))
        {
            using var json = JsonDocument.Parse(line);
            var reference = json.RootElement.GetProperty("reference").GetString()!;
            foreach (var e in json.RootElement.GetProperty("out").EnumerateObject())
            {
                var expected = e.Value.GetString()!;
                Assert.Equal((reference, e.Name, expected), (reference, e.Name, LetterCase.Restore(e.Name, reference)));
                checks++;
                unchanged += expected == e.Name ? 1 : 0;
            }
        }
        Assert.True(checks > 0);
        GoldenRows.RequireNoticed(unchanged < checks, checks, "attacks: letter case left as it is");
    }

    [SkippableFact]
    public void Tags_are_reproduced()
    {
        if (Golden.Folder("attacks", "unit_pos.jsonl") is not { } path || GoldenAttacks.Tagger is not { } tagger)
        {
            throw Golden.Skip("attacks: unit_pos");
        }
        var checkedWords = 0;
        var differsWithoutContext = 0;
        foreach (var line in File.ReadLines(path).Where(l => l.Length > 0))
        {
            using var json = JsonDocument.Parse(line);
            string[] Strings(string name) =>
                [.. json.RootElement.GetProperty(name).EnumerateArray().Select(e => e.GetString()!)];
            var words = Strings("words");
            var tags = tagger.Tag(words);
            Assert.Equal(Strings("ptb"), tags);
            Assert.Equal(Strings("universal"), tags.Select(tagger.Universal));
            checkedWords += words.Length;
            differsWithoutContext += words.Where((w, i) => tagger.Tag([w])[0] != tags[i]).Count();
            for (var i = 0; i < words.Length; i++)
            {
                var first = Array.IndexOf(words, words[i]);
                Assert.Equal(tagger.Universal(tags[first]), tagger.TagOfFirst(words, i, words[i]));
            }
        }
        Assert.True(checkedWords > 0);
        GoldenRows.RequireNoticed(differsWithoutContext > 0, checkedWords, "attacks: every word tagged alone");
    }

    private static string? Fixture(string version) => Golden.Folder("attacks", version, "unit_attacked_text.jsonl");

    private static (int Checks, List<string> Wrong) Compare(string path, TextAttackVersion version, int widen = 0)
    {
        var wrong = new List<string>();
        var checks = 0;
        void Check(string what, string expected, string actual)
        {
            checks++;
            if (expected != actual)
                wrong.Add($"{what}: expected {expected}, got {actual}");
        }
        foreach (var line in File.ReadLines(path).Where(l => l.Length > 0))
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            var text = AttackedText.Create(GoldenAttacks.Columns(root.GetProperty("input")), version);
            Check("words", Join(root.GetProperty("words")), string.Join('|', text.Words));
            Check(
                "words per column",
                string.Join(',', root.GetProperty("words_per_input").EnumerateArray().Select(e => e.GetArrayLength())),
                string.Join(',', text.WordsPerColumn())
            );
            foreach (var (name, replacement) in new[] { ("delete", ""), ("unk", "[UNK]"), ("two", "ab cd") })
            {
                foreach (var edit in root.GetProperty(name).EnumerateArray())
                {
                    var position = edit[0].GetInt32();
                    if (position >= text.Words.Count)
                        continue;
                    var edited = text.Replace(position, replacement);
                    var what = $"{name} {position} of '{text}'";
                    var columns =
                        edit[1].ValueKind == JsonValueKind.String
                            ? [edit[1].GetString()!]
                            : edit[1].EnumerateObject().Select(p => p.Value.GetString()!).ToList();
                    Check(what, string.Join("<>", columns), string.Join("<>", edited.Columns));
                    if (edit[2].ValueKind == JsonValueKind.Array)
                        Check(what + " words", Join(edit[2]), string.Join('|', edited.Words));
                    Check(
                        what + " modified",
                        string.Join(',', edit[3].EnumerateArray().Select(e => e.GetInt32())),
                        string.Join(',', edited.Modified)
                    );
                }
            }
            foreach (var (name, size) in new[] { ("win15", 15), ("win5", 5) })
            {
                foreach (var window in root.GetProperty(name).EnumerateArray())
                {
                    if (window[0].GetInt32() >= text.Words.Count)
                        continue;
                    Check(
                        $"{name} {window[0]} of '{text}'",
                        window[1].GetString()!,
                        TextWindow.Around(text, window[0].GetInt32(), size + widen)
                    );
                }
            }
        }
        return (checks, wrong);
    }

    private static string Join(JsonElement words) =>
        string.Join('|', words.EnumerateArray().Select(w => w.GetString()));
}
