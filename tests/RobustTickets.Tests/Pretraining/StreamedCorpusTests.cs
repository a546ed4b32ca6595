// A corpus that is not held: read from any place on it is the same, every epoch shows each example
// once, and memory follows the window and not the text.
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Pretraining;
using RobustTickets.Tests.Resume;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Pretraining;

/// <summary>Looks at the memory of the process: nothing runs beside it.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class StreamedCorpusCollection
{
    public const string Name = "streamed corpus";
}

[Collection(StreamedCorpusCollection.Name)]
public sealed class StreamedCorpusTests : IDisposable
{
    private const int MaxLength = 10;
    private readonly string _folder = Directory.CreateTempSubdirectory("stream").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void From_any_place_on_the_rest_is_the_same()
    {
        var names = Shards(out var texts);
        var files = CorpusFiles.Of(names);
        var (whole, places) = (new List<string>(), new List<CorpusPosition>());
        using (var reader = new CorpusReader(files, TinyTask.Tokenizer, MaxLength))
        {
            for (var at = reader.Position; Next(reader) is { } example; at = reader.Position)
            {
                whole.Add(example);
                places.Add(at);
            }
        }
        // Against reading everything at once.
        var expected = texts
            .Select(t => TinyTask.Tokenizer.TokenIds(t))
            .SelectMany(ids => ids.Chunk(MaxLength - 2))
            .Select(ids => string.Join(' ', ids.Prepend(TinyTask.Tokenizer.ClsId).Append(TinyTask.Tokenizer.SepId)));
        Assert.Equal(expected, whole);
        Assert.Equal(places.Count, places.Distinct().Count());
        for (var i = 0; i < places.Count; i += 7)
        {
            using var reader = new CorpusReader(files, TinyTask.Tokenizer, MaxLength, places[i]);
            for (var j = i; j < Math.Min(i + 40, whole.Count); j++)
                Assert.Equal(whole[j], Next(reader));
        }
    }

