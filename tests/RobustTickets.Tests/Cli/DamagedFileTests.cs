// A finished run and its attack, each of whose files is damaged in turn: every command that reads
// them answers or refuses by name, and none ends with an exception of its own making.
using System.Text;
using System.Text.RegularExpressions;
using RobustTickets.Cli;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection(TorchCollection.Name)]
public sealed partial class DamagedFileTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Theory]
    [InlineData(1, 160)]
    public void A_damaged_file_is_read_or_refused_by_every_command(int seed, int count)
    {
        var run = _task.NewRun();
        string[] train = _task.Arguments(TinyTask.SearchRecipe, run);
        string[] attack =
        [
            "attack",
            "--recipe",
            "deepwordbug",
            "--model",
            run,
            "--data",
            _task.Data,
            "--task",
            "sst2",
            "--split",
            "dev",
            "--num-examples",
            "3",
            "--threads",
            "1",
            "--out",
            Path.Combine(run, "attacks", "deepwordbug"),
        ];
        string[][] commands =
        [
            ["report", run, "--out", _task.Below("report.html")],
            ["ticket", "show", run],
            ["export", "--model", run, "--format", "hf-dense", "--out", _task.Below("export")],
            ["evaluate", "--model", run, "--data", _task.Data, "--task", "sst2", "--split", "dev", "--threads", "1"],
            attack,
            [.. train, "--resume"],
        ];
        foreach (var command in commands.Prepend(attack).Prepend(train))
        {
            var whole = CliRun.Of(command);
            Assert.True(whole.Code == 0, $"{string.Join(' ', command)}: {whole}");
        }
        // Weights have checksums, and tests of their own.
        string[] files =
        [
            .. Directory
                .GetFiles(run, "*", SearchOption.AllDirectories)
                .Where(f =>
                    Path.GetExtension(f) is ".json" or ".jsonl" or ".txt"
                    || f.EndsWith("SHA256SUMS", StringComparison.Ordinal)
                )
                .Where(f => !f.Contains("checkpoints", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];
        Assert.True(files.Length > 15, string.Join('\n', files));
        var kept = files.ToDictionary(f => f, File.ReadAllBytes);
        var random = new Random(seed);
        var (refused, bad) = (0, new List<string>());
        for (var i = 0; i < count; i++)
        {
            var file = files[i % files.Length];
            var how = Damage(file, kept[file], random);
            var command = commands[random.Next(commands.Length)];
            if (Directory.Exists(_task.Below("export")))
                Directory.Delete(_task.Below("export"), recursive: true);
            var end = CliRun.Of(command);
            if (end.Code is not (0 or 2 or 3 or 4 or 5) || end.Error.Contains("Exception", StringComparison.Ordinal))
                bad.Add($"{Path.GetRelativePath(run, file)}, {how}: {string.Join(' ', command[..2])}: {end}");
            refused += end.Code == ExitCodes.Data ? 1 : 0;
            foreach (var (name, bytes) in kept)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(name)!);
                File.WriteAllBytes(name, bytes);
            }
        }
        Assert.True(bad.Count == 0, string.Join('\n', bad));
        Assert.True(refused > count / 5, $"{refused} of {count} were refused");
    }

    private static string Damage(string file, byte[] whole, Random random)
    {
        var text = Encoding.UTF8.GetString(whole);
        var (how, damaged) = random.Next(10) switch
        {
            0 => ("empty", ""),
            1 => ("cut", text[..(text.Length / 2)]),
            2 => ("another kind", random.Next(2) == 0 ? "[]" : "null"),
            3 => ("half a pair", Regex.Replace(text, "\"(?=[^\"]*\"\\s*[,}\\]])", "\"\\ud800")),
            4 => ("another number", One(Number(), text, random, "-1")),
            5 => ("a huge number", One(Number(), text, random, "123456789012345678901")),
            6 => ("a number for a text", One(Text(), text, random, ": 3")),
            7 => ("a text for a number", One(Number(), text, random, "\"x\"")),
            8 => ("a name twice", Regex.Replace(text, @"\{\s*(""[^""]*"")", "{$1: 0, $1")),
            _ => ("a byte that is no text", ""),
        };
        if (damaged.Length == 0 && how != "empty")
            File.WriteAllBytes(file, [.. whole[..(whole.Length / 3)], 0xff, .. whole[(whole.Length / 3)..]]);
        else
            File.WriteAllText(file, damaged);
        return how;
    }

    private static string One(Regex pattern, string text, Random random, string instead)
    {
        var found = pattern.Matches(text);
        if (found.Count == 0)
            return text + instead;
        var match = found[random.Next(found.Count)];
        return text[..match.Index] + instead + text[(match.Index + match.Length)..];
    }

    [GeneratedRegex(@"(?<=[:\[,]\s*)-?\d+(\.\d+)?(?=\s*[,}\]])")]
    private static partial Regex Number();

    [GeneratedRegex(@":\s*""[^""]*""")]
    private static partial Regex Text();
}
