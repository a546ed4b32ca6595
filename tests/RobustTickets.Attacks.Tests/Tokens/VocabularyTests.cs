using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks.Tokens;
using Xunit;

namespace RobustTickets.Attacks.Tests.Tokens;

public sealed class VocabularyTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rt-vocabulary-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Index_is_the_line_and_the_file_comes_back_byte_for_byte()
    {
        var path = Write("[PAD]\nthe\n##s\n\u4e2d\n");
        var vocabulary = Vocabulary.Load(path);
        Assert.Equal(4, vocabulary.Count);
        Assert.True(vocabulary.TryGetId("##s", out var id));
        Assert.Equal(2, id);
        Assert.Equal("\u4e2d", vocabulary[3]);
        Assert.False(vocabulary.TryGetId("s", out _));
        Assert.True(vocabulary.TryGetContinuation("s", out id));
        Assert.Equal(2, id);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))), vocabulary.Sha256());
        var copy = Path.Combine(_folder.FullName, "copy.txt");
        vocabulary.Save(copy);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(copy));
        Assert.Throws<ArgumentOutOfRangeException>(() => vocabulary[4]);
        Assert.Throws<ArgumentOutOfRangeException>(() => vocabulary[-1]);
    }

    [Fact]
    public void Byte_order_mark_and_windows_line_ends_are_tolerated()
    {
        var vocabulary = Vocabulary.Load(Write("\ufeff[PAD]\r\nthe\r\n"));
        Assert.Equal(["[PAD]", "the"], vocabulary.Tokens);
    }

    [Theory]
    [InlineData("[PAD]\nthe\n\n")]
    [InlineData("[PAD]\r\nthe\r\n\r\n\r\n")]
    [InlineData("\ufeff[PAD]\rthe\r\r")]
    public void Blank_lines_at_the_end_are_no_tokens(string content)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, content);
            Assert.Equal(["[PAD]", "the"], Vocabulary.Load(path).Tokens);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_byte_that_is_not_utf8_is_named_with_its_line()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, "[PAD]\nthe\ncaf\u00e9\n".Select(c => (byte)c).ToArray());
            var error = Assert.Throws<DataException>(() => Vocabulary.Load(path));
            Assert.StartsWith($"{path}:3: byte 0xe9 is not UTF-8", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("[PAD]\nthe\na\nthe\n", ":4: duplicate token 'the', first found at line 2")]
    [InlineData("[PAD]\n\nthe\n", ":2: empty line")]
    [InlineData("", "the vocabulary is empty")]
    public void Broken_files_are_refused_by_file_and_line(string content, string message)
    {
        var path = Write(content);
        var error = Assert.Throws<DataException>(() => Vocabulary.Load(path));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_or_binary_file_is_refused()
    {
        Assert.Contains(
            "no such file",
            Assert.Throws<DataException>(() => Vocabulary.Load(Path.Combine(_folder.FullName, "none.txt"))).Message,
            StringComparison.Ordinal
        );
        var path = Path.Combine(_folder.FullName, "latin.txt");
        File.WriteAllBytes(path, [(byte)'a', (byte)'\n', 0xE9, (byte)'\n']);
        Assert.Contains(
            "not UTF-8",
            Assert.Throws<DataException>(() => Vocabulary.Load(path)).Message,
            StringComparison.Ordinal
        );
    }

    private string Write(string content)
    {
        var path = Path.Combine(_folder.FullName, "vocab.txt");
        File.WriteAllText(path, content, new UTF8Encoding(false));
        return path;
    }
}
