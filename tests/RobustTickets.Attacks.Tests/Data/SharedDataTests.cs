using RobustTickets.Attacks.Data;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

/// <summary>
/// The real files, when they are beside the repository: published counts of rows and classes.
/// </summary>
public class SharedDataTests
{
    [SkippableTheory]
    [InlineData("sst2_glue", "sst2", "train", "29780 37569")]
    [InlineData("sst2_glue", "sst2", "dev", "428 444")]
    [InlineData("imdb", "imdb", "train", "2000 2000")]
    [InlineData("imdb", "imdb", "test", "2000 2000")]
    [InlineData("agnews", "ag-news", "train", "5228 5296 5275 5137")]
    [InlineData("agnews", "ag-news", "test", "1900 1900 1900 1900")]
    [InlineData("qnli_glue", "qnli", "dev", "2702 2761")]
    [InlineData("mnli", "mnli", "dev", "3479 3123 3213")]
    public void Counts_are_the_published_ones(string folder, string task, string split, string counts)
    {
        if (Golden.Shared is not { } shared || !Directory.Exists(Path.Combine(shared, "data", folder)))
        {
            throw Golden.Skip($"data {folder} {split}");
        }
        var read = DataSet.Load(Path.Combine(shared, "data", folder), task, split);
        Assert.Equal(counts, string.Join(' ', read.LabelCounts));
        Assert.Equal(read.Examples.Count, read.LabelCounts.Sum());
        Assert.Equal(read.Examples.Count, read.Examples.Select(e => e.Id).Distinct().Count());
        Assert.All(read.Examples, e => Assert.Equal(read.Task.PairColumn is null, e.Text.Second is null));
        Assert.Equal(task == "imdb", Splits.IsClassGrouped(read.Examples));
        Assert.Empty(read.Notes);
    }

    [SkippableFact]
    public void Unlabelled_test_split_is_refused_by_name()
    {
        if (Golden.Shared is not { } shared || !Directory.Exists(Path.Combine(shared, "data", "qnli_glue")))
        {
            throw Golden.Skip("data qnli_glue test");
        }
        var folder = Path.Combine(shared, "data", "qnli_glue");
        Assert.Contains(
            "qnli is published with labels for train, dev only",
            Assert.Throws<DataException>(() => DataSet.Load(folder, "qnli", "test")).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(5463, DataSet.Load(folder, "qnli", "test", new DataOptions(RequireLabels: false)).Examples.Count);
    }
}
