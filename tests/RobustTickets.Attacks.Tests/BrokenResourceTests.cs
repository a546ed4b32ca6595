using System.Text;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Tests.Data;
using RobustTickets.Attacks.Tokens;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>Every file of strings is refused with its name, place and reason.</summary>
public sealed class BrokenResourceTests : IDisposable
{
    private const string Half = "\\ud800";
    private const string Bert =
        "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}},"
        + "\"normalizer\":{\"type\":\"BertNormalizer\"},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"}";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("{\n\"film\": [\"HALF\"]}")]
    [InlineData("{\n\"HALF\": [\"film\"]}")]
    public void Half_of_a_surrogate_pair_in_a_neighbour_table_is_refused(string json) =>
        Refused("n.json", json, path => NeighbourTable.Read(path), ":2: a string contains an unpaired surrogate");

    [Theory]
    [InlineData("{\"classes\":[\"HALF\"],\"tagdict\":{},\"weights\":{}}")]
    [InlineData("{\"classes\":[\"A\"],\"tagdict\":{\"HALF\":\"A\"},\"weights\":{}}")]
    [InlineData("{\"classes\":[\"A\"],\"tagdict\":{},\"weights\":{\"HALF\":{\"A\":1}}}")]
    public void Half_of_a_surrogate_pair_in_a_tagger_is_refused(string json) =>
        Refused("t.json", json, path => PerceptronTagger.Read(path), ":1: a string contains an unpaired surrogate");

    [Theory]
    [InlineData("tokenizer_config.json", "{\"tokenizer_class\": \"HALF\"}")]
    [InlineData("tokenizer_config.json", "{\"HALF\": 1}")]
    [InlineData("special_tokens_map.json", "{\"unk_token\": {\"content\": \"HALF\"}}")]
    [InlineData("tokenizer.json", "{\"model\": {\"vocab\": {\"HALF\": 0}}}")]
    [InlineData("added_tokens.json", "{\"HALF\": 0}")]
    [InlineData("config.json", "{\"model_type\": \"HALF\"}")]
    public void Half_of_a_surrogate_pair_in_a_tokenizer_folder_is_refused(string name, string json)
    {
        _folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n");
        var path = _folder.Write(name, json.Replace("HALF", Half, StringComparison.Ordinal));
        var error = Assert.Throws<DataException>(() => WordPieceTokenizer.Load(_folder.Root));
        Assert.StartsWith($"{path}:1: a string contains an unpaired", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_before_json_is_no_part_of_it()
    {
        _folder.Write("vocab.txt", "\ufeff[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n");
        _folder.Write("config.json", "\ufeff{\"max_position_embeddings\": 32}");
        _folder.Write("tokenizer_config.json", "\ufeff{\"do_lower_case\": false}");
        _folder.Write("special_tokens_map.json", "\ufeff{\"unk_token\": \"[UNK]\"}");
        var options = WordPieceTokenizer.Load(_folder.Root).Options;
        Assert.Equal((32, false), (options.ModelMaxLength, options.DoLowerCase));
        Assert.Equal(1, NeighbourTable.Read(_folder.Write("n.json", "\ufeff{\"a\":[\"b\"]}")).Count);
        Assert.Equal(["b"], NeighbourTable.Read(_folder.Write("n.tsv", "\ufeffa\tb\n")).Nearest("a", 1));
        Assert.Equal(0, WordVectorReader.Read(_folder.Write("v.txt", "\ufeffa 1 2\n")).IndexOf("a"));
        Assert.True(StopWords.Read(_folder.Write("s.txt", "\ufeffa\n")).Contains("a"));
        Assert.Equal("NOUN", UniversalTags.Read(_folder.Write("m.map", "\ufeffA\tNOUN\n")).Of("A"));
    }

    [Fact]
    public void A_byte_that_is_not_utf8_is_named_with_its_line_in_every_resource()
    {
        foreach (
            var (name, content, read) in new (string, string, Action<string>)[]
            {
                ("v.txt", "a 1 2\ncaf\u00e9 1 2\n", path => WordVectorReader.Read(path)),
                ("n.tsv", "a\tb\ncaf\u00e9\tb\n", path => NeighbourTable.Read(path)),
                ("n.json", "{\"a\":[\"b\"],\n\"caf\u00e9\":[]}", path => NeighbourTable.Read(path)),
                ("s.txt", "a\ncaf\u00e9\n", path => StopWords.Read(path)),
                ("m.map", "A\tX\n\u00e9\tX\n", path => UniversalTags.Read(path)),
                ("t.json", "{\"classes\":[\"A\"],\n\"\u00e9\":1}", path => PerceptronTagger.Read(path)),
            }
        )
        {
            File.WriteAllBytes(_folder[name], Encoding.Latin1.GetBytes(content));
            var error = Assert.Throws<DataException>(() => read(_folder[name]));
            Assert.Contains($"{_folder[name]}:2: byte 0xe9 is not UTF-8", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("{\"classes\":[],\"tagdict\":{},\"weights\":{}}", "classes is empty")]
    [InlineData("{\"classes\":[\"A\",\"A\"],\"tagdict\":{},\"weights\":{\"bias\":{\"A\":1}}}", "'A' twice")]
    [InlineData("{\"classes\":[7],\"tagdict\":{},\"weights\":{}}", "classes contains 7")]
    [InlineData("{\"classes\":[\"A\"],\"tagdict\":{\"a\":\"B\"},\"weights\":{}}", "tagdict of 'a': 'B'")]
    [InlineData("{\"classes\":[\"A\"],\"tagdict\":{},\"weights\":{\"bias\":{\"B\":1}}}", "weights of 'bias': 'B'")]
    [InlineData(
        "{\"classes\":[\"A\"],\"tagdict\":{},\"weights\":{\"bias\":{\"A\":1e999}}}",
        "1e999 is not a finite number"
    )]
    [InlineData(
        "{\"classes\":[\"A\"],\"tagdict\":{},\"weights\":{\"bias\":3}}",
        "weights of 'bias' should be an object"
    )]
    [InlineData("{\"classes\":[\"A\"],\"tagdict\":[],\"weights\":{}}", "no object tagdict")]
    [InlineData("{\"classes\":[\"A\"],\"tagdict\":{},\"weights\":{}}", "weights is empty")]
    [InlineData("[1]", "no array classes")]
    public void A_tagger_that_cannot_tag_is_refused(string json, string message) =>
        Refused("t.json", json, path => PerceptronTagger.Read(path), message);

    [Theory]
    [InlineData("n.json", "{}", "no word has a neighbour")]
    [InlineData("n.json", "{\"film\": []}", "no word has a neighbour")]
    [InlineData("n.tsv", "\n\n", "no word has a neighbour")]
    [InlineData("n.tsv", "film\t\n", "no word has a neighbour")]
    [InlineData("n.tsv", " \tfilm\n", ":1: should be 'word TAB neighbours', the word is blank")]
    [InlineData("n.json", "{\"good\":[\"\",\"fine\"]}", "word 'good': a neighbour is blank")]
    [InlineData("n.json", "{\"good\":[\"\u00a0\"]}", "word 'good': a neighbour is blank")]
    [InlineData("n.tsv", "good\tfine \u00a0\n", "word 'good': a neighbour is blank")]
    public void A_neighbour_table_without_neighbours_is_refused(string name, string content, string message) =>
        Refused(name, content, path => NeighbourTable.Read(path), message);

    [Fact]
    public void A_table_made_in_code_has_no_blank_neighbours_either()
    {
        var rows = new Dictionary<string, string[]> { ["film"] = ["movie"], ["good"] = ["fine", ""] };
        var message = Assert.Throws<ArgumentException>(() => new NeighbourTable(rows)).Message;
        Assert.StartsWith("word 'good': a neighbour is blank", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n", "no tags")]
    [InlineData("\tNOUN\n", ":1: should be")]
    [InlineData("NN\t \n", ":1: should be")]
    public void A_tag_map_without_tags_is_refused(string content, string message) =>
        Refused("m.map", content, path => UniversalTags.Read(path), message);

    [Theory]
    [InlineData("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":\"x\"}}}", "maps 'a' to index \"x\"")]
    [InlineData(
        "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0},\"max_input_chars_per_word\":\"x\"}}",
        "max_input_chars_per_word is \"x\""
    )]
    [InlineData(
        "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}},\"normalizer\":{\"type\":7}}",
        "normalizer is missing"
    )]
    [InlineData("{BERT,\"added_tokens\":[7]}", "added token ''")]
    [InlineData("{BERT,\"added_tokens\":[{\"id\":\"0\",\"content\":8}]}", "added token ''")]
    public void A_value_of_another_kind_in_tokenizer_json_is_refused_by_name(string json, string message)
    {
        var path = _folder.Write("tokenizer.json", json.Replace("BERT", Bert, StringComparison.Ordinal));
        var error = Assert.Throws<DataException>(() => WordPieceTokenizer.Load(_folder.Root));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private void Refused(string name, string content, Action<string> read, string message)
    {
        var path = _folder.Write(name, content.Replace("HALF", Half, StringComparison.Ordinal));
        var error = Assert.Throws<DataException>(() => read(path));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
