// The campaign of scripts/campaign.sh in bounded form: the built program under double signals and
// with mutated files, its streams full or closed, and two processes at one run.
using System.Diagnostics;
using RobustTickets.Cli;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class CampaignTests : IDisposable
{
    private readonly TinyTask _task = new(onDisk: true);

    public void Dispose() => _task.Dispose();

    [Theory]
    [InlineData("signals", 2)]
    [InlineData("fuzz", 5)]
    public void Campaign_ends_without_a_bad_end(string part, int count)
    {
        var script = Path.Combine(Golden.RepositoryRoot, "scripts", "campaign", $"{part}.sh");
        var (code, text) = Bash($"RT='dotnet {CommandLine.CommandLine.Program}' bash '{script}' {count} 7 2>&1");
        Assert.True(code == 0, text);
        Assert.Contains($"{part}: {count} ", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--version", ">/dev/full 2>/dev/null", ExitCodes.Usage)]
    [InlineData("recipes list", ">/dev/full 2>/dev/null", ExitCodes.Usage)]
    [InlineData("recipes list", ">/dev/null 2>/dev/full", ExitCodes.Ok)]
    [InlineData("recipes list", ">/dev/null 2>&-", ExitCodes.Ok)]
    [InlineData("no-such-command", "2>/dev/full", ExitCodes.Usage)]
    [InlineData("no-such-command", "2>&-", ExitCodes.Usage)]
    public void Lost_results_are_an_error_and_lost_progress_is_not(string command, string streams, int code) =>
        Assert.Equal(code, Bash($"dotnet '{CommandLine.CommandLine.Program}' {command} {streams}").Code);

    [Fact]
    public void Closed_standard_input_is_at_its_end_and_a_signal_ends_waiting_for_it()
    {
        using var tiny = new CommandLine.TinyFolders();
        var predict = $"dotnet '{CommandLine.CommandLine.Program}' predict --model '{tiny.Model}' --threads 1";
        Assert.Equal(ExitCodes.Ok, Bash($"timeout -s KILL 60 {predict} <&-").Code);
        // Loaded when it has answered; then it waits.
        var (_, text) = Bash(
            "mkfifo in out; exec 7<>in; "
                + $"{predict} --format text <in >out 2>err 7>&- & exec 8<out; echo good film >&7; read -r -u 8 answer; "
                + "kill -TERM $!; for i in $(seq 600); do kill -0 $! 2>/dev/null || break; sleep 0.1; done; "
                + "kill -KILL $! 2>/dev/null; wait $!; echo \"$? $answer\""
        );
        Assert.StartsWith($"{ExitCodes.Terminated} {{\"label\":", text);
    }

    [Fact]
    public void A_second_process_is_refused_by_the_first_ones_id_and_harms_nothing()
    {
        var recipe = TinyTask.FineTuneRecipe with { Retrain = TinyTask.FineTuneRecipe.Retrain with { Epochs = 400 } };
        var run = _task.NewRun();
        var second = new CommandLine.CommandResult(0, "", "");
        var lines = 0;
        using var first = new TrainProcess(_task.Arguments(recipe, run, 0));
        var end = first.SignalWhen(
            () =>
            {
                lines = RunFiles.Steps(run, "retrain").Length;
                if (lines < 4)
                    return false;
                second = CommandLine.CommandLine.Run(_task.Arguments(recipe, run, 0, "--resume"));
                return true;
            },
            TrainProcess.SigTerm
        );
        Assert.Equal(ExitCodes.Usage, second.Code);
        Assert.Contains($"process {first.Id} on {Environment.MachineName}", second.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Terminated, end.Code);
        // The log was not cut: every step from the first.
        var steps = RunFiles.Steps(run, "retrain");
        Assert.True(steps.Length >= lines);
        Assert.Equal(Enumerable.Range(1, steps.Length).Select(i => (long)i), steps);
    }

    private (int Code, string Text) Bash(string command)
    {
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, WorkingDirectory = _task.Root };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(command);
        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, text);
    }
}
