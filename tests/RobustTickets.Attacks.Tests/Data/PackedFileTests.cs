using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Data.TextFiles;
using RobustTickets.Attacks.Resources;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

/// <summary>A small packed file cannot fill the memory.</summary>
public sealed class PackedFileTests : IDisposable
{
    private const long MuchMoreThanTheLimit = 600L << 20;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_table_that_unpacks_to_more_than_the_limit_is_refused_before_it_is_held()
    {
        var path = Zeros("a.tsv.gz", MuchMoreThanTheLimit);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<DataException>(() => DataSet.Load(path, "tsv", "train"));
        Assert.StartsWith($"{path}: unpacks to more than 512 MiB", error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void The_limit_is_an_option()
    {
        var path = _folder.Write("a.tsv.gz", "text\tlabel\na\t0\nb\t1\n");
        Assert.Equal(2, DataSet.Load(path, "tsv", "train", new DataOptions(MaxUnpackedBytes: 19)).Examples.Count);
        var error = Assert.Throws<DataException>(() =>
            DataSet.Load(path, "tsv", "train", new DataOptions(MaxUnpackedBytes: 18))
        );
        Assert.Contains("unpacks to more than 18 bytes", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("aclImdb/train/pos/1_8.txt", "train/pos/1_8.txt: 600 MiB; the maximum for a review is 4 MiB")]
    [InlineData("aclImdb/other.bin", "unpacks to more than 512 MiB")]
    public void An_archive_with_one_huge_member_is_refused_before_it_is_held(string member, string message)
    {
        var path = _folder["aclImdb.tar.gz"];
        using (var gzip = new GZipStream(File.Create(path), CompressionLevel.Fastest))
        using (var tar = new TarWriter(gzip))
            tar.WriteEntry(
                new PaxTarEntry(TarEntryType.RegularFile, member) { DataStream = new Zero(MuchMoreThanTheLimit) }
            );
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<DataException>(() => DataSet.Load(path, "imdb", "train"));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    // Each size as it stands in the header: 1.8 GiB, more than an array may have, and a negative
    // one.
    [Theory]
    [InlineData('x', "16430000000\0", "a tar header of 1.8 GiB; the maximum is 4 MiB")]
    [InlineData('L', "16430000000\0", "a tar header of 1.8 GiB; the maximum is 4 MiB")]
    [InlineData('x', "77777777777\0", "incomplete or corrupt gzipped tar file")]
    [InlineData('L', "77777777777\0", "incomplete or corrupt gzipped tar file")]
    [InlineData('0', "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "incomplete or corrupt gzipped tar file")]
    public void A_member_that_says_more_than_it_has_costs_no_memory(char kind, string size, string message)
    {
        var path = _folder["aclImdb.tgz"];
        File.WriteAllBytes(path, Gzip(Header("aclImdb/train/pos/1_8.txt", kind, Encoding.Latin1.GetBytes(size))));
        var error = Assert.Throws<DataException>(() => DataSet.Load(path, "imdb", "train"));
        Assert.StartsWith($"{path}: {message}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_to_an_archive_is_refused_or_read_and_nothing_else()
    {
        var path = _folder["aclImdb.tar"];
        using (var tar = new TarWriter(File.Create(path)))
        {
            foreach (var name in new[] { "neg/0_1", "pos/1_8", $"pos/{new string('2', 120)}" })
                tar.WriteEntry(
                    new PaxTarEntry(TarEntryType.RegularFile, $"aclImdb/train/{name}.txt")
                    {
                        DataStream = new MemoryStream("a text"u8.ToArray()),
                    }
                );
        }
        var whole = File.ReadAllBytes(path);
        var random = new Random(17);
        var (read, refused) = (0, 0);
        for (var i = 0; i < 3000; i++)
        {
            var bytes = whole.ToArray();
            for (var k = 1 + random.Next(3); k > 0; k--)
            {
                var block = random.Next(bytes.Length / 512) * 512;
                bytes[block + random.Next(512)] = (byte)random.Next(256);
                // Three of four with a sum that fits again, so that the damage is looked at.
                if (random.Next(4) > 0)
                    Sum(bytes.AsSpan(block, 512));
            }
            File.WriteAllBytes(path, bytes);
            try
            {
                DataSet.Load(path, "imdb", "train", new DataOptions(SkipBadRows: true));
                read++;
            }
            catch (DataException e)
            {
                Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
                refused++;
            }
        }
        Assert.True(read > 100 && refused > 100, $"{read} read, {refused} refused");
    }

    private static byte[] Header(string name, char kind, ReadOnlySpan<byte> size)
    {
        var block = new byte[1024];
        Encoding.ASCII.GetBytes(name, block);
        "0000644\0"u8.CopyTo(block.AsSpan(100));
        "0000000\0"u8.CopyTo(block.AsSpan(108));
        "0000000\0"u8.CopyTo(block.AsSpan(116));
        size.CopyTo(block.AsSpan(124));
        "00000000000\0"u8.CopyTo(block.AsSpan(136));
        block[156] = (byte)kind;
        "ustar\0"u8.CopyTo(block.AsSpan(257));
        "00"u8.CopyTo(block.AsSpan(263));
        Sum(block.AsSpan(0, 512));
        return block;
    }

    private static void Sum(Span<byte> header)
    {
        header.Slice(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var b in header)
            sum += b;
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ", header[148..]);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    [Fact]
    public void Unpacking_obeys_a_stop()
    {
        using var stop = new CancellationTokenSource();
        using var unpacking = new SizeLimitedStream(new Zero(long.MaxValue), "endless.gz", long.MaxValue, stop.Token);
        stop.CancelAfter(100);
        Assert.Throws<OperationCanceledException>(() => unpacking.CopyTo(Stream.Null));
        Assert.Throws<OperationCanceledException>(() =>
            DataSet.Load(Zeros("b.tsv.gz", 1 << 20), "tsv", "train", stop: stop.Token)
        );
    }

    [Fact]
    public void Resources_have_the_limit_too()
    {
        foreach (var (name, read) in Readers)
        {
            var path = Zeros(name, MuchMoreThanTheLimit);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var error = Assert.Throws<DataException>(() => read(path));
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
            // The longest line that is held before it is refused has 16 MiB.
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 96 << 20);
        }
    }

    [Fact]
    public void Word_vectors_that_mostly_repeat_themselves_are_refused_early()
    {
        var path = _folder.Write("v.txt.gz", string.Concat(Enumerable.Repeat("a 0 1\n", 5000)));
        var error = Assert.Throws<DataException>(() => WordVectorReader.Read(path));
        Assert.Contains($"{path}:1001: 'a' is repeated", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_resource_that_is_cut_short_is_refused()
    {
        foreach (var (name, read) in Readers)
        {
            var path = _folder.Write(name, string.Concat(Enumerable.Range(0, 300).Select(i => $"w{i} {i} 1\n")));
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..^12]);
            var error = Assert.Throws<DataException>(() => read(path));
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
        }
    }

    private static (string Name, Action<string> Read)[] Readers =>
        [
            ("v.txt.gz", path => WordVectorReader.Read(path)),
            ("v.bin.gz", path => WordVectorReader.Read(path)),
            ("n.json.gz", path => NeighbourTable.Read(path)),
            ("n.tsv.gz", path => NeighbourTable.Read(path)),
            ("t.json.gz", path => PerceptronTagger.Read(path)),
            ("s.txt.gz", path => StopWords.Read(path)),
            ("m.map.gz", path => UniversalTags.Read(path)),
        ];

    private string Zeros(string name, long count)
    {
        using var gzip = new GZipStream(File.Create(_folder[name]), CompressionLevel.Fastest);
        new Zero(count).CopyTo(gzip, 1 << 20);
        return _folder[name];
    }

    private sealed class Zero(long count) : Stream
    {
        private long _read;

        public override int Read(byte[] buffer, int offset, int length) => Read(buffer.AsSpan(offset, length));

        public override int Read(Span<byte> buffer)
        {
            var given = (int)Math.Min(buffer.Length, count - _read);
            buffer[..given].Clear();
            _read += given;
            return given;
        }

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => count;

        public override long Position
        {
            get => _read;
            set => _read = value;
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int length) => throw new NotSupportedException();
    }
}