    [Fact]
    public void The_reading_that_finds_the_examples_hashes_the_bytes_on_disk()
    {
        // A packed file of two members, one that holds no text, and one without a last line end.
        var packed = Path.Combine(_folder, "two.txt.gz");
        Pack(packed, "a good film\n");
        var member = File.ReadAllBytes(packed);
        File.WriteAllBytes(packed, [.. member, .. member]);
        var blank = Path.Combine(_folder, "blank.txt");
        File.WriteAllText(blank, "\r\n\n");
        string[] files = [.. Shards(out _), packed, blank];
        var index = CorpusIndex.Of(files, TinyTask.Tokenizer, MaxLength, 16, CancellationToken.None);
        Assert.Equal(
            files.Select(f => new CorpusFile(
                Path.GetFileName(f),
                new FileInfo(f).Length,
                Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(f)))
            )),
            index.Files
        );
        Assert.Equal(index.Files, files.Select(f => CorpusFiles.Fingerprint(f, CancellationToken.None)));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(48)]
    [InlineData(MaskedCorpus.DefaultWindow)]
    public void An_epoch_shows_every_example_once_and_each_epoch_in_another_order(int window)
    {
        using var corpus = MaskedCorpus.Read(Shards(out _), TinyTask.Tokenizer, MaxLength, window);
        using var held = MaskedCorpus.Read(Shards(out _), TinyTask.Tokenizer, MaxLength);
        var sampler = new WindowedSampler(corpus.Count, window, 16, RandomKey.FromSeed(3));
        var orders = new List<long[]>();
        for (var epoch = 0L; epoch < 2; epoch++)
        {
            var order = new List<long>();
            for (var step = epoch * sampler.StepsPerEpoch; step < (epoch + 1) * sampler.StepsPerEpoch; step++)
            {
                var within = sampler.Batch(step, out var number).ToArray();
                var batch = corpus.Mask(number, within, RandomKey.FromSeed(1), 0.15);
                order.AddRange(batch.Batch.ExampleIds);
                // Neither the text nor its masks depend on the window.
                var same = held.Mask(0, [.. batch.Batch.ExampleIds.Select(i => (int)i)], RandomKey.FromSeed(1), 0.15);
                Assert.Equal(same.Batch.Ids, batch.Batch.Ids);
                Assert.Equal(same.Targets, batch.Targets);
            }
            Assert.Equal(Enumerable.Range(0, (int)corpus.Count).Select(i => (long)i), order.Order());
            orders.Add([.. order]);
        }
        Assert.NotEqual(orders[0], orders[1]);
        Assert.NotEqual(orders[0].Order(), orders[0]);
    }

    [Fact]
    public void Where_one_window_holds_all_the_order_is_that_of_the_plain_sampler()
    {
        var key = RandomKey.FromSeed(11);
        var (windowed, plain) = (new WindowedSampler(100, 112, 16, key), new BatchSampler(100, 16, shuffle: true, key));
        Assert.Equal(plain.StepsPerEpoch, windowed.StepsPerEpoch);
        for (var step = 0L; step < 3 * plain.StepsPerEpoch; step++)
        {
            Assert.Equal(plain.Batch(step).ToArray(), windowed.Batch(step, out var window).ToArray());
            Assert.Equal(0, window);
        }
        Assert.Equal((16, 32, 131072), (Whole(1), Whole(17), Whole(MaskedCorpus.DefaultWindow)));

        static int Whole(int window) => WindowedSampler.Whole(window, 16);
    }

    [Fact]
    public void Of_the_text_no_more_than_a_window_is_held()
    {
        // 64 MB in three shards, one of them packed, of which each line keeps three words.
        const int Lines = 60_000,
            Window = 1024;
        var filler = new string(' ', 1000);
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "wide")).FullName;
        for (var shard = 0; shard < 3; shard++)
        {
            var name = Path.Combine(folder, $"shard-{shard}.txt{(shard == 1 ? ".gz" : "")}");
            using var file = new StreamWriter(
                shard == 1 ? new GZipStream(File.Create(name), CompressionLevel.Fastest) : File.Create(name)
            );
            for (var i = 0; i < Lines / 3; i++)
                file.WriteLine($"a{filler}good film");
        }
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        var (before, most) = (Alive(), 0L);
        using var stop = new CancellationTokenSource();
        var watch = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                most = Math.Max(most, Alive());
                Thread.Sleep(5);
            }
        });
        watch.Start();
        using (var corpus = MaskedCorpus.Read([folder], TinyTask.Tokenizer, MaxLength, Window))
        {
            Assert.Equal(Lines, corpus.Count);
            var windows = corpus.Index.Windows.Count;
            Assert.Equal((Lines + Window - 1) / Window, windows);
            for (var window = 0; window < windows; window++)
                Assert.NotEmpty(corpus.Mask(window, [0, 1, 2, 3], RandomKey.FromSeed(1), 0.5).Batch.Ids);
        }
        stop.Cancel();
        watch.Join();
        Assert.InRange(most - before, long.MinValue, 16 << 20);

        // Free space between objects is nobody's memory.
        static long Alive()
        {
            var last = GC.GetGCMemoryInfo(GCKind.Any);
            return last.HeapSizeBytes - last.FragmentedBytes;
        }
    }

    [Fact]
    public void What_cannot_be_streamed_is_refused_by_name()
    {
        var empty = Directory.CreateDirectory(Path.Combine(_folder, "empty")).FullName;
        File.WriteAllText(Path.Combine(empty, ".hidden"), "a good film\n");
        Assert.Equal($"{empty}: the folder contains no corpus file", Refused(empty));

        var broken = Path.Combine(_folder, "broken.txt");
        File.WriteAllBytes(broken, [.. "a film\n\ngood "u8, 0xe9, .. " film\n"u8]);
        Assert.StartsWith($"{broken}:3: byte 0xe9 is not UTF-8", Refused(broken));

        var cut = Path.Combine(_folder, "cut.txt.gz");
        Pack(cut, string.Concat(Enumerable.Range(0, 4000).Select(i => $"a good film {i}\n")));
        File.WriteAllBytes(cut, File.ReadAllBytes(cut)[..^20]);
        Assert.StartsWith($"{cut}: incomplete or corrupt gzip file", Refused(cut));

        string Refused(string name) =>
            Assert
                .Throws<DataException>(() => MaskedCorpus.Read([name], TinyTask.Tokenizer, MaxLength).Dispose())
                .Message;
    }

    // Three shards of all kinds of line ends, with empty lines and long ones, one of them packed.
    private string[] Shards(out List<string> texts)
    {
        var random = new Random(5);
        texts = [];
        var names = new List<string>();
        for (var shard = 0; shard < 3; shard++)
        {
            var text = new StringBuilder(shard == 2 ? "\uFEFF" : "");
            for (var i = 0; i < 60; i++)
            {
                var words = random.Next(6) switch
                {
                    0 => 0,
                    1 => random.Next(30, 90),
                    _ => random.Next(1, 9),
                };
                var line = string.Join(
                    ' ',
                    Enumerable.Range(0, words).Select(_ => TinyTask.Words[random.Next(5, TinyTask.Words.Count)])
                );
                texts.Add(line);
                text.Append(line).Append(i == 59 ? "" : new[] { "\n", "\r\n", "\r" }[random.Next(3)]);
            }
            var name = Path.Combine(_folder, $"shard-{shard}.txt{(shard == 1 ? ".gz" : "")}");
            if (shard == 1)
                Pack(name, text.ToString());
            else
                File.WriteAllText(name, text.ToString(), new UTF8Encoding(false));
            names.Add(name);
        }
        return [.. names];
    }

    private static void Pack(string file, string text)
    {
        using var stream = new GZipStream(File.Create(file), CompressionLevel.Fastest);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    private static string? Next(CorpusReader reader)
    {
        var ids = new List<int>();
        return reader.Read(ids) ? string.Join(' ', ids) : null;
    }
}
