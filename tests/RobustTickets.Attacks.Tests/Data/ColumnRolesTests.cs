using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

/// <summary>A column of a table is text, second text or label, not two of them.</summary>
public sealed class ColumnRolesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("label", null, "TextColumn label: 'label' is also the label column", "LabelColumn")]
    [InlineData("text+label", null, "TextColumn text+label: 'label' is also the label column", "LabelColumn")]
    [InlineData(null, "text", "PairColumn text: 'text' is also the text column", "TextColumn")]
    [InlineData(null, "label", "PairColumn label: 'label' is also the label column", "LabelColumn")]
    public void A_column_of_two_roles_is_refused(string? text, string? pair, string begin, string other)
    {
        var path = _folder.Write("id.csv", "id,text,label\n1,good film,1\n2,dull story,0\n");
        DataOptions Named(string? a, string? b) => new(TextColumn: a, PairColumn: b);
        var error = Assert.Throws<RequestException>(() => DataSet.Load(path, "csv", "train", Named(text, pair)));
        Assert.StartsWith(begin, error.Message, StringComparison.Ordinal);
        Assert.EndsWith($"({other})", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, DataSet.Load(path, "csv", "train", Named("text", "id")).Examples.Count);
    }
}
