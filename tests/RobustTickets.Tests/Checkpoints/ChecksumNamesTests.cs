using RobustTickets.Checkpoints.Files;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class ChecksumNamesTests : IDisposable
{
    // SHA-256 of nothing, which /dev/null and an empty file have.
    private const string Nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("../outside")]
    [InlineData("sub/../../outside")]
    [InlineData("sub//inside")]
    [InlineData("..\\outside")]
    [InlineData("sub/")]
    public void Checksums_of_what_is_not_in_the_folder_are_refused(string name)
    {
        Directory.CreateDirectory(folder.At("model", "sub"));
        foreach (var file in new[] { "outside", "model/inside", "model/sub/inside" })
            folder.Write(file, "");
        folder.Write("model/SHA256SUMS", $"{Nothing}  {name}\n");
        Fixtures.Refused(
            () => FolderChecksums.Verify(folder.At("model")),
            "SHA256SUMS:1",
            $"'{name}'",
            "in or below the folder"
        );
        folder.Write("model/SHA256SUMS", $"{Nothing}  ./inside\n{Nothing}  sub/inside\n");
        FolderChecksums.Verify(folder.At("model"));
    }

    [Theory]
    [InlineData(".DS_Store", true)]
    [InlineData("._config.json", true)]
    [InlineData("Thumbs.db", true)]
    [InlineData(".git", false)] // may be the user's
    [InlineData("thesis.txt", false)]
    public void Only_files_of_file_browsers_need_no_name(string name, bool isNamed)
    {
        Directory.CreateDirectory(folder.At("model"));
        folder.Write("model/config.json", "{}");
        FolderChecksums.Write(folder.At("model"));
        folder.Write($"model/{name}", "x");
        Assert.Equal(isNamed, FolderChecksums.NameAll(folder.At("model")));
    }
}
