using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

public class LabelMapTests
{
    [Theory]
    [InlineData("1 0 1", "0 1", "numbers from 0 kept")]
    [InlineData("2 0 2", "0 1 2", "numbers from 0 kept")] // a split that lacks class 1
    [InlineData("4 0 4", "0 4", "numeric order")] // two classes written 0 and 4
    [InlineData("10 9 2", "2 9 10", "numeric order")] // not "10" before "2"
    [InlineData("1 -1", "-1 1", "numeric order")]
    [InlineData("spam ham spam", "ham spam", "sorted by character code")]
    [InlineData("b B a", "B a b", "sorted by character code")]
    [InlineData("contradiction entailment neutral", "entailment neutral contradiction", "order of mnli")]
    [InlineData("Positive negative", "negative positive", "order of sst2")]
    [InlineData("1 x", "1 x", "sorted by character code")]
    public void Inference(string values, string names, string rule)
    {
        var map = LabelMap.Infer(values.Split(' '), "f.csv");
        Assert.Equal(names.Split(' '), map.Names);
        Assert.StartsWith(rule, map.Rule, StringComparison.Ordinal);
        Assert.Contains("f.csv", map.Rule, StringComparison.Ordinal);
        Assert.All(values.Split(' '), value => Assert.InRange(map.Indices[value], 0, map.Names.Count - 1));
    }

    [Fact]
    public void Texts_taken_for_labels_and_single_classes_are_refused()
    {
        var texts = Enumerable.Range(0, 30).Select(i => $"sentence {i}").ToArray();
        Assert.Contains(
            "30 different labels in 30 rows",
            Assert.Throws<DataException>(() => LabelMap.Infer(texts, "f.csv")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "every label is '1'",
            Assert.Throws<DataException>(() => LabelMap.Infer(["1", "1"], "f.csv")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Given_maps_name_classes_by_words_and_have_no_gaps()
    {
        var map = LabelMap.Given(
            new Dictionary<string, int>
            {
                ["0"] = 0,
                ["bad"] = 0,
                ["1"] = 1,
                ["good"] = 1,
            }
        );
        Assert.Equal(["bad", "good"], map.Names);
        Assert.Contains("as given", map.Rule, StringComparison.Ordinal);
        Assert.Throws<DataException>(() => LabelMap.Given(new Dictionary<string, int> { ["a"] = 0, ["b"] = 2 }));
        Assert.Throws<DataException>(() => LabelMap.Given(new Dictionary<string, int> { ["a"] = 0 }));
        Assert.Throws<DataException>(() => LabelMap.Given(new Dictionary<string, int> { ["a"] = -1, ["b"] = 0 }));
    }

    [Fact]
    public void Class_names_of_a_model_make_a_map()
    {
        var map = LabelMap.FromNames(["neutral", "hateful"]);
        Assert.Equal(1, map.Indices["Hateful"]);
        Assert.Equal(1, map.Indices["1"]);
        Assert.Equal(["neutral", "hateful"], map.Names);
        // Names that are numbers mean themselves.
        var stars = LabelMap.FromNames(["1", "2", "3"]);
        Assert.Equal(0, stars.Indices["1"]);
        Assert.False(stars.Indices.ContainsKey("0"));
        Assert.Throws<DataException>(() => LabelMap.FromNames(["a", "A"]));
    }
}
