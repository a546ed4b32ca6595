using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Tests.Runs;

public sealed class EventLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("events").FullName;

    private string Log => Path.Combine(_folder, "events.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static StepEntry Step(long step) => new("search", step, step / 100.0, 0.5, 1e-5, 0.9, 431, 0.21, 5, 5, 5);

    [Fact]
    public void Events_are_one_snake_case_object_a_line_in_the_agreed_layout()
    {
        using (var log = EventLogWriter.Open(Log, 0))
        {
            log.Append(Step(17));
            log.Append(new MaskEntry("search", 105, 1, null, 0.05, 0));
            log.Append(new StopEntry("search", "consecutive5", 30, 30, true));
            log.Append(new EvaluationEntry("retrain", 9, 1, "dev", 0.81, 0.4, 872));
            log.Append(new StageEntry("retrain", "begin"));
            log.Append(new JsonObject { ["event"] = "other", ["x"] = 1 });
        }
        Assert.Equal(
            [
                """{"event":"step","stage":"search","step":17,"epoch":0.17,"loss":0.5,"lr":1E-05,"grad_norm":0.9"""
                    + ""","tokens":431,"seconds":0.21,"forward":5,"backward":5,"weight_gradient":5}""",
                """{"event":"mask","stage":"search","step":105,"mini_epoch":1,"head_distance":null"""
                    + ""","neuron_distance":0.05,"run":0}""",
                """{"event":"stop","stage":"search","rule":"consecutive5","stopped_at_step":30"""
                    + ""","drawn_at_step":30,"converged":true}""",
                """{"event":"evaluation","stage":"retrain","step":9,"epoch":1,"split":"dev","accuracy":0.81"""
                    + ""","loss":0.4,"examples":872}""",
                """{"event":"stage","stage":"retrain","state":"begin"}""",
                """{"event":"other","x":1}""",
            ],
            File.ReadAllLines(Log)
        );
        Assert.Equal(6, EventLog.Read(Log).Count());
        Assert.Equal(Step(17), EventLog.ReadEntries(Log).First());
        Assert.Equal(5, EventLog.ReadEntries(Log).Count());
    }

    [Fact]
    public void A_loss_that_is_not_finite_is_written_and_read()
    {
        using (var log = EventLogWriter.Open(Log, 0))
            log.Append(Step(1) with { Loss = double.NaN, GradNorm = double.PositiveInfinity });
        var step = Assert.IsType<StepEntry>(Assert.Single(EventLog.ReadEntries(Log)));
        Assert.True(double.IsNaN(step.Loss) && double.IsPositiveInfinity(step.GradNorm));
    }

    [Fact]
    public void A_torn_last_line_is_left_out_and_a_broken_one_before_it_is_an_error()
    {
        using (var log = EventLogWriter.Open(Log, 0))
        {
            log.Append(Step(1));
            log.Append(Step(2));
        }
        var whole = File.ReadAllBytes(Log);
        for (var cut = 1; cut < whole.Length; cut++)
        {
            File.WriteAllBytes(Log, whole[..cut]);
            var complete = whole[..cut].Count(b => b == '\n') + (whole[cut] == '\n' ? 1 : 0);
            Assert.Equal(complete, EventLog.Read(Log).Count());
        }
        File.WriteAllText(Log, "{\"event\":\"st\n{\"event\":\"stage\"}\n");
        var error = Assert.Throws<DataException>(() => EventLog.Read(Log).ToList());
        Assert.Contains("events.jsonl:1:", error.Message);
    }

    [Fact]
    public void A_resumed_log_equals_an_uninterrupted_one()
    {
        long position;
        using (var log = EventLogWriter.Open(Log, 0))
        {
            for (var i = 1; i <= 3; i++)
                log.Append(Step(i));
            position = log.Position;
            log.Append(Step(4));
            log.Append(Step(5));
        }
        // The process was killed in the middle of a line.
        File.AppendAllText(Log, "{\"event\":\"ste");
        using (var log = EventLogWriter.Open(Log, position))
        {
            for (var i = 4; i <= 7; i++)
                log.Append(Step(i));
        }
        Assert.Equal(Enumerable.Range(1, 7).Select(i => (LogEntry)Step(i)), EventLog.ReadEntries(Log));
    }

    [Fact]
    public void Cutting_back_to_a_place_that_is_no_line_end_or_does_not_exist_is_refused()
    {
        using (var log = EventLogWriter.Open(Log, 0))
            log.Append(Step(1));
        var length = new FileInfo(Log).Length;
        Assert.Contains(
            "no line ends at byte",
            Assert.Throws<DataException>(() => EventLogWriter.Open(Log, length - 1)).Message
        );
        Assert.Contains(
            $"has {length} bytes",
            Assert.Throws<DataException>(() => EventLogWriter.Open(Log, length + 1)).Message
        );
        Assert.Equal(length, new FileInfo(Log).Length);
    }

    [Fact]
    public void A_log_can_be_read_while_it_is_written()
    {
        using var log = EventLogWriter.Open(Log, 0);
        log.Append(Step(1));
        Assert.Single(EventLog.Read(Log));
    }

    [Fact]
    public void A_missing_log_is_refused_by_name() =>
        Assert.Contains(Log, Assert.Throws<DataException>(() => EventLog.Read(Log)).Message);
}
