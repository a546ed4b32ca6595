using System.Formats.Tar;
using System.IO.Compression;
using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

public sealed class AclImdbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public AclImdbTests()
    {
        _folder.Write("aclImdb/train/pos/10_9.txt", "lovely<br />\ttruly");
        _folder.Write("aclImdb/train/pos/2_7.txt", "nice");
        _folder.Write("aclImdb/train/neg/0_1.txt", "dull");
        _folder.Write("aclImdb/train/unsup/0_0.txt", "unread");
        _folder.Write("aclImdb/train/urls_pos.txt", "unread");
        _folder.Write("aclImdb/test/pos/0_10.txt", "fine");
        _folder.Write("aclImdb/test/neg/0_2.txt", "bad");
        _folder.Write("aclImdb/README", "unread");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Folder_and_archives_give_the_same()
    {
        var folder = DataSet.Load(_folder["aclImdb"], "imdb", "train");
        // by number, negative first
        Assert.Equal(["train/neg/0_1", "train/pos/2_7", "train/pos/10_9"], folder.Examples.Select(e => e.Id));
        Assert.Equal([0, 1, 1], folder.Examples.Select(e => e.Label));
        Assert.Equal("lovely<br />\ttruly", folder.Examples[2].Text.First);
        Assert.Equal(folder.Examples, DataSet.Load(_folder.Root, "imdb", "train").Examples); // the folder above

        var archive = Pack();
        var packed = DataSet.Load(archive, "imdb", "train");
        Assert.Equal(folder.Examples, packed.Examples);
        Assert.Equal(folder.Sha256, packed.Sha256);
        // the only archive of a folder
        Assert.Equal("bad", DataSet.Load(_folder["packed"], "imdb", "test").Examples[0].Text.First);
        Assert.NotEqual(folder.Sha256, DataSet.Load(archive, "imdb", "test").Sha256);
        _folder.Write("aclImdb/train/neg/0_1.txt", "dull!");
        Assert.NotEqual(folder.Sha256, DataSet.Load(_folder["aclImdb"], "imdb", "train").Sha256);
        var swapped = new DataOptions(Labels: LabelMap.Given(new Dictionary<string, int> { ["pos"] = 0, ["neg"] = 1 }));
        Assert.Equal([1, 0, 0], DataSet.Load(archive, "imdb", "train", swapped).Examples.Select(e => e.Label));
        // a model's class names
        var named = new DataOptions(Labels: LabelMap.FromNames(["Positive", "Negative"]));
        Assert.Equal([1, 0, 0], DataSet.Load(archive, "imdb", "train", named).Examples.Select(e => e.Label));
    }

    [Fact]
    public void Files_of_file_browsers_are_no_reviews()
    {
        var clean = DataSet.Load(_folder["aclImdb"], "imdb", "train");
        foreach (var name in new[] { ".DS_Store", "._0_1.txt", "Thumbs.db", "desktop.ini" })
            _folder.Write($"aclImdb/train/neg/{name}", "\0\u0005");
        var folder = DataSet.Load(_folder["aclImdb"], "imdb", "train");
        Assert.Equal(clean.Examples, folder.Examples);
        Assert.Equal(clean.Sha256, folder.Sha256);
        Pack();
        _folder.Write("packed/._aclImdb.tar.gz", "no archive");
        var packed = DataSet.Load(_folder["packed"], "imdb", "train");
        Assert.Equal(clean.Examples, packed.Examples);
        Assert.Equal(clean.Sha256, packed.Sha256);
    }

    [Fact]
    public void Odd_files_splits_and_archives_are_refused()
    {
        Assert.Contains(
            "no review in dev/pos or dev/neg",
            Assert.Throws<DataException>(() => DataSet.Load(Pack(), "imdb", "dev")).Message,
            StringComparison.Ordinal
        );
        _folder.Write("aclImdb/test/neg/notes.txt", "");
        Assert.Contains(
            "test/neg/notes.txt: the name is not ID_RATING.txt",
            Assert.Throws<DataException>(() => DataSet.Load(_folder["aclImdb"], "imdb", "test")).Message,
            StringComparison.Ordinal
        );
        File.WriteAllBytes(_folder["aclImdb/train/neg/1_1.txt"], [0x61, 0x0A, 0xFF]);
        Assert.Contains(
            "train/neg/1_1.txt:2: byte 0xff is not UTF-8",
            Assert.Throws<DataException>(() => DataSet.Load(_folder["aclImdb"], "imdb", "train")).Message,
            StringComparison.Ordinal
        );
        File.Delete(_folder["aclImdb/test/neg/notes.txt"]);
        var archive = Pack();
        var bytes = File.ReadAllBytes(archive);
        foreach (var length in new[] { bytes.Length - 8, bytes.Length / 2, 40 })
        {
            File.WriteAllBytes(archive, bytes[..length]);
            Assert.Contains(
                "incomplete or corrupt gzipped tar file",
                Assert.Throws<DataException>(() => DataSet.Load(archive, "imdb", "test")).Message,
                StringComparison.Ordinal
            );
        }
    }

    private string Pack()
    {
        Directory.CreateDirectory(_folder["packed"]);
        var path = _folder["packed/aclImdb.tar.gz"];
        using var file = File.Create(path);
        using var gzip = new GZipStream(file, CompressionLevel.Fastest);
        TarFile.CreateFromDirectory(_folder["aclImdb"], gzip, includeBaseDirectory: true);
        return path;
    }
}
