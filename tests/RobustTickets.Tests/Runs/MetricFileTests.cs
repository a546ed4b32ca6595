using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Cli;
using RobustTickets.Cli.Commands;
using RobustTickets.Runs;
using RobustTickets.Runs.Metrics;
using Xunit;

namespace RobustTickets.Tests.Runs;

public sealed class MetricFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("metrics").FullName;

    private string Run => Path.Combine(_folder, "run");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Runs_whose_names_differ_only_in_case_get_folders_of_their_own()
    {
        Assert.Equal(["sst2", "imdb"], MetricsCommand.Names(["a/sst2", "b/imdb"]));
        Assert.Equal(["a.SST2", "b.sst2"], MetricsCommand.Names(["a/SST2", "b/sst2"]));
        Assert.Contains(
            "in any case",
            Assert.Throws<UsageException>(() => MetricsCommand.Names(["a/SST2", "A/sst2"])).Message,
            StringComparison.Ordinal
        );
    }

    private static StepEntry Step(string stage, long step, double loss = 0.5) =>
        new(stage, step, step / 4.0, loss, 1e-5, 0.9, 400, 0.25, 5, 5, 5);

    private static LogEntry[] Log =>
        [
            new StageEntry("search", "begin", 3),
            Step("search", 1),
            Step("search", 2, 0.4),
            new MaskEntry("search", 2, 1, null, null, 0),
            Step("search", 3, double.NaN),
            new MaskEntry("search", 3, 2, 0.125, 0.0625, 1),
            new GateEntry("search", 3, 0.75, 0.6, 1.5, 0.2, 0.1),
            new StopEntry("search", "consecutive5", 3, 3, true),
            new StageEntry("search", "end"),
            new StageEntry("retrain", "begin", 2),
            Step("retrain", 1, 0.3),
            Step("retrain", 2, 0.2),
            new EvaluationEntry("retrain", 2, 0.5, "dev (10 % of train, carved)", 0.875, 0.41, 80),
            new EpochAttackEntry("retrain", 2, 0.5, "dev", "textfooler", 10, 1, 6, 3, 0.3, 61.5, 2),
            new StageEntry("retrain", "end"),
            new StageEntry("control", "begin", 1),
            Step("control", 1, 0.7),
            new EvaluationEntry("control", 1, 0.25, "dev", 0.5, 0.6, 80),
            new StageEntry("control", "end"),
        ];

    private string WriteRun(IEnumerable<LogEntry> log)
    {
        Directory.CreateDirectory(Run);
        using var events = EventLogWriter.Open(Path.Combine(Run, "events.jsonl"), 0);
        foreach (var entry in log)
            events.Append(entry);
        return Run;
    }

    private static IReadOnlyList<ReadEvent> Events(string folder) =>
        EventFileReader.Read(File.ReadAllBytes(Path.Combine(folder, EventFile.Name)));

    [Fact]
    public void Checksums_are_CRC_32C_as_TFRecord_masks_it()
    {
        // The check value of CRC-32C, and the head of every event file that TensorFlow writes.
        Assert.Equal(0xE3069283u, EventFileReader.Crc("123456789"u8));
        byte[] head = [24, 0, 0, 0, 0, 0, 0, 0, 0xA3, 0x7F, 0x4B, 0x22];
        Assert.Equal(head, EventFile.Begin(1_700_000_000)[..12]);
        var random = new Random(5);
        for (var length = 0; length < 70; length++)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            var crc = EventFileReader.Crc(bytes);
            Assert.Equal(unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8u), EventFile.MaskedCrc(bytes));
        }
    }

    [Fact]
    public void An_event_file_that_was_damaged_anywhere_is_noticed_by_the_reader_of_these_tests()
    {
        RunMetrics.Write(WriteRun(Log), _folder, MetricFiles.TensorBoard);
        var file = File.ReadAllBytes(Path.Combine(_folder, EventFile.Name));
        for (var at = 0; at < file.Length; at += 7)
        {
            var damaged = file.ToArray();
            damaged[at] ^= 0x10;
            Assert.ThrowsAny<Exception>(() => EventFileReader.Read(damaged));
        }
    }

    [Fact]
    public void TensorBoard_finds_every_scalar_of_the_log_under_its_tag_and_step()
    {
        RunMetrics.Write(WriteRun(Log), _folder, MetricFiles.TensorBoard);
        var events = Events(_folder);
        Assert.Equal("brain.Event:2", events[0].Version);
        Assert.Empty(events[0].Scalars);
        Assert.DoesNotContain(events.Skip(1), e => e.Version is not null || e.Scalars.Count == 0);
        (long, float)[] Of(string tag) =>
            [.. events.SelectMany(e => e.Scalars.Where(s => s.Tag == tag).Select(s => (e.Step, s.Value)))];

        // Steps go on over the stages; the control has its own.
        Assert.Equal([(1, 0.5f), (2, 0.4f), (3, float.NaN), (4, 0.3f), (5, 0.2f)], Of("train/loss"));
        Assert.Equal([(1, 0.7f)], Of("control/loss"));
        Assert.Equal(5, Of("train/learning_rate").Length);
        Assert.All(Of("train/tokens_per_second"), p => Assert.Equal(1600f, p.Item2));
        Assert.Equal([(3, 0.125f)], Of("search/mask_distance_heads"));
        Assert.Equal([(3, 0.0625f)], Of("search/mask_distance_neurons"));
        Assert.Equal([(3, 0.6f)], Of("search/gates_open"));
        Assert.Equal([(5, 0.875f)], Of("evaluate/accuracy"));
        Assert.Equal([(5, 0.3f)], Of("evaluate/accuracy_under_textfooler"));
        Assert.Equal([(1, 0.5f)], Of("control/accuracy"));

        // Wall time is when the run began, and what was computed since.
        var began = events[0].WallTime;
        Assert.Equal(began, Math.Floor(began));
        Assert.Equal(0.25, events[1].WallTime - began, 6);
        Assert.Equal((6 * 0.25) + 2, events[^1].WallTime - began, 6);
    }

    [Fact]
    public void The_table_has_one_row_an_event_and_holds_what_the_log_holds()
    {
        var rows = Rows(RunMetrics.Table(WriteRun(Log)));
        Assert.Equal(MetricTable.Columns, rows[0]);
        Assert.Equal(Log.Length + 1, rows.Length);
        Assert.All(rows, r => Assert.Equal(MetricTable.Columns.Count, r.Length));
        string Cell(int row, string column) => rows[row][MetricTable.Columns.ToList().IndexOf(column)];
        Assert.Equal("stage-begin", Cell(1, "event"));
        Assert.Equal(
            ["step", "search", "2", "2", "0.5", "0.5", "0.4", "1E-05", "0.9", "400", "1600"],
            rows[3].Take(11)
        );
        Assert.Equal("NaN", Cell(5, "loss"));
        Assert.Equal("0.125", Cell(6, "mask_distance_heads"));
        Assert.Equal("", Cell(4, "mask_distance_heads"));
        Assert.Equal("dev (10 % of train, carved)", Cell(13, "split"));
        Assert.Equal(("0.875", "5"), (Cell(13, "accuracy"), Cell(13, "run_step")));
        Assert.Equal(
            ("textfooler", "0.3", "61.5"),
            (Cell(14, "attack"), Cell(14, "accuracy_under_attack"), Cell(14, "queries"))
        );
        Assert.Equal("1", Cell(17, "run_step"));
    }

    [Fact]
    public void What_is_written_as_a_run_goes_is_at_every_event_what_its_log_makes()
    {
        var (began, live) = (1_700_000_000.0, Directory.CreateDirectory(Path.Combine(_folder, "live")).FullName);
        using var writer = MetricWriter.Open(live, MetricFiles.All, began, []);
        for (var n = 0; n < Log.Length; n++)
        {
            writer.Append(Log[n]);
            using var whole = MetricWriter.Open(Path.Combine(_folder), MetricFiles.All, began, Log.Take(n + 1));
            AssertSame(_folder, live);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(18)]
    public void Files_of_a_run_that_was_killed_go_on_from_the_log_that_was_cut_back(int kept)
    {
        var began = 1_700_000_000.0;
        using (var killed = MetricWriter.Open(_folder, MetricFiles.All, began, Log)) { }
        // A torn frame and a torn line at the end.
        File.AppendAllText(Path.Combine(_folder, MetricTable.Name), "step,retr");
        File.AppendAllText(Path.Combine(_folder, EventFile.Name), "\u0001\u0002\u0003");
        using (var resumed = MetricWriter.Open(_folder, MetricFiles.All, began, Log.Take(kept)))
            foreach (var entry in Log.Skip(kept))
                resumed.Append(entry);
        var whole = Directory.CreateDirectory(Path.Combine(_folder, "whole")).FullName;
        using (var writer = MetricWriter.Open(whole, MetricFiles.All, began, Log)) { }
        AssertSame(whole, _folder);
    }

    [Fact]
    public void A_file_that_is_not_asked_for_any_more_does_not_stand_still_beside_the_log()
    {
        using (var both = MetricWriter.Open(_folder, MetricFiles.All, 0, Log)) { }
        using (var table = MetricWriter.Open(_folder, MetricFiles.Csv, 0, Log)) { }
        Assert.Equal([MetricTable.Name], Directory.GetFiles(_folder).Select(Path.GetFileName));
        using (var none = MetricWriter.Open(_folder, MetricFiles.None, 0, Log)) { }
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_run_at_work_gives_what_it_has_and_a_broken_log_leaves_what_is_there()
    {
        WriteRun(Log.Take(4));
        File.AppendAllText(Path.Combine(Run, "events.jsonl"), "{\"event\":\"step\",\"sta");
        RunMetrics.Write(Run, _folder);
        Assert.Equal(3, Events(_folder).Count(e => e.Scalars.Count > 0));
        File.AppendAllText(Path.Combine(Run, "events.jsonl"), "\n{}\n");
        var error = Assert.Throws<DataException>(() => RunMetrics.Write(Run, _folder));
        Assert.Contains("events.jsonl:5:", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, Events(_folder).Count(e => e.Scalars.Count > 0));
        Assert.Throws<RunFolderException>(() => RunMetrics.Write(Path.Combine(_folder, "none"), _folder));
        Assert.Throws<OutputException>(() => RunMetrics.Write(WriteRun(Log), Run + "/"));
        var another = Directory.CreateDirectory(Path.Combine(_folder, "another")).FullName;
        File.WriteAllText(Path.Combine(another, "recipe.json"), "{}");
        Assert.Contains(
            "is another run",
            Assert.Throws<OutputException>(() => RunMetrics.Write(Run, another)).Message,
            StringComparison.Ordinal
        );
        Assert.Single(Directory.GetFiles(another));
    }

    /// <summary>Fails unless the files of figures of two folders are the same bytes.</summary>
    internal static void AssertSame(string expected, string found)
    {
        foreach (var name in (string[])[MetricTable.Name, EventFile.Name])
            Assert.True(
                ReadShared(Path.Combine(expected, name)).AsSpan().SequenceEqual(ReadShared(Path.Combine(found, name))),
                $"{name} differs between {expected} and {found}"
            );
    }

    /// <summary>
    /// Fails unless the files of figures of a run are what its log makes, and those of another run
    /// but for times.
    /// </summary>
    internal static void AssertFollowLog(string expected, string found)
    {
        var made = Directory.CreateTempSubdirectory("made").FullName;
        try
        {
            RunMetrics.Write(found, made);
            AssertSame(made, found);
            Assert.Equal(Timeless(expected), Timeless(found));
            Assert.Equal(TimelessRows(expected), TimelessRows(found));
        }
        finally
        {
            Directory.Delete(made, recursive: true);
        }
    }

    private static string[] Timeless(string run) =>
        [
            .. Events(run)
                .SelectMany(e =>
                    e.Scalars.Where(s => !s.Tag.EndsWith("tokens_per_second", StringComparison.Ordinal))
                        .Select(s => string.Create(CultureInfo.InvariantCulture, $"{e.Step} {s.Tag} {s.Value:R}"))
                ),
        ];

    private static string[] TimelessRows(string run)
    {
        var measured = MetricTable.Measured.Select(c => MetricTable.Columns.ToList().IndexOf(c)).ToHashSet();
        return
        [
            .. Rows(File.ReadAllText(Path.Combine(run, MetricTable.Name)))
                .Select(r => string.Join('|', r.Where((_, i) => !measured.Contains(i)))),
        ];
    }

    private static string[][] Rows(string table) =>
        [.. table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Cells(line).ToArray())];

    // RFC 4180 of one line.
    private static IEnumerable<string> Cells(string line)
    {
        var (cell, quoted) = (new System.Text.StringBuilder(), false);
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
                cell.Append(line[i++]);
            else if (line[i] == '"')
                quoted = !quoted;
            else if (line[i] == ',' && !quoted)
            {
                yield return cell.ToString();
                cell.Clear();
            }
            else
                cell.Append(line[i]);
        }
        yield return cell.ToString();
    }

    private static byte[] ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
