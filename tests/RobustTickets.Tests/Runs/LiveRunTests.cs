using RobustTickets.Attacks;
using RobustTickets.Runs;
using RobustTickets.Runs.Live;
using RobustTickets.Tests.Reports;
using Xunit;

namespace RobustTickets.Tests.Runs;

/// <summary>Runs read while they are written, moved, broken or dead.</summary>
public sealed class LiveRunTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("live").FullName;

    private string Run => Path.Combine(_root, "run");

    private string Log => Path.Combine(Run, "events.jsonl");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static StepEntry Step(string stage, long step, double loss = 0.5, double seconds = 0.25) =>
        new(stage, step, step / 100.0, loss, 1e-5, 0.9, 400, seconds, 5, 5, 5);

    private void Append(params LogEntry[] entries)
    {
        Directory.CreateDirectory(Run);
        using var log = EventLogWriter.Open(Log, File.Exists(Log) ? new FileInfo(Log).Length : 0);
        foreach (var entry in entries)
            log.Append(entry);
    }

    private void Cut(long length)
    {
        using var file = File.OpenWrite(Log);
        file.SetLength(length);
    }

    [Fact]
    public void A_log_is_read_from_where_it_was_read_last_and_a_half_line_waits_for_its_end()
    {
        var tail = new LogTail(Log);
        Assert.Empty(tail.Read().Entries);
        Append(Step("search", 1), Step("search", 2));
        Assert.Equal([1L, 2L], tail.Read().Entries.Cast<StepEntry>().Select(s => s.Step));
        Assert.Empty(tail.Read().Entries);
        Append(Step("search", 3));
        var whole = File.ReadAllBytes(Log);
        for (var cut = whole.Length - 8; cut < whole.Length; cut++)
        {
            File.WriteAllBytes(Log, whole[..cut]);
            Assert.Empty(tail.Read().Entries);
        }
        File.WriteAllBytes(Log, [.. whole, .. "{\"event\":\"news\",\"x\":1}\n"u8]);
        Assert.Equal([Step("search", 3)], tail.Read().Entries);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(9)]
    public void A_log_that_was_cut_back_is_read_anew_also_when_it_has_grown_beyond_the_old_place(int again)
    {
        var tail = new LogTail(Log);
        Append([.. Enumerable.Range(1, 5).Select(n => Step("search", n))]);
        Assert.Equal(5, tail.Read().Entries.Count);
        Cut(0);
        Append([.. Enumerable.Range(1, again).Select(n => Step("search", n, seconds: 0.26))]);
        var news = tail.Read();
        Assert.True(news.Restarted);
        Assert.Equal(again, news.Entries.Count);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("[1]")]
    [InlineData("{\"event\":\"step\",\"stage\":\"search\",\"step\":\"many\"}")]
    public void A_broken_line_is_told_with_its_number_and_what_was_before_it_stays(string line)
    {
        Append(Step("search", 1));
        File.AppendAllText(Log, line + "\n{}\n");
        var watch = new RunWatch(Run);
        for (var look = 0; look < 2; look++)
        {
            var run = watch.LookClosely();
            Assert.Equal(RunStatus.Broken, run.Line.Status);
            Assert.StartsWith("events.jsonl:2: ", run.Line.Reason, StringComparison.Ordinal);
            Assert.Single(run.Loss);
        }
    }

    [Fact]
    public void A_run_at_work_tells_stage_pace_and_time_left_and_one_that_left_is_stopped()
    {
        Append(new StageEntry("search", "begin", 40));
        var watch = new RunWatch(Run);
        using (WriterLock.Take(Run))
        {
            Append([.. Enumerable.Range(1, 10).Select(n => Step("search", n))]);
            var line = watch.Look();
            Assert.Equal(
                (RunStatus.Searching, "search", 10L, 40L),
                (line.Status, line.Stage, line.Step, line.MostSteps!.Value)
            );
            Assert.Equal(1600, line.TokensPerSecond!.Value, 6);
            Assert.Equal(30 * 0.25, line.SecondsLeft!.Value, 6);
            Append(
                new MaskEntry(
                    "search",
                    10,
                    1,
                    0.2,
                    0.1,
                    0,
                    [new MaskLayer("1101", 30, 64), new MaskLayer("0111", 20, 64)]
                ),
                new StopEntry("search", "consecutive5", 10, 10, true),
                new StageEntry("search", "end"),
                new StageEntry("retrain", "begin", 100),
                Step("retrain", 1)
            );
            var run = watch.LookClosely();
            Assert.Equal(RunStatus.Training, run.Line.Status);
            Assert.Null(run.Line.SecondsLeft); // one step is no pace
            Assert.Equal([(0L, 10L, true), (10L, 1L, false)], run.Stages.Select(s => (s.Begin, s.Steps, s.Ended)));
            Assert.Equal(11, run.Loss[^1].X);
            Assert.Equal("0111", run.Layers![1].Heads);
            Append(new StageEntry("retrain", "end"));
            Assert.Equal(RunStatus.Evaluating, watch.Look().Status);
        }
        var left = watch.Look();
        Assert.Equal(RunStatus.Stopped, left.Status);
        Assert.StartsWith("retrain, step 1.", left.Reason, StringComparison.Ordinal);
        Assert.False(left.IsActive);
    }

    [Fact]
    public void A_killed_writer_one_of_another_machine_and_one_whose_number_went_to_a_later_process_are_told_apart()
    {
        Append(new StageEntry("retrain", "begin", 9), Step("retrain", 1));
        var now = TimeSpan.Zero;
        var watch = new RunWatch(Run, () => now);
        string Holder(int id, string machine) => $"process {id} on {machine}\nmark\n";
        using (var ended = System.Diagnostics.Process.Start("true")!)
        {
            ended.WaitForExit();
            File.WriteAllText(Path.Combine(Run, ".writer"), Holder(ended.Id, Environment.MachineName));
        }
        Assert.Equal(RunStatus.Failed, watch.Look().Status);
        Assert.Contains("has exited", watch.Look().Reason, StringComparison.Ordinal);

        File.WriteAllText(Path.Combine(Run, ".writer"), Holder(Environment.ProcessId, Environment.MachineName));
        Assert.Equal(RunStatus.Training, watch.Look().Status);
        File.SetLastWriteTimeUtc(Path.Combine(Run, ".writer"), DateTime.UtcNow.AddDays(-1));
        Assert.Equal(RunStatus.Failed, watch.Look().Status);

        File.WriteAllText(Path.Combine(Run, ".writer"), Holder(1, "elsewhere"));
        Assert.Equal(RunStatus.Training, watch.Look().Status);
        now += TimeSpan.FromMinutes(11);
        Assert.Equal(RunStatus.Stopped, watch.Look().Status);
    }

    [Fact]
    public async Task Looking_at_a_run_does_not_keep_a_writer_out()
    {
        Append(Step("retrain", 1));
        using var stop = new CancellationTokenSource();
        var looker = Task.Run(() =>
        {
            var watch = new RunWatch(Run);
            while (!stop.IsCancellationRequested)
                watch.LookClosely();
        });
        for (var n = 0; n < 200; n++)
            using (WriterLock.Take(Run))
                Append(Step("retrain", n + 2));
        await stop.CancelAsync();
        await looker.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void A_loss_that_is_no_number_a_broken_result_and_a_folder_that_went_away_have_their_reasons()
    {
        Append(new StageEntry("retrain", "begin", 9), Step("retrain", 1, double.NaN));
        var watch = new RunWatch(Run);
        Assert.Equal(
            (RunStatus.Failed, "retrain, step 1: the loss was NaN"),
            (watch.Look().Status, watch.Look().Reason)
        );
        Assert.Null(watch.LookClosely().Loss[0].Y);

        File.WriteAllText(Path.Combine(Run, "result.json"), "{");
        Assert.Equal(RunStatus.Broken, watch.Look().Status);
        Assert.Contains("result.json", watch.Look().Reason, StringComparison.Ordinal);

        Directory.Move(Run, Run + "-moved");
        Assert.Equal((RunStatus.Broken, "the folder no longer exists"), (watch.Look().Status, watch.Look().Reason));
        Directory.Move(Run + "-moved", Run);
        File.Delete(Path.Combine(Run, "result.json"));
        Assert.Equal(RunStatus.Failed, watch.Look().Status);
        Assert.Single(watch.LookClosely().Loss);
    }

    [Fact]
    public void A_finished_run_tells_its_result_and_its_attacks_as_they_come()
    {
        var folder = new SyntheticRun(_root) { Ticket = true, Name = "early-robust" }.Write("done");
        var watch = new RunWatch(folder);
        var line = watch.Look();
        Assert.Equal(RunStatus.Finished, line.Status);
        Assert.Equal("early-robust", line.Recipe.Name);
        Assert.Equal(0.93, line.Result!.CleanTest);
        var attack = Assert.Single(line.Attacks);
        Assert.Equal(("textfooler", 200, true), (attack.Name, attack.Done, attack.Finished));
        Assert.NotNull(attack.Aua);

        var run = watch.LookClosely();
        Assert.Equal(["search", "retrain"], run.Stages.Select(s => s.Name));
        Assert.InRange(run.Loss.Count, 200, ThinSeries.Most);
        Assert.NotEmpty(run.Masks);
        Assert.Equal(46, run.Stop!.StoppedAtStep);

        var going = Path.Combine(folder, "attacks", "pwws");
        Directory.CreateDirectory(going);
        File.WriteAllText(Path.Combine(going, "ids.txt"), "a\nb\nc\n");
        File.WriteAllText(Path.Combine(going, "examples.jsonl"), "{}\n");
        using (WriterLock.Take(going))
        {
            Assert.Equal(RunStatus.Attacking, watch.Look().Status);
            File.AppendAllText(Path.Combine(going, "examples.jsonl"), "{}\n{\"ha");
            var now = watch.Look().Attacks[0];
            Assert.Equal(("pwws", 2, 3, false, true), (now.Name, now.Done, now.Total!.Value, now.Finished, now.Active));
        }
        Assert.Equal(RunStatus.Finished, watch.Look().Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(399)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(12_345)]
    public void A_thinned_curve_is_short_and_keeps_the_mean_and_the_last_place(int count)
    {
        var series = new ThinSeries();
        for (var n = 1; n <= count; n++)
            series.Add(n, n);
        var points = series.Points;
        Assert.InRange(points.Count, Math.Min(count, 200), ThinSeries.Most);
        Assert.Equal(count, points[^1].X);
        var (mean, before) = (0.0, 0.0);
        foreach (var p in points)
        {
            mean += p.Y!.Value * (p.X - before) / count;
            before = p.X;
        }
        Assert.Equal((count + 1) / 2.0, mean, 6);
    }

    [Fact]
    public void Runs_and_tables_are_found_below_a_folder_and_no_link_leads_out_of_it()
    {
        Append(Step("retrain", 1));
        string Make(params string[] parts)
        {
            var folder = Path.Combine([_root, .. parts]);
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "recipe.json"), "{}");
            return folder;
        }
        Make("several", "seed-1");
        Make("several", "seed-2");
        Make("table", "cells", "abc");
        Make(".hidden");
        Make("run", "model", "inside");
        // Names that the subfolders of a run have, too.
        Make("control");
        Make("ticket", "seed-1");
        Directory.CreateDirectory(Path.Combine(_root, "table", "table-1"));
        File.WriteAllText(Path.Combine(_root, "table", "table-1", "cells.json"), "{}");
        var outside = Directory.CreateTempSubdirectory("outside").FullName;
        try
        {
            File.WriteAllText(Path.Combine(outside, "recipe.json"), "{}");
            Directory.CreateSymbolicLink(Path.Combine(_root, "link"), outside);
            var found = RunDiscovery.Below(_root);
            Assert.Equal(
                ["control", "run", "several/seed-1", "several/seed-2", "table/cells/abc", "ticket/seed-1"],
                found.Runs.Select(r => r.Id)
            );
            Assert.Equal(["table/table-1"], found.Experiments.Select(e => e.Id));
            Assert.Empty(found.Notes);
        }
        finally
        {
            Directory.Delete(outside, recursive: true);
        }
        Assert.Equal(["."], RunDiscovery.Below(Run).Runs.Select(r => r.Id));
        Assert.NotEmpty(RunDiscovery.Below(Path.Combine(_root, "none")).Notes);
    }
}
