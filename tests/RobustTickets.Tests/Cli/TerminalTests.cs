using System.Runtime.InteropServices;
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Data.TextFiles;
using RobustTickets.Cli;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Terminal;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Tests.Cli;

public class TerminalTests
{
    [Fact]
    public void The_first_signal_asks_to_stop_and_decides_the_exit_code()
    {
        using var stop = StopSignal.Detached();
        Assert.False(stop.Token.IsCancellationRequested);
        stop.Raise(PosixSignal.SIGTERM);
        Assert.True(stop.Token.IsCancellationRequested);
        stop.Raise(PosixSignal.SIGINT);
        Assert.Equal(143, stop.ExitCode);
        using var other = StopSignal.Detached();
        other.Raise(PosixSignal.SIGINT);
        Assert.Equal(130, other.ExitCode);
    }

    [Fact]
    public void A_signal_promises_what_the_work_keeps_and_nothing_else()
    {
        Assert.Equal("\nstopping (a second signal stops immediately)\n", Stopped(_ => { }));
        Assert.Equal(
            $"\nstopping; {StopSignal.Checkpoint} (a second signal stops immediately)\n",
            Stopped(stop => stop.Keeping(StopSignal.Checkpoint))
        );
        Assert.Equal(
            "\nstopping (a second signal stops immediately)\n",
            Stopped(stop => stop.Keeping(StopSignal.Checkpoint).Dispose())
        );

        static string Stopped(Action<StopSignal> work)
        {
            using var error = new StringWriter { NewLine = "\n" };
            using var stop = StopSignal.Install(error, _ => { });
            work(stop);
            stop.Raise(PosixSignal.SIGTERM);
            return error.ToString();
        }
    }

    [Fact]
    public void Without_a_terminal_progress_is_a_plain_line_every_few_seconds()
    {
        var error = new StringWriter { NewLine = "\n" };
        var now = TimeSpan.Zero;
        var printer = new ProgressPrinter(error, TerminalInfo.None, clock: () => now);
        for (var step = 1; step <= 20; step++)
        {
            now += TimeSpan.FromSeconds(1);
            printer.Report(new ProgressState("search", step, 20, "loss 0.5", TimeSpan.FromSeconds(20 - step)));
        }
        printer.Note("ticket drawn");
        printer.Finish();
        Assert.Equal(
            """
            search 1/20 (5.0 %)  loss 0.5  19 s left
            search 6/20 (30.0 %)  loss 0.5  14 s left
            search 11/20 (55.0 %)  loss 0.5  9 s left
            search 16/20 (80.0 %)  loss 0.5  4 s left
            search 20/20 (100.0 %)  loss 0.5  0 s left
            ticket drawn

            """,
            error.ToString()
        );
    }

