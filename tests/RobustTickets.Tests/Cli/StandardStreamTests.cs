// Results and progress that go to one log: every line whole and in order, and results that were
// lost on the way are told, whoever flushed them.
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Cli.Terminal;
using Xunit;

namespace RobustTickets.Tests.Cli;

public sealed class StandardStreamTests
{
    [Fact]
    public void Lines_of_results_and_of_progress_are_whole_and_in_order_in_one_log()
    {
        using var log = new MemoryStream();
        using var results = StandardStreams.Results(log, atOnce: false);
        using var progress = StandardStreams.Progress(log, results);
        var expected = new StringBuilder();
        // More than any buffer holds, and never a multiple of its size.
        foreach (var i in Enumerable.Range(0, 40))
        {
            var row = $"| {i} | {new string('x', 397)} |";
            results.WriteLine(row);
            expected.Append(row).Append('\n');
            if (i % 13 != 12)
                continue;
            progress.WriteLine($"note {i}");
            expected.Append($"note {i}\n");
        }
        results.Flush();
        Assert.Equal(expected.ToString(), Encoding.UTF8.GetString(log.ToArray()));
    }

    [Fact]
    public void Results_that_progress_could_not_flush_are_an_error_when_they_end()
    {
        var results = StandardStreams.Results(new FullStream(), atOnce: false);
        using var error = new MemoryStream();
        var progress = StandardStreams.Progress(error, results);
        results.WriteLine("a result");
        progress.WriteLine("a note");
        Assert.Equal("a note\n", Encoding.UTF8.GetString(error.ToArray()));
        var lost = Assert.Throws<OutputException>(results.Flush);
        Assert.Contains("standard output: results cannot be written: full", lost.Message);
    }

    [Fact]
    public void So_are_results_for_a_stream_that_is_closed()
    {
        var results = StandardStreams.Results(Stream.Null, atOnce: false);
        var progress = StandardStreams.Progress(Stream.Null, results);
        results.WriteLine("a result");
        progress.WriteLine("a note");
        Assert.Contains("it is closed", Assert.Throws<OutputException>(results.Flush).Message);
    }

    private sealed class FullStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("full");

        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("full");
    }
}
