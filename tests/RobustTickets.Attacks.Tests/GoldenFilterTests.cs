using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// <c>./test.sh golden</c> runs every test that reads golden values, and a wrong golden folder is
/// no reason to skip them.
/// </summary>
public class GoldenFilterTests
{
    [Fact]
    public void Every_test_that_reads_golden_values_is_selected()
    {
        var readers = GoldenReaders.In(typeof(GoldenFilterTests).Assembly);
        Assert.Contains(readers, test => test.Name == nameof(GoldenAttackTests.Every_row_is_reproduced));
        Assert.Empty(
            readers.Where(test => !GoldenReaders.IsSelected(test)).Select(t => $"{t.DeclaringType!.Name}.{t.Name}")
        );
    }

    [Fact]
    public void A_named_folder_without_golden_values_is_refused()
    {
        var folder = Directory.CreateTempSubdirectory("none").FullName;
        try
        {
            var error = Assert.Throws<DirectoryNotFoundException>(() => Golden.Named(folder));
            Assert.Contains(folder, error.Message, StringComparison.Ordinal);
            Assert.Contains("g1_tokenizer, ", error.Message, StringComparison.Ordinal);
            Directory.CreateDirectory(Path.Combine(folder, "g9_minilm"));
            Assert.Equal(folder, Golden.Named(folder));
            Assert.Throws<DirectoryNotFoundException>(() => Golden.Named(Path.Combine(folder, "missing")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