    [Fact]
    public void On_a_terminal_one_line_is_redrawn_within_its_width_and_notes_stay()
    {
        var error = new StringWriter { NewLine = "\n" };
        var printer = new ProgressPrinter(error, new TerminalInfo(true, false, 40), TimeSpan.Zero, () => TimeSpan.Zero);
        printer.Report(new ProgressState("search", 5, 10, "loss 0.5 and much more than fits into the line", null));
        printer.Note("note");
        printer.Report(new ProgressState("search", 10, 10, "", null));
        printer.Finish();
        var text = error.ToString();
        Assert.All(text.Split('\r', '\n'), part => Assert.True(part.Replace("\u001b[2K", "").Length < 40, part));
        Assert.Contains("\r\u001b[2Knote\n", text);
        Assert.Contains("[====    ] 5/10", text);
        Assert.EndsWith("\n", text);
        // No colours: only the code that clears the line.
        Assert.Equal(text.Count(c => c == '\u001b'), text.Split("\u001b[2K").Length - 1);
    }

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(59, "59 s")]
    [InlineData(61, "1:01")]
    [InlineData(3661, "1:01:01")]
    [InlineData(90061, "1.01:01:01")]
    public void Durations_read_like_clocks(int seconds, string text) =>
        Assert.Equal(text, ProgressPrinter.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Errors_are_one_message_without_a_stack_trace()
    {
        var error = new StringWriter { NewLine = "\n" };
        using var stop = StopSignal.Detached();
        var context = new CliContext(TextWriter.Null, error, TextReader.Null, stop, TerminalInfo.None);
        Assert.Equal(
            1,
            ErrorPrinter.Report(
                context,
                new TypeInitializationException(
                    "X",
                    new InvalidOperationException("what failed", new IOException("why"))
                )
            )
        );
        Assert.Equal(
            "error: InvalidOperationException: what failed <- why\n"
                + "hint: ROBUST_TICKETS_DEBUG=1 prints the stack trace\n",
            error.ToString()
        );
    }

    [Fact]
    public void A_stack_trace_has_its_lines_on_every_system()
    {
        using var error = new StringWriter { NewLine = "\n" };
        VisibleWriter.Around(error).WriteLine(ErrorPrinter.Trace(new IOException("first\r\nsecond")));
        Assert.Equal("System.IO.IOException: first\nsecond\n", error.ToString());
    }

    [Fact]
    public void A_terminal_without_escape_sequences_gets_none()
    {
        Assert.Equal(TerminalInfo.None, TerminalInfo.Of(isRedirected: false, _ => null, () => false));
        Assert.Equal(TerminalInfo.None, TerminalInfo.Of(isRedirected: false, _ => "dumb", () => true));
        Assert.Equal(TerminalInfo.None, TerminalInfo.Of(isRedirected: true, _ => null, () => true));
        var terminal = TerminalInfo.Of(isRedirected: false, _ => null, () => true);
        Assert.True(terminal is { IsTerminal: true, Color: true });
        Assert.False(TerminalInfo.Of(isRedirected: false, n => n == "NO_COLOR" ? "1" : null, () => true).Color);
    }

    [Fact]
    public void A_console_of_UTF_16_is_written_and_read_as_such()
    {
        using var written = new MemoryStream();
        using (var results = StandardStreams.Results(written, atOnce: true, utf16: true))
            results.Write("gr\u00fcn \U0001f600");
        Assert.Equal(Encoding.Unicode.GetBytes("gr\u00fcn \U0001f600"), written.ToArray());

        // A line a read, as consoles give them; Ctrl-Z within a line is a character.
        var typed = new Lines("gr\u00fcn\r\n", "a\u001ab\r\n", "\u001a\r\n", "never read\r\n");
        using var input = new StreamReader(TypedInput.AsUtf8(typed), Encoding.UTF8);
        Assert.Equal("gr\u00fcn\r\na\u001ab\r\n", input.ReadToEnd());
        Assert.Equal("", input.ReadToEnd());
    }

    private sealed class Lines(params string[] lines) : ForwardStream
    {
        private int _next;

        public override int Read(Span<byte> buffer) =>
            _next == lines.Length ? 0 : Encoding.Unicode.GetBytes(lines[_next++], buffer);
    }

    [Theory]
    [InlineData(@"runs\a", @"runs\a", @"'runs\a'")]
    [InlineData(@"runs\a b", @"""runs\a b""", @"'runs\a b'")]
    [InlineData(@"C:\my runs\", @"""C:\my runs\\""", @"'C:\my runs\'")]
    [InlineData(@"say ""no\""", @"""say \""no\\\""""", @"'say ""no\""'")]
    [InlineData("it's", @"""it's""", @"'it'\''s'")]
    [InlineData("runs/a", "runs/a", "runs/a")]
    [InlineData("", @"""""", "''")]
    public void Arguments_are_quoted_for_the_shell_of_the_system(string argument, string windows, string posix)
    {
        Assert.Equal(windows, ShellArgument.Quoted(argument, windows: true));
        Assert.Equal(posix, ShellArgument.Quoted(argument, windows: false));
    }

    [Fact]
    public void Fields_of_the_library_are_shown_as_options()
    {
        Assert.Equal(
            "error: --device tpu: there is none\n",
            Reported(new RequestException("Device", "tpu", "there is none"))
        );
        Assert.Equal("error: --only: names nothing\n", Reported(new RequestException("Only", null, "names nothing")));
        Assert.Equal("error: Other x: no\n", Reported(new RequestException("Other", "x", "no")));
        Assert.StartsWith(
            "error: --set: retrain.epoch: unknown field",
            Reported(
                Assert.Throws<RecipeException>(() =>
                    RecipeOverrides.Apply(Recipe.Preset("fine-tune"), ["retrain.epoch=1"])
                )
            )
        );
        var folder = new RunFolderException("x: already holds a run") { Fields = ["Resume", "Output"] };
        Assert.Equal(
            "error: x: already holds a run\nhint: --resume continues the run; --out names another folder\n",
            Reported(folder)
        );
    }

    private static string Reported(Exception e)
    {
        var error = new StringWriter { NewLine = "\n" };
        using var stop = StopSignal.Detached();
        Assert.Equal(
            ExitCodes.Usage,
            ErrorPrinter.Report(new CliContext(TextWriter.Null, error, TextReader.Null, stop, TerminalInfo.None), e)
        );
        return error.ToString();
    }
}
