using System.Text.Json.Nodes;
using RobustTickets.Attacks.Tokens;
using Xunit;

namespace RobustTickets.Attacks.Tests.Tokens;

/// <summary>Model folders: what is read, which file wins, what is refused by name.</summary>
public sealed class TokenizerFolderTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("rt-tokenizer-");
    private readonly string _folder;

    public TokenizerFolderTests() => _folder = _root.FullName;

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void A_bare_vocabulary_is_an_uncased_bert()
    {
        TinyVocabulary.Vocabulary.Save(In("vocab.txt"));
        var t = WordPieceTokenizer.Load(_folder);
        Assert.Equal(["the", "[", "[MASK]", "]"], t.Tokenize("THE [[MASK]]"));
        Assert.Equal(512, t.ModelMaxLength);
        File.WriteAllText(In("config.json"), """{"max_position_embeddings": 64}""");
        Assert.Equal(64, WordPieceTokenizer.Load(_folder).ModelMaxLength);
        File.WriteAllText(
            In("tokenizer_config.json"),
            """{"model_max_length": 1000000000000000019884624838656, "do_lower_case": false}"""
        );
        t = WordPieceTokenizer.Load(_folder);
        Assert.Equal(64, t.ModelMaxLength);
        Assert.Equal(["T", "##he"], t.Tokenize("The"));
    }

    [Fact]
    public void Tokenizer_json_gives_vocabulary_settings_and_special_tokens()
    {
        WriteJson(json => json["normalizer"]!["lowercase"] = false);
        var t = WordPieceTokenizer.Load(_folder);
        Assert.Equal(["T", "##he", "[", "[MASK]", "]", "[UNK]"], t.Tokenize("The [[MASK]] FILM"));
        // tokenizer_config.json has the last word, as in Hugging Face.
        File.WriteAllText(
            In("tokenizer_config.json"),
            """{"do_lower_case": true, "model_max_length": 128, "tokenizer_class": "BertTokenizerFast"}"""
        );
        t = WordPieceTokenizer.Load(_folder);
        Assert.Equal(["the", "film"], t.Tokenize("The FILM"));
        Assert.Equal(128, t.ModelMaxLength);
        // Also about the side.
        WriteJson(json => json["truncation"] = JsonNode.Parse("""{"direction": "Left"}"""));
        File.WriteAllText(In("tokenizer_config.json"), """{"truncation_side": "right"}""");
        Assert.Equal(["the", "film"], WordPieceTokenizer.Load(_folder).Tokenize("The FILM"));
    }

    [Fact]
    public void What_is_saved_loads_to_the_same_tokenizer()
    {
        var vocabulary = new Vocabulary([.. TinyVocabulary.Tokens, "[URL]"]);
        foreach (
            var options in new[]
            {
                new TokenizerOptions(ModelMaxLength: 77),
                new TokenizerOptions(DoLowerCase: false, StripAccents: true, TokenizeChineseChars: false),
                new TokenizerOptions(Special: new SpecialTokens(Additional: ["[URL]"])),
            }
        )
        {
            var original = new WordPieceTokenizer(vocabulary, options);
            original.SaveTo(Path.Combine(_folder, "saved"));
            var loaded = WordPieceTokenizer.Load(Path.Combine(_folder, "saved"));
            Assert.Equal(vocabulary.Sha256(), loaded.Vocabulary.Sha256());
            Assert.Equal(options with { Special = null }, loaded.Options with { Special = null });
            Assert.Equal(original.SpecialIds, loaded.SpecialIds);
            const string text = "The CAF\u00c9 [[URL]] \u4e2d\u4e2d [MASK]x";
            Assert.Equal(original.TokenIds(text), loaded.TokenIds(text));
        }
    }

    [Fact]
    public void Renamed_special_tokens_are_read_from_either_file()
    {
        var tokens = TinyVocabulary.Tokens.ToArray();
        tokens[1] = "<unk>";
        new Vocabulary(tokens).Save(In("vocab.txt"));
        Assert.Contains("'[UNK]' is not in the vocabulary", Refused(), StringComparison.Ordinal);
        File.WriteAllText(In("special_tokens_map.json"), """{"unk_token": {"content": "<unk>", "lstrip": false}}""");
        Assert.Equal(["<unk>"], WordPieceTokenizer.Load(_folder).Tokenize("zebra"));
        File.Delete(In("special_tokens_map.json"));
        File.WriteAllText(In("tokenizer_config.json"), """{"unk_token": "<unk>"}""");
        Assert.Equal(1, WordPieceTokenizer.Load(_folder).UnknownId);
    }

    [Theory]
    [InlineData("model.type", "\"BPE\"", "model.type is 'BPE'; only WordPiece")]
    [InlineData("model.continuing_subword_prefix", "\"@@\"", "'@@'")]
    [InlineData("normalizer.type", "\"NFKC\"", "normalizer is 'NFKC'; only BertNormalizer")]
    [InlineData("normalizer.clean_text", "false", "clean_text is false")]
    [InlineData("normalizer.lowercase", "1", "lowercase is 1; expected true, false or null")]
    [InlineData("pre_tokenizer.type", "\"Whitespace\"", "pre_tokenizer is 'Whitespace'; only BertPreTokenizer")]
    [InlineData("post_processor.type", "\"RobertaProcessing\"", "post_processor is 'RobertaProcessing'")]
    [InlineData("truncation", """{"direction": "Left"}""", "truncation.direction is 'Left'; only 'right'")]
    [InlineData(
        "post_processor.single",
        """[{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]""",
        "post_processor.single is '[CLS]:0 $A:0' (token:segment); only '[CLS]:0 $A:0 [SEP]:0'"
    )]
    [InlineData("post_processor.pair.3.Sequence.type_id", "0", "post_processor.pair is '[CLS]:0 $A:0 [SEP]:0 $B:0")]
    [InlineData("post_processor.pair.4.SpecialToken.id", "\"[CLS]\"", "$B:1 [CLS]:1' (token:segment); only")]
    [InlineData("post_processor.pair", "null", "post_processor.pair is '(none)'")]
    [InlineData("added_tokens.0.special", "false", "added token '[PAD]' is not special")]
    [InlineData("added_tokens.0.lstrip", "true", "lstrip = true")]
    [InlineData("added_tokens.0.content", "\"[NEW]\"", "added token '[NEW]' is not at index 0")]
    [InlineData("model.vocab.the", "5", "'the' to index 5;")]
    [InlineData("model.vocab.the", "5000", "'the' to index 5000")]
    public void Unsupported_parts_of_tokenizer_json_are_refused_by_name(string place, string value, string message)
    {
        WriteJson(json =>
        {
            var keys = place.Split('.');
            JsonNode node = json;
            foreach (var key in keys[..^1])
                node = int.TryParse(key, out var index) ? node[index]! : node[key]!;
            node[keys[^1]] = JsonNode.Parse(value);
        });
        Assert.Contains(message, Refused(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "tokenizer_config.json",
        """{"tokenizer_class": "RobertaTokenizerFast"}""",
        "tokenizer_class 'RobertaTokenizerFast' is not supported"
    )]
    [InlineData("tokenizer_config.json", """{"do_basic_tokenize": false}""", "do_basic_tokenize is false")]
    [InlineData("tokenizer_config.json", """{"never_split": ["New York"]}""", "never_split contains 1 words")]
    [InlineData(
        "tokenizer_config.json",
        """{"do_lower_case": "yes"}""",
        "do_lower_case is \"yes\"; expected true, false or null"
    )]
    [InlineData("tokenizer_config.json", """{"model_max_length": 1}""", "model_max_length is 1")]
    [InlineData("tokenizer_config.json", """{"truncation_side": "left"}""", "truncation_side is 'left'; only 'right'")]
    [InlineData(
        "tokenizer_config.json",
        """{"added_tokens_decoder": {"999": {"content": "[NEW]", "special": true}}}""",
        "'[NEW]' is not at index 999"
    )]
    [InlineData("tokenizer_config.json", "{", "not JSON")]
    [InlineData("tokenizer_config.json", "[]", "expected a JSON object")]
    [InlineData("added_tokens.json", """{"[NEW]": 999}""", "added token '[NEW]' is not in the vocabulary")]
    [InlineData(
        "special_tokens_map.json",
        """{"additional_special_tokens": ["[NEW]"]}""",
        "special token '[NEW]' is not in the vocabulary"
    )]
    public void Unsupported_settings_are_refused_by_name(string file, string content, string message)
    {
        TinyVocabulary.Vocabulary.Save(In("vocab.txt"));
        File.WriteAllText(In(file), content);
        Assert.Contains(message, Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_or_contradicting_vocabularies_are_refused()
    {
        Assert.Contains("found nothing", Refused(), StringComparison.Ordinal);
        File.WriteAllText(In("merges.txt"), "");
        Assert.Contains("merges.txt, which belongs to a BPE", Refused(), StringComparison.Ordinal);
        Assert.Contains(
            "no such folder",
            Assert.Throws<DataException>(() => WordPieceTokenizer.Load(In("none"))).Message,
            StringComparison.Ordinal
        );
        WriteJson(_ => { });
        new Vocabulary([.. TinyVocabulary.Tokens, "more"]).Save(In("vocab.txt"));
        Assert.Contains("contain different vocabularies", Refused(), StringComparison.Ordinal);
    }

    private string In(string name) => Path.Combine(_folder, name);

    private string Refused()
    {
        var message = Assert.Throws<DataException>(() => WordPieceTokenizer.Load(_folder)).Message;
        Assert.StartsWith(_folder, message, StringComparison.Ordinal);
        return message;
    }

    private void WriteJson(Action<JsonNode> change)
    {
        var vocab = new JsonObject(
            TinyVocabulary.Tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))
        );
        var added = new JsonArray(
            TinyVocabulary
                .Tokens.Take(5)
                .Select(
                    (token, id) =>
                        (JsonNode?)
                            new JsonObject
                            {
                                ["id"] = id,
                                ["content"] = token,
                                ["single_word"] = false,
                                ["lstrip"] = false,
                                ["rstrip"] = false,
                                ["normalized"] = false,
                                ["special"] = true,
                            }
                )
                .ToArray()
        );
        var json = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = new JsonObject
            {
                ["type"] = "BertNormalizer",
                ["clean_text"] = true,
                ["handle_chinese_chars"] = true,
                ["strip_accents"] = null,
                ["lowercase"] = true,
            },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["post_processor"] = JsonNode.Parse(
                """
                {
                  "type": "TemplateProcessing",
                  "single": [
                    {"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "[SEP]", "type_id": 0}}
                  ],
                  "pair": [
                    {"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
                    {"SpecialToken": {"id": "[SEP]", "type_id": 1}}
                  ]
                }
                """
            ),
            ["model"] = new JsonObject
            {
                ["type"] = "WordPiece",
                ["unk_token"] = "[UNK]",
                ["continuing_subword_prefix"] = "##",
                ["max_input_chars_per_word"] = 100,
                ["vocab"] = vocab,
            },
        };
        change(json);
        File.WriteAllText(In("tokenizer.json"), json.ToJsonString());
    }
}
