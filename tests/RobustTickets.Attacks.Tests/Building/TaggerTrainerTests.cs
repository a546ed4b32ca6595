using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Resources.Building;
using Xunit;

namespace RobustTickets.Attacks.Tests.Building;

/// <summary>Training a tagger on a treebank of a few sentences.</summary>
public sealed class TaggerTrainerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("treebank").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    private static string Word(int number, string form, string tag) =>
        $"{number}\t{form}\t_\t_\t{tag}\t_\t0\t_\t_\t_\n";

    private static string Sentence(params (string Form, string Tag)[] words) =>
        "# a sentence\n" + string.Concat(words.Select((w, i) => Word(i + 1, w.Form, w.Tag))) + "\n";

    // "run" is a noun after a determiner and a verb after a pronoun.
    private static string Treebank() =>
        string.Concat(
            Enumerable.Repeat(
                Sentence(("the", "DT"), ("run", "NN"), ("ends", "VBZ"))
                    + Sentence(("they", "PRP"), ("run", "VBP"), ("home", "RB"))
                    + Sentence(("a", "DT"), ("walk", "NN"), ("starts", "VBZ")),
                10
            )
        );

    private string Treebank(string text)
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.conllu");
        File.WriteAllText(path, text);
        return path;
    }

    private PerceptronTagger Trained(TaggerOptions options, string name = "tagger.json.gz")
    {
        var path = Path.Combine(_folder, name);
        using (var stream = File.Create(path))
            TaggerWriter.Write(TaggerTrainer.Train(ConlluFile.Read(Treebank(Treebank())), options), stream, path);
        return PerceptronTagger.Read(path);
    }

    [Fact]
    public void A_trained_tagger_tells_tags_by_their_context()
    {
        var tagger = Trained(new TaggerOptions(LeastCount: 1000));
        Assert.Equal(["DT", "NN", "VBZ"], tagger.Tag(["the", "run", "ends"]));
        Assert.Equal(["PRP", "VBP", "RB"], tagger.Tag(["they", "run", "home"]));
        var accuracy = TaggerAccuracy.Of(tagger, ConlluFile.Read(Treebank(Treebank())));
        Assert.Equal((90, 90), (accuracy.Right, accuracy.Words));
    }

    [Fact]
    public void Frequent_words_with_one_tag_are_tagged_by_the_dictionary()
    {
        var trained = TaggerTrainer.Train(ConlluFile.Read(Treebank(Treebank())), new TaggerOptions(LeastCount: 10));
        Assert.Equal("DT", trained.Dictionary["the"]);
        Assert.False(trained.Dictionary.ContainsKey("run"));
    }

    [Fact]
    public void A_seed_gives_the_same_file_twice()
    {
        Trained(new TaggerOptions(Seed: 5), "one.json");
        Trained(new TaggerOptions(Seed: 5), "two.json");
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(_folder, "one.json")),
            File.ReadAllBytes(Path.Combine(_folder, "two.json"))
        );
    }

    [Fact]
    public void Ranges_and_empty_nodes_are_no_words()
    {
        var text =
            "1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
            + Word(1, "do", "VBP")
            + Word(2, "n't", "RB")
            + "2.1\tgo\t_\t_\tVB\t_\t_\t_\t_\t_\n\n";
        var sentence = Assert.Single(ConlluFile.Read(Treebank(text)));
        Assert.Equal(["do", "n't"], sentence.Words);
        Assert.Equal(["VBP", "RB"], sentence.Tags);
    }

    [Theory]
    [InlineData("1\tdo\tVBP\n", ":1: expected 10 tab-separated columns")]
    [InlineData("# c\n1\tdo\t_\t_\t_\t_\t_\t_\t_\t_\n", ":2: word 'do' has no tag")]
    [InlineData("x\tdo\t_\t_\tVB\t_\t_\t_\t_\t_\n", "'x' is not a word number")]
    [InlineData("# nothing\n", "no sentence")]
    public void A_malformed_treebank_is_refused_by_line(string text, string what) =>
        Assert.Contains(what, Assert.Throws<DataException>(() => ConlluFile.Read(Treebank(text))).Message);
}
