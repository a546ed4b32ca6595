// A run folder whose JSON files hold strings that are no text: refused by file, never an
// exception of the JSON reader.
using RobustTickets.Attacks;
using RobustTickets.Cli;
using RobustTickets.Reports;
using RobustTickets.Tests.Cli;
using Xunit;

namespace RobustTickets.Tests.Reports;

public sealed class BrokenRunTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("broken-run").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_folder_of_runs_and_a_run_named_twice_are_refused_by_name()
    {
        var run = new SyntheticRun(_root).Write("one");
        new SyntheticRun(_root).Write("two");
        var above = CliRun.Of("report", _root);
        Assert.Equal(ExitCodes.Data, above.Code);
        Assert.Contains("holds no run", above.Error);
        Assert.Contains("; runs below it: one, two", above.Error);
        var twice = CliRun.Of("report", run, run + "/", "--out", Path.Combine(_root, "report.html"));
        Assert.Equal(ExitCodes.Usage, twice.Code);
        Assert.Contains("given twice; name each run once", twice.Error);
    }

    [Fact]
    public void Half_a_surrogate_pair_in_any_file_of_a_run_is_refused_by_that_file()
    {
        var whole = new SyntheticRun(_root) { Ticket = true }.Write("whole");
        RunRecord.Load(whole);
        var tried = 0;
        foreach (var file in Directory.GetFiles(whole, "*.json*", SearchOption.AllDirectories).Order())
        {
            var text = File.ReadAllText(file);
            foreach (var key in (string[])["\ud800", "x\\udfff"])
            {
                // A first member of the (first) object whose name is half a pair, then the file as
                // it was.
                var at = text.IndexOf('{') + 1;
                var name = key.Replace("\ud800", "\\ud800", StringComparison.Ordinal);
                File.WriteAllText(file, text[..at] + $"\"{name}\":0," + text[at..]);
                var refused = Record.Exception(() => RunRecord.Load(whole));
                Assert.True(
                    refused is null or DataException,
                    $"{Path.GetRelativePath(whole, file)}: {refused?.GetType().Name}: {refused?.Message}"
                );
                if (refused is not null)
                {
                    Assert.Contains(Path.GetFileName(file), refused.Message);
                    tried++;
                }
            }
            File.WriteAllText(file, text);
        }
        Assert.True(tried >= 6, $"{tried} files were refused");
    }
}
