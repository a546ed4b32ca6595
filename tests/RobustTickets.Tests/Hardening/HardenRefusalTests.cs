// What harden refuses before it compares anything: in the words of the command, and with nothing
// left behind that a corrected command would stumble over.
using RobustTickets.Cli;
using RobustTickets.Tests.Cli;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Hardening;

[Collection(TorchCollection.Name)]
public sealed class HardenRefusalTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly string _csv;

    public HardenRefusalTests()
    {
        _csv = _tiny.Below("rows.csv");
        File.WriteAllText(_csv, HardenRunTests.Rows(330, seed: 1, "text,label"));
    }

    public void Dispose() => _tiny.Dispose();

    [Theory]
    [InlineData("--budget 0.001s", "too small for these data")]
    [InlineData("--attacks bert-attack --resource masked-lm=nowhere", "nowhere: ")]
    public void What_cannot_be_planned_leaves_the_folder_as_it_was(string options, string message)
    {
        string[] first = ["harden", "--model", _tiny.Model, "--data", _csv, "--task", "csv", .. options.Split(' ')];
        var run = CliRun.Of([.. first, "--out", _tiny.Below("no")]);
        Assert.NotEqual(0, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_tiny.Below("no")));
        Assert.Contains(message, CliRun.Of([.. first, "--out", _tiny.Below("dry"), "--dry-run"]).Error);
    }

    [Theory]
    [InlineData("--budget 0m", "--budget 0m: expected a time above 0")]
    [InlineData("--budget soon", "--budget soon: expected a time above 0")]
    [InlineData("--clean-loss -1", "--clean-loss must be between 0 and 100, found -1")]
    [InlineData("--attacks nothing", "--attacks nothing: no such attack; possible: textfooler")]
    [InlineData("--attacks ", "--attacks: is empty; leave it out for the default, or choose from textfooler")]
    [InlineData("--attacks ,", "--attacks: is empty")]
    [InlineData("--resource x=y", "--resource x: unknown resource; possible: ")]
    [InlineData("--limit 100", "100 labelled rows; comparing defences needs at least 200")]
    public void A_first_mistake_is_told_in_the_words_of_the_command(string options, string message)
    {
        var run = CliRun.Of([
            "harden",
            "--model",
            _tiny.Model,
            "--data",
            _csv,
            "--task",
            "csv",
            "--out",
            _tiny.Below("no"),
            .. options.Split(' '),
        ]);
        Assert.NotEqual(0, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plan.json")]
    [InlineData("harden.json")]
    public void A_folder_of_another_version_is_named_as_one_and_kept(string file)
    {
        var folder = _tiny.Below("older");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "clock.json"), """{ "seconds": 1, "left_out": [] }""");
        var older = Path.Combine(folder, file);
        File.WriteAllText(older, """{ "schema_version": 1 }""");
        string[] request = ["harden", "--model", _tiny.Model, "--data", _csv, "--task", "csv", "--out", folder];
        var run = CliRun.Of([.. request, "--attacks", "deepwordbug", "--resume"]);
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains($"{older}: schema_version is 1, but this program reads 2", run.Error, StringComparison.Ordinal);
        Assert.Equal("""{ "schema_version": 1 }""", File.ReadAllText(older));
    }
}
