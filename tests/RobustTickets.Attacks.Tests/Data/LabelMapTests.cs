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
    [InlineData("neutral entailment", "entailment neutral", "order of mnli, of whose class names 2 occur")]
    [InlineData("sports World Business", "World Sports Business", "order of ag-news, of whose class names 3 occur")]
    [InlineData("sports Sports", "Sports sports", "sorted by character code")]
    [InlineData("02 01 12", "01 02 12", "sorted by character code")] // codes, not numbers
    [InlineData("1E1 2E1 10", "10 1E1 2E1", "sorted by character code")]
    [InlineData("2.50 1.00", "1.00 2.50", "numeric order")] // each value has one spelling
    [InlineData("0.0 1.0", "0.0 1.0", "numbers from 0 kept")]
    public void Inference(string values, string names, string rule)
    {
        var map = LabelInference.Infer(values.Split(' '), "f.csv");
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
            Assert.Throws<DataException>(() => LabelInference.Infer(texts, "f.csv")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "every label is '1'",
            Assert.Throws<DataException>(() => LabelInference.Infer(["1", "1"], "f.csv")).Message,
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
        // Nor do codes stand for their index: 1 may be 01.
        Assert.False(LabelMap.FromNames(["01", "02"]).Indices.ContainsKey("1"));
    }

    [Theory]
    [InlineData("sst2", "pos neg", "1 0")]
    [InlineData("sst2", "neg POS", "0 1")]
    [InlineData("sst2", "1 0", "1 0")]
    [InlineData("ag-news", "Sci-Tech business Sports world", "3 2 1 0")]
    public void The_classes_of_a_model_are_found_by_every_spelling_of_a_task(string task, string names, string places)
    {
        var own = LabelMap.For(TaskCatalog.Required(task), oneBased: false);
        var map = own.InOrderOf(names.Split(' '), "f.tsv")!;
        var wanted = places.Split(' ').Select(int.Parse).ToArray();
        Assert.Equal(wanted.Select((_, at) => at), wanted.Select(of => map.Indices[own.Names[of]]));
        Assert.Equal(wanted.Order().SequenceEqual(wanted), ReferenceEquals(own, map));
    }

    [Theory]
    [InlineData("sst2", "LABEL_0 LABEL_1")]
    [InlineData("sst2", "negative good")] // the one that is known stays where it is
    [InlineData("sst2", "1 2")] // counts from 1: no 1 of the file
    [InlineData("ag-news", "World Sports Business Technology")]
    [InlineData("ag-news", "World Sports")]
    public void Names_that_tell_no_order_give_none(string task, string names) =>
        Assert.Null(LabelMap.For(TaskCatalog.Required(task), oneBased: false).InOrderOf(names.Split(' '), "f.tsv"));

    [Theory]
    [InlineData("sst2", "pos bad", "the model's class 0 is 'pos', which is class 1 ('positive') here")]
    [InlineData("sst2", "neg negative", "the model's class 1 is 'negative', which is class 0 ('negative') here")]
    [InlineData("ag-news", "Tech Business World Sports", "the model's class 1 is 'Business', which is class 2")]
    public void Some_classes_in_another_order_and_others_unknown_are_refused(string task, string names, string message)
    {
        var map = LabelMap.For(TaskCatalog.Required(task), oneBased: false);
        var error = Assert.Throws<DataException>(() => map.InOrderOf(names.Split(' '), "f.tsv")).Message;
        Assert.StartsWith("f.tsv: " + message, error, StringComparison.Ordinal);
        Assert.Contains("name the labels of the model's classes in its order", error, StringComparison.Ordinal);
    }
}
