// bench tokenizer: tokens per second on one core over a file of texts. Every text is first compared
// with the uncached path.
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Cli.Options;
using RobustTickets.Runs;
using RobustTickets.Torch;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Bench;

internal static class BenchTokenizer
{
    public static Command Create(CliContext context)
    {
        var model = CommonOptions.Model("folder with the tokenizer (vocab.txt and its settings)");
        var text = new Option<string>("--text")
        {
            Description = "file with one text per line",
            HelpName = "FILE",
            Required = true,
        };
        var repeats = CommonOptions.Count("--repeats", 1, "passes over the texts; default 20");
        var json = CommonOptions.Json();
        var command = new Command(
            "tokenizer",
            "measure word pieces per second of the tokenizer on one core, after a check against the plain path"
        )
        {
            model,
            text,
            repeats,
            json,
        };
        command.SetAction(parsed =>
            Run(
                context,
                RunFolder.ModelOf(ModelStore.OfUser().Resolve(parsed.GetValue(model)!)),
                parsed.GetValue(text)!,
                parsed.GetValue(repeats) ?? 20,
                parsed.GetValue(json)
            )
        );
        return command;
    }

    private static int Run(CliContext context, string folder, string file, int repeats, bool json)
    {
        var tokenizer = WordPieceTokenizer.Load(folder);
        if (!File.Exists(file))
            throw new DataException($"{file}: no such file; --text expects one text per line");
        var texts = File.ReadAllLines(file);
        // CPU time where available, so that other load on the machine does not count.
        var cpu = ThreadClock.IsSupported;
        Func<long> now = cpu ? ThreadClock.Ticks : Stopwatch.GetTimestamp;
        var (longest, pieces, plain) = (0, 0L, 0L);
        for (var i = 0; i < texts.Length; i++)
        {
            var start = now();
            var expected = tokenizer.TokenizeUncached(texts[i]);
            plain += now() - start;
            if (!expected.AsSpan().SequenceEqual(tokenizer.TokenIds(texts[i])))
            {
                throw new InvalidOperationException(
                    $"{file}:{i + 1}: the fast and the plain path give different word pieces; no timing was done"
                );
            }
            longest = Math.Max(longest, expected.Length);
            pieces += expected.Length;
        }
        if (pieces == 0)
            throw new DataException(
                $"{file}: {texts.Length} lines without a word piece; --text expects one text per line"
            );

        var first = Pass(WordPieceTokenizer.Load(folder)).Seconds; // an empty cache
        var seconds = new double[repeats];
        long allocated = 0;
        for (var i = -2; i < repeats; i++)
        {
            context.Stop.Token.ThrowIfCancellationRequested();
            var pass = Pass(tokenizer);
            if (i < 0)
                continue;
            (seconds[i], allocated) = (pass.Seconds, allocated + pass.Bytes);
        }
        Array.Sort(seconds);
        var (median, best) = (pieces / seconds[repeats / 2], pieces / seconds[0]);
        var (bytes, cold, uncached) = (
            (double)allocated / repeats / texts.Length,
            pieces / first,
            pieces * Stopwatch.Frequency / Math.Max(1.0, plain)
        );
        if (json)
        {
            JsonOutput.Write(
                context.Out,
                new JsonObject
                {
                    ["step"] = "tokenizer",
                    ["texts"] = texts.Length,
                    ["word_pieces"] = pieces,
                    ["cpu"] = EnvironmentStamp.Collect().Cpu,
                    ["clock"] = cpu ? "cpu" : "wall",
                    ["passes"] = repeats,
                    ["pieces_per_second_median"] = median,
                    ["pieces_per_second_best"] = best,
                    ["pieces_per_second_first_pass"] = cold,
                    ["pieces_per_second_plain_path"] = uncached,
                    ["bytes_allocated_per_text"] = bytes,
                }
            );
            return ExitCodes.Ok;
        }
        context.Out.WriteLine(
            $"step            tokenizer, {texts.Length:N0} texts, {pieces:N0} word pieces, identical to the "
                + "plain path"
        );
        context.Out.WriteLine(
            $"machine         {EnvironmentStamp.Collect().Cpu}, one thread, "
                + $"{(cpu ? "CPU time of the thread" : "wall time")}"
        );
        context.Out.WriteLine(
            Text($"rate            {median:N0} word pieces/s (median of {repeats}), {best:N0} (best)")
        );
        context.Out.WriteLine(
            Text($"first pass      {cold:N0} word pieces/s, with an empty cache; {uncached:N0} on the plain path")
        );
        context.Out.WriteLine(Text($"memory          {bytes:0.0} bytes allocated per text"));
        return ExitCodes.Ok;

        (double Seconds, long Bytes) Pass(WordPieceTokenizer t)
        {
            var memory = new int[longest];
            var (before, start) = (GC.GetAllocatedBytesForCurrentThread(), now());
            foreach (var line in texts)
                t.TokenIds(line, memory);
            return ((now() - start) / (double)Stopwatch.Frequency, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }
}
