// Files and folders are the old ones or the complete new ones; places that cannot take them are
// refused before the work.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class AtomicTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_is_replaced_whole_or_not_at_all()
    {
        AtomicFile.WriteAllText(folder.At("a"), "old ü");
        Assert.Equal("old ü"u8.ToArray(), File.ReadAllBytes(folder.At("a")));
        Assert.Throws<InvalidOperationException>(() =>
            AtomicFile.Write(
                folder.At("a"),
                stream =>
                {
                    stream.Write("new"u8);
                    stream.Flush();
                    // The half-written file lies under another name.
                    Assert.Equal("old ü", File.ReadAllText(folder.At("a")));
                    Assert.Equal(2, folder.Names().Length);
                    throw new InvalidOperationException("stopped in the middle");
                }
            )
        );
        Assert.Equal("old ü", File.ReadAllText(folder.At("a")));
        Assert.Equal(["a"], folder.Names());
        AtomicFile.WriteAllBytes(folder.At("a"), "new"u8);
        Assert.Equal("new", File.ReadAllText(folder.At("a")));
        Assert.Equal(["a"], folder.Names());
    }

    [Fact]
    public void A_file_in_use_is_replaced_when_its_readers_are_done()
    {
        const int inUse = unchecked((int)0x80070020),
            denied = unchecked((int)0x80070005); // as Windows refuses to rename a folder
        Exception[] refusals =
        [
            new UnauthorizedAccessException(),
            new IOException("denied", denied),
            new IOException("in use", inUse),
        ];
        var (tried, waited) = (0, 0);
        void Move()
        {
            if (tried++ < refusals.Length)
                throw refusals[tried - 1];
        }
        WholeFile.Rename(Move, tries: 4, () => waited++);
        Assert.Equal((4, 3), (tried, waited));

        (tried, waited) = (0, 0);
        Assert.Same(refusals[1], Assert.Throws<IOException>(() => WholeFile.Rename(Move, tries: 2, () => waited++)));
        Assert.Equal((2, 1), (tried, waited));

        refusals = [new IOException("the disk is full")];
        (tried, waited) = (0, 0);
        Assert.Throws<IOException>(() => WholeFile.Rename(Move, tries: 3, () => waited++));
        Assert.Equal((1, 0), (tried, waited));
    }

    [Fact]
    public void A_folder_appears_whole_or_not_at_all()
    {
        void Fill(string at, string text)
        {
            Directory.CreateDirectory(Path.Combine(at, "inner"));
            File.WriteAllText(Path.Combine(at, "inner", "x"), text);
        }
        AtomicFolder.Create(
            folder.At("parent", "c1"),
            at =>
            {
                Fill(at, "1");
                Assert.False(Directory.Exists(folder.At("parent", "c1")));
            }
        );
        Assert.Equal(["parent", "parent/c1", "parent/c1/inner", "parent/c1/inner/x"], folder.Names());
        Assert.Throws<InvalidOperationException>(() =>
            AtomicFolder.Create(
                folder.At("parent", "c1"),
                at =>
                {
                    Fill(at, "2");
                    throw new InvalidOperationException("stopped in the middle");
                },
                replace: true
            )
        );
        Assert.Equal("1", File.ReadAllText(folder.At("parent", "c1", "inner", "x")));
        Fixtures.Refused(() => AtomicFolder.Create(folder.At("parent", "c1"), at => Fill(at, "2")), "c1", "not empty");
        AtomicFolder.Create(folder.At("parent", "c1"), at => Fill(at, "2"), replace: true);
        Assert.Equal("2", File.ReadAllText(folder.At("parent", "c1", "inner", "x")));
        // An empty folder may be made by the caller (or the shell) beforehand; a trailing separator
        // changes nothing.
        Directory.CreateDirectory(folder.At("parent", "c2"));
        AtomicFolder.Create(folder.At("parent", "c2") + Path.DirectorySeparatorChar, at => Fill(at, "3"));
        Assert.Equal(
            [
                "parent",
                "parent/c1",
                "parent/c1/inner",
                "parent/c1/inner/x",
                "parent/c2",
                "parent/c2/inner",
                "parent/c2/inner/x",
            ],
            folder.Names()
        );
    }

    [Fact]
    public void An_empty_folder_that_another_program_fills_meanwhile_keeps_its_files()
    {
        Directory.CreateDirectory(folder.At("c"));
        var refusal = Fixtures.Refused(
            () =>
                AtomicFolder.Create(
                    folder.At("c"),
                    at =>
                    {
                        File.WriteAllText(Path.Combine(at, "x"), "ours");
                        folder.Write("c/x", "theirs");
                    }
                ),
            folder.At("c"),
            "cannot be written"
        );
        Assert.True(refusal.OfOutput);
        Assert.Equal("theirs", File.ReadAllText(folder.At("c", "x")));
        Assert.Equal(["c", "c/x"], folder.Names());
    }

    [Fact]
    public void A_source_that_cannot_be_read_is_not_an_output_that_cannot_be_written()
    {
        Assert.Throws<IOException>(() => AtomicFolder.Create(folder.At("c"), _ => throw new IOException("a source")));
        // Address 0 of a process cannot be read.
        if (!File.Exists("/proc/self/mem"))
            return;
        Directory.CreateDirectory(folder.At("source"));
        var vocabulary = folder.At("source", "vocab.txt");
        File.CreateSymbolicLink(vocabulary, "/proc/self/mem");
        var config = Fixtures.TinyConfig;
        var refusal = Fixtures.Refused(
            () => HuggingFaceFolderWriter.Write(folder.At("m"), config, Fixtures.Weights(config), folder.At("source")),
            $"{vocabulary}: cannot be read: "
        );
        Assert.False(refusal.OfOutput);
        Assert.Equal(["source", "source/vocab.txt"], folder.Names());
    }

    [Fact]
    public void What_a_killed_writer_left_is_removed_and_nothing_else()
    {
        Directory.CreateDirectory(folder.At(".checkpoint-5.tmp-123-1"));
        folder.Write(".checkpoint-5.tmp-123-1/model", "half");
        folder.Write(".state.json.tmp-99-7", "half");
        foreach (var kept in new[] { "checkpoint-5.tmp-1-1", ".tmp-1-1x", ".a.tmp-1", ".hidden", "b" })
            folder.Write(kept, "kept");
        Assert.Equal([".checkpoint-5.tmp-123-1", ".state.json.tmp-99-7"], WholeFile.RemoveLeftovers(folder.Path));
        Assert.Equal([".a.tmp-1", ".hidden", ".tmp-1-1x", "b", "checkpoint-5.tmp-1-1"], folder.Names());
        Assert.Empty(WholeFile.RemoveLeftovers(folder.At("absent")));
    }

    [Fact]
    public void The_temporary_name_is_one_that_is_cleaned_up()
    {
        // A writer killed in the middle leaves exactly what RemoveLeftovers looks for.
        var seen = "";
        AtomicFile.Write(folder.At("x"), _ => seen = Path.GetFileName(Directory.EnumerateFiles(folder.Path).Single()));
        folder.Write(seen, "half");
        Assert.Equal([seen], WholeFile.RemoveLeftovers(folder.Path));
        Assert.Equal(["x"], folder.Names());
    }

    [Fact]
    public void Too_little_space_is_refused_with_path_free_and_needed_bytes()
    {
        DiskSpace.Check(folder.At("not", "yet", "there"), 1);
        var free = DiskSpace.Free(folder.Path);
        Assert.InRange(free, 1, long.MaxValue);
        var needed = long.MaxValue - 7;
        var refusal = Fixtures.Refused(
            () => DiskSpace.Check(folder.At("not", "yet"), needed),
            folder.At("not", "yet"),
            "9223372036854775800 bytes are needed",
            "are free"
        );
        Assert.Matches(@" \d+ are free on the file system of ", refusal.Message);
        Assert.Empty(folder.Names());
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_refused_by_name()
    {
        folder.Write("file", "x");
        Fixtures.Refused(() => DiskSpace.Check(folder.At("file", "model"), 1), folder.At("file", "model"), "is a file");
        Fixtures.Refused(
            () => AtomicFile.WriteAllText(folder.At("absent", "x"), ""),
            folder.At("absent"),
            "does not exist"
        );
        Fixtures.Refused(() => AtomicFile.WriteAllText(folder.Path, ""), folder.Path, "is a folder");
        Fixtures.Refused(() => AtomicFolder.Create(folder.At("file"), _ => { }), folder.At("file"), "is a file");
        Fixtures.Refused(
            () => AtomicFolder.Create(folder.At("file", "model"), _ => { }),
            folder.At("file", "model"),
            "cannot be written"
        );
        // Nobody, not even root, can create files here.
        if (!Directory.Exists("/proc/self"))
            return;
        Fixtures.Refused(() => DiskSpace.CheckWritable("/proc/self/model"), "/proc/self/model", "cannot be written");
        Fixtures.Refused(() => AtomicFile.WriteAllText("/proc/self/x", ""), "/proc/self/x", "cannot be written");
        Fixtures.Refused(
            () => AtomicFolder.Create("/proc/self/model", _ => { }),
            "/proc/self/model",
            "cannot be written"
        );
        Fixtures.Refused(
            () =>
                HuggingFaceFolderWriter.Write(
                    "/proc/self/model",
                    Fixtures.TinyConfig,
                    Fixtures.Weights(Fixtures.TinyConfig)
                ),
            "/proc/self/model",
            "cannot be written"
        );
    }

    [Fact]
    public void A_full_disk_is_refused_by_path_and_leaves_nothing()
    {
        void Fail(Stream stream)
        {
            stream.Write(new byte[10]);
            throw new IOException("No space left on device");
        }
        Fixtures.Refused(() => AtomicFile.Write(folder.At("x"), Fail), folder.At("x"), "No space left on device");
        Fixtures.Refused(
            () => AtomicFolder.Create(folder.At("d"), at => AtomicFile.Write(Path.Combine(at, "x"), Fail)),
            "No space left on device"
        );
        Assert.Empty(folder.Names());
    }
}
