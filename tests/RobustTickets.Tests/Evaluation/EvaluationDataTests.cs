// The classes of data in the order of a model's.
using RobustTickets.Attacks;
using RobustTickets.Evaluation;
using RobustTickets.Tests.Checkpoints;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

public sealed class EvaluationDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public EvaluationDataTests() => _folder.Write("dev.tsv", "sentence\tlabel\nbad\t0\ngood\t1\n");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("negative,positive", 0, false)]
    [InlineData("Positive,Negative", 1, false)]
    [InlineData("pos,neg", 1, false)]
    [InlineData("LABEL_0,LABEL_1", 0, true)]
    public void A_class_is_found_by_every_spelling_and_by_its_place_only_if_no_name_tells_it(
        string classes,
        int bad,
        bool noted
    )
    {
        var split = EvaluationData.Load(_folder.Path, "sst2", null, null, classes.Split(','));
        Assert.Equal([bad, 1 - bad], split.Examples.Select(e => e.Label));
        Assert.Equal(
            noted,
            split.Notes.Any(note => note.StartsWith("the model names its classes", StringComparison.Ordinal))
        );
    }

    [Fact]
    public void A_known_class_at_another_place_beside_an_unknown_one_is_refused()
    {
        var error = Assert.Throws<DataException>(() =>
            EvaluationData.Load(_folder.Path, "sst2", null, null, ["pos", "bad"])
        );
        Assert.Contains("the model's class 0 is 'pos', which is class 1 ('positive') here", error.Message);
        Assert.StartsWith(_folder.At("dev.tsv"), error.Message);
    }
}
