using System.Text.Json;
using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// WordNet's files: the real ones against unit_wordnet, and made-up ones for every rule and
/// refusal. Mutant: empty exception lists must fail
/// on the same fixtures.
/// </summary>
public sealed class WordNetTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("wordnet").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [SkippableFact]
    [Trait("Category", "Golden")]
    public void Every_synonym_list_is_reproduced()
    {
        if (Golden.Folder("attacks", "unit_wordnet.jsonl") is not { } path || GoldenAttacks.WordNet is not { } wordNet)
        {
            throw Golden.Skip("attacks: unit_wordnet (needs Debian's wordnet-base)");
        }
        var (checks, wrong) = Compare(path, wordNet);
        Assert.True(checks > 0);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {checks} lists differ\n" + string.Join('\n', wrong.Take(5)));
    }

    [SkippableFact]
    [Trait("Category", "Golden")]
    public void Without_the_exception_lists_the_same_fixtures_fail()
    {
        if (
            Golden.Folder("attacks", "unit_wordnet.jsonl") is not { } path
            || GoldenAttacks.WordNetFolder is not { } installed
        )
        {
            throw Golden.Skip("attacks: mutant of unit_wordnet (needs Debian's wordnet-base)");
        }
        foreach (var file in Directory.GetFiles(installed))
        {
            var copy = Path.Combine(_folder, Path.GetFileName(file));
            if (file.EndsWith(".exc", StringComparison.Ordinal))
                File.WriteAllText(copy, "");
            else
                File.CreateSymbolicLink(copy, file);
        }
        var (checks, wrong) = Compare(path, WordNet.Read(_folder));
        GoldenRows.RequireNoticed(wrong.Count > 0, checks, "attacks: synonyms without the exception lists");
    }

    [SkippableTheory]
    [InlineData("word", "word|term|spoken_word|Word|gospel|phrase|articulate")]
    [InlineData("WORDS", "word|term|spoken_word|Word|gospel|phrase|articulate")]
    [InlineData("wives", "wife|spouse|married_woman")]
    [InlineData("axes", "ax|axe")]
    [InlineData("lasses", "lass|girl")]
    [InlineData("lass", "lass|girl")]
    [InlineData("loved", "love|enjoy")]
    [InlineData("loving", "love|enjoy")]
    [InlineData("largest", "big|large|Dr.")]
    [InlineData("bigger", "big|large|Dr.")]
    [InlineData("famous", "well-known|famous|long-familiar")]
    [InlineData("best", "best|unrivalled|good|moving|well-made|most|well")]
    [InlineData("girlsss", "lass|girl")]
    [InlineData("nothing-like-it", "")]
    [InlineData("\u0130", "")]
    public void Base_forms_are_found_as_NLTK_finds_them(string word, string synonyms) =>
        Assert.Equal(synonyms.Split('|', StringSplitOptions.RemoveEmptyEntries), Tiny().Synonyms(word));

    [SkippableFact]
    public void Substitutes_are_single_words_other_than_the_word_in_WordNets_spelling()
    {
        var swap = new WordNetSwap(Tiny());
        Assert.Equal(["term", "Word", "gospel", "phrase", "articulate"], swap.Substitutes("word"));
        Assert.Equal(["word", "term", "gospel", "phrase", "articulate"], swap.Substitutes("Word"));
        // "Dr." holds one word as TextAttack cuts it, and keeps its stop.
        Assert.Equal(["big", "Dr."], swap.Substitutes("large"));
        Assert.Empty(swap.Substitutes(new string('s', 10_000)));
        Assert.Empty(swap.Substitutes(string.Concat(Enumerable.Repeat("es", 120))));
    }

    [Fact]
    public void What_it_remembers_is_bounded_and_changes_no_answer()
    {
        var wordNet = Tiny();
        Assert.Empty(wordNet.Synonyms(new string('s', 257)));
        Assert.Equal(0, wordNet.RememberedWords);
        for (var i = 0; i <= 1 << 17; i++)
            wordNet.Synonyms($"w{i}");
        Assert.Equal(1 << 17, wordNet.RememberedWords);
        Assert.Equal(["wife", "spouse", "married_woman"], wordNet.Synonyms("wives"));
        Assert.Equal(1 << 17, wordNet.RememberedWords);
    }

    [SkippableFact]
    public void The_resource_is_named_hashed_and_counted()
    {
        var info = Tiny().Info;
        Assert.Equal(("wordnet", Path.GetFileName(_folder), "37 lemmas"), (info.Kind, info.Name, info.Content));
        Assert.Equal(64, info.Sha256.Length);
        File.AppendAllText(Path.Combine(_folder, "noun.exc"), "geese goose\n");
        Assert.NotEqual(info.Sha256, WordNet.Read(_folder).Info.Sha256);
    }

    [SkippableTheory]
    [InlineData("index.verb", "", "no lemmas")]
    [InlineData(
        "index.verb",
        "run v 1 0 1 0 00000001  \ngo v 1 0 1 0 00000001  \n",
        "line 2: lemma 'go' is out of order"
    )]
    [InlineData("index.verb", "run v 1 0 1 0 00000001", "line 1: unexpected end of file")]
    [InlineData("index.verb", "run\n", "line 1: should be")]
    [InlineData("noun.exc", "axes ax\nwives\n", "line 2: should be 'form base [base..]', found 'wives'")]
    public void A_malformed_file_is_refused_with_its_place(string name, string content, string message)
    {
        TinyWordNet.Write(_folder);
        File.WriteAllText(Path.Combine(_folder, name), content);
        var error = Assert.Throws<DataException>(() => WordNet.Read(_folder));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("index.verb", "run v 2 0 1 0 00000001  \n", "the counts do not match")]
    [InlineData("index.verb", "run v 1 0 1 0 x  \n", "the counts do not match")]
    [InlineData("index.verb", "run v 1 0 1 0 00000007  \n", "no synset starts at byte 7")]
    [InlineData("index.verb", "run v 1 0 1 0 99999999  \n", "no synset starts at byte 99999999")]
    [InlineData("data.verb", "", "no synset starts at byte")]
    public void Files_that_do_not_belong_together_are_refused_when_the_word_is_asked_for(
        string name,
        string content,
        string message
    )
    {
        TinyWordNet.Write(_folder);
        File.WriteAllText(Path.Combine(_folder, name), content);
        Assert.Contains(
            message,
            Assert.Throws<DataException>(() => WordNet.Read(_folder).Synonyms("run")).Message,
            StringComparison.Ordinal
        );
    }

    [SkippableFact]
    public void What_is_missing_is_named()
    {
        Assert.Contains(
            "wordnet-base",
            Assert.Throws<DataException>(() => WordNet.Read(Path.Combine(_folder, "none"))).Message,
            StringComparison.Ordinal
        );
        File.Delete(Path.Combine(TinyWordNet.Write(_folder), "adv.exc"));
        Assert.Contains(
            "adv.exc",
            Assert.Throws<DataException>(() => WordNet.Read(_folder)).Message,
            StringComparison.Ordinal
        );
    }

    private static (int Checks, List<string> Wrong) Compare(string path, WordNet wordNet)
    {
        var swap = new WordNetSwap(wordNet);
        var wrong = new List<string>();
        var checks = 0;
        foreach (var line in File.ReadLines(path).Where(l => l.Length > 0))
        {
            using var json = JsonDocument.Parse(line);
            var word = json.RootElement.GetProperty("word").GetString()!;
            var expected = string.Join(
                '|',
                json.RootElement.GetProperty("synonyms").EnumerateArray().Select(e => e.GetString()!)
            );
            var actual = string.Join('|', swap.Substitutes(word).Order(CodePointOrder.Instance));
            checks++;
            if (expected != actual)
                wrong.Add($"{word}: expected {expected}, got {actual}");
        }
        return (checks, wrong);
    }

    private WordNet Tiny() => WordNet.Read(TinyWordNet.Write(_folder));
}
