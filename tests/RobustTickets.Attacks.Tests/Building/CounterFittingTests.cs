using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Resources.Building;
using Xunit;

namespace RobustTickets.Attacks.Tests.Building;

/// <summary>Counter-fitting on a vocabulary of seven words. Mutant: the sign of a term.</summary>
public sealed class CounterFittingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("counter").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    // cheap and expensive are near, cheap and inexpensive far; dear and dearly are neighbours that
    // no pair names.
    private static WordVectors Toy() =>
        new(
            ["cheap", "expensive", "inexpensive", "dear", "dearly", "river", "lake"],
            [
                1,
                0,
                0,
                0,
                0.9f,
                0.5f,
                0,
                0,
                0,
                0,
                1,
                0.5f,
                0.3f,
                1,
                0,
                0,
                0.35f,
                1,
                0.1f,
                0.1f,
                0,
                0,
                0,
                1,
                0.1f,
                0,
                0,
                0.9f,
            ],
            4
        );

    private static readonly (string, string)[] Synonyms = [("cheap", "inexpensive"), ("expensive", "dear")];
    private static readonly (string, string)[] Antonyms = [("cheap", "expensive"), ("expensive", "cheap")];

    private static WordVectors Fitted(CounterFittingOptions? options = null) =>
        CounterFitting.Fit(Toy(), LexicalConstraints.Of(Synonyms, Antonyms, Toy()), options);

    private static double Cosine(WordVectors vectors, string a, string b) =>
        vectors.Cosine(vectors.IndexOf(a), vectors.IndexOf(b));

    [Fact]
    public void Synonyms_come_nearer_antonyms_go_apart_neighbourhoods_stay()
    {
        var (before, after) = (Toy(), Fitted());
        Assert.True(Cosine(after, "cheap", "inexpensive") > Cosine(before, "cheap", "inexpensive") + 0.3);
        Assert.True(Cosine(after, "cheap", "expensive") < Cosine(before, "cheap", "expensive") - 0.3);
        Assert.Equal(Cosine(before, "dear", "dearly"), Cosine(after, "dear", "dearly"), 0.01);
        Assert.Equal(Cosine(before, "river", "lake"), Cosine(after, "river", "lake"), 5);
    }

    [Fact]
    public void A_flipped_sign_fails_the_same_bounds()
    {
        var before = Toy();
        var synonyms = Fitted(new CounterFittingOptions(SynonymRate: -0.1));
        Assert.False(Cosine(synonyms, "cheap", "inexpensive") > Cosine(before, "cheap", "inexpensive") + 0.3);
        var antonyms = Fitted(new CounterFittingOptions(AntonymRate: -0.1));
        Assert.False(Cosine(antonyms, "cheap", "expensive") < Cosine(before, "cheap", "expensive") - 0.3);
        var neighbours = Fitted(new CounterFittingOptions(NeighbourhoodRate: 0));
        Assert.True(Cosine(neighbours, "dear", "dearly") < Cosine(before, "dear", "dearly") - 0.01);
    }

    [Fact]
    public void A_step_is_the_mean_of_the_active_gradients()
    {
        // One synonym pair at a right angle, one step of 0.1: (1, 0.1) and (0.1, 1), normalised.
        var vectors = new WordVectors(["a", "b"], [1, 0, 0, 1], 2);
        var pairs = LexicalConstraints.Of([("a", "b")], [], vectors);
        var after = CounterFitting.Fit(vectors, pairs, new CounterFittingOptions(Epochs: 1));
        Assert.Equal(0.2 / 1.01, after.Cosine(0, 1), 5);
    }

    [Fact]
    public void A_pair_that_is_both_is_an_antonym_and_words_are_found_in_lower_case()
    {
        var pairs = LexicalConstraints.Of([("Cheap", "expensive"), ("lake", "sea")], [("expensive", "cheap")], Toy());
        Assert.Empty(pairs.Synonyms);
        Assert.Equal([(0, 1)], pairs.Antonyms);
    }

    [Fact]
    public void Two_runs_give_the_same_file_in_either_format()
    {
        foreach (var name in new[] { "v.bin", "v.txt", "v.bin.gz", "v.txt.gz" })
        {
            var files = new[] { Written(name), Written("again-" + name) };
            Assert.Equal(File.ReadAllBytes(files[0]), File.ReadAllBytes(files[1]));
            var read = WordVectorReader.Read(files[0]);
            Assert.Equal(Cosine(Fitted(), "cheap", "dear"), Cosine(read, "cheap", "dear"), 5);
            Assert.Equal("lake", read.Word(6));
        }

        string Written(string name)
        {
            var path = Path.Combine(_folder, name);
            using var stream = File.Create(path);
            WordVectorWriter.Write(Fitted(), stream, path);
            return path;
        }
    }

    [Fact]
    public void Counter_fitting_stops_when_it_is_asked_to()
    {
        var pairs = LexicalConstraints.Of(Synonyms, Antonyms, Toy());
        Assert.ThrowsAny<OperationCanceledException>(() =>
            CounterFitting.Fit(Toy(), pairs, null, null, new CancellationToken(canceled: true))
        );
    }

    [Fact]
    public void Spearman_shares_ranks_between_equal_values()
    {
        Assert.Equal(1, WordSimilarity.Spearman([1, 2, 3], [10, 20, 30]), 12);
        Assert.Equal(-1, WordSimilarity.Spearman([1, 2, 3], [3, 2, 1]), 12);
        // Ranks 1, 2.5, 2.5, 4 against 1..4.
        Assert.Equal(0.9486833, WordSimilarity.Spearman([1, 2, 2, 3], [1, 2, 3, 4]), 6);
    }

    [Fact]
    public void Antonym_pointers_join_words_not_synsets()
    {
        var first = "00000000 00 a 02 good 0 moral(p) 1 001 ! 00000082 a 0101 | made up for this test        \n";
        Assert.True(first.Length > 82);
        var second = $"{first.Length:00000000} 00 s 02 bad 0 evil 1 001 ! 00000000 a 0201 | made up  \n";
        var data = first.Replace("00000082", $"{first.Length:00000000}", StringComparison.Ordinal) + second;
        File.WriteAllText(Path.Combine(_folder, "data.adj"), data);
        File.WriteAllText(
            Path.Combine(_folder, "index.adj"),
            $"bad a 1 0 1 0 {first.Length:00000000}  \ngood a 1 0 1 0 00000000  \n"
        );
        foreach (var kind in new[] { "noun", "verb", "adv" })
        {
            File.WriteAllText(Path.Combine(_folder, $"data.{kind}"), "");
            File.WriteAllText(Path.Combine(_folder, $"index.{kind}"), "x n 1 0 1 0 00000000  \n");
        }
        foreach (var kind in new[] { "noun", "verb", "adj", "adv" })
            File.WriteAllText(Path.Combine(_folder, $"{kind}.exc"), "");
        var wordNet = WordNet.Read(_folder);
        Assert.Equal([("good", "bad"), ("evil", "good")], wordNet.AntonymPairs());
        Assert.Equal([("good", "moral"), ("bad", "evil")], wordNet.SynonymPairs());
    }
}
