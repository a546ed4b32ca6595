using RobustTickets.Cli;
using RobustTickets.Hardening;
using RobustTickets.Tests.CommandLine;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Hardening;

/// <summary>
/// <c>harden</c> killed again and again, in every part of its work, goes on to the result of a run
/// that nobody disturbed.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class HardenKilledTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly string _csv;

    public HardenKilledTests()
    {
        _csv = _tiny.Below("rows.csv");
        File.WriteAllText(_csv, HardenRunTests.Rows(330, seed: 1, "text,label"));
    }

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Killed_in_every_part_of_its_work_it_goes_on_to_the_same_result()
    {
        End("undisturbed");
        var folder = new HardenFolder(_tiny.Below("killed"));
        var substitution = Path.Combine(folder.Run("substitution"), "events.jsonl");
        Kill(Attacked("development-*"));
        Kill(() => File.Exists(substitution));
        Kill(() => File.Exists(folder.ChoiceFile));
        Kill(Attacked("reported-deepwordbug"));
        Kill(Attacked("reported-deepwordbug-temperature-fit"));
        Assert.False(File.Exists(folder.ReportFile("html")));
        End("killed", "--resume");
        Assert.Equal(Timeless("undisturbed"), Timeless("killed"));
    }

    private string Timeless(string name) => HardenRunTests.Timeless(new HardenFolder(_tiny.Below(name)).Result()!);

    private void End(string name, params string[] more)
    {
        using var process = new TrainProcess([.. Arguments(name), .. more]);
        var end = process.End();
        Assert.True(end.Code == ExitCodes.Ok, end.ToString());
    }

    /// <summary>Begins the run, or goes on with it, and kills it when something is so.</summary>
    private void Kill(Func<bool> isSo)
    {
        string[] resume = Directory.Exists(_tiny.Below("killed")) ? ["--resume"] : [];
        using var process = new TrainProcess([.. Arguments("killed"), .. resume]);
        var end = process.SignalWhen(isSo, TrainProcess.SigKill);
        Assert.True(end.Code == 128 + TrainProcess.SigKill, end.ToString());
        Assert.Null(new HardenFolder(_tiny.Below("killed")).Result());
    }

    /// <summary>Whether attacks of a part have more rows than now.</summary>
    private Func<bool> Attacked(string part)
    {
        var before = Attacks(part);
        return () => Attacks(part).Any(file => file.Value > before.GetValueOrDefault(file.Key));
    }

    /// <summary>Bytes of the rows of every attack of a part.</summary>
    private Dictionary<string, long> Attacks(string part)
    {
        var attacks = new DirectoryInfo(_tiny.Below("killed", "attacks"));
        return !attacks.Exists
            ? []
            : attacks
                .GetDirectories()
                .SelectMany(model => model.GetDirectories(part))
                .Select(attack => new FileInfo(Path.Combine(attack.FullName, "examples.jsonl")))
                .Where(file => file.Exists)
                .ToDictionary(file => file.FullName, file => file.Length);
    }

    private string[] Arguments(string name) =>
        [
            "harden",
            "--model",
            _tiny.Model,
            "--data",
            _csv,
            "--task",
            "csv",
            "--attacks",
            "deepwordbug",
            "--budget",
            "2h",
            "--out",
            _tiny.Below(name),
        ];
}
