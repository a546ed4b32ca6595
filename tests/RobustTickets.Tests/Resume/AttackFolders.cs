// Two folders of the same attack: every file byte for byte; of environment.json every field but
// when, for how long, where and by which command.
using System.Text.Json.Nodes;
using Xunit;

namespace RobustTickets.Tests.Resume;

internal static class AttackFolders
{
    private static readonly string[] OfTheCall = ["started", "ended", "seconds", "command_line"];

    /// <summary>The files of a finished attack.</summary>
    public static readonly string[] Files =
    [
        "environment.json",
        "examples.jsonl",
        "ids.txt",
        "results.csv",
        "settings.json",
        "summary.json",
        "textattack-summary.json",
    ];

    public static void AssertSame(string expected, string found)
    {
        Assert.Equal(Files, Names(expected));
        Assert.Equal(Files, Names(found));
        foreach (var file in Files)
        {
            var (a, b) = (Path.Combine(expected, file), Path.Combine(found, file));
            if (file == "environment.json")
                Assert.Equal(Environment(a), Environment(b));
            else
                Assert.True(File.ReadAllBytes(a).AsSpan().SequenceEqual(File.ReadAllBytes(b)), $"{file} differs");
        }
    }

    /// <summary>What does not depend on the call.</summary>
    public static string Environment(string file)
    {
        var json = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        Assert.All(OfTheCall, name => Assert.True(json.Remove(name), $"{file}: no {name}"));
        var extra = json["extra"]!.AsObject();
        if (extra["model"] is { } model)
            extra["model"] = Path.GetFileName((string)model!);
        return json.ToJsonString();
    }

    private static string[] Names(string folder) =>
        [.. Directory.GetFiles(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
}
