// config.json: what transformers writes is read, what the model code cannot honour is refused by
// field, and nothing is lost on writing.
using System.Text;
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class HuggingFaceConfigTests
{
    private const string Shapes =
        """ "vocab_size": 11, "hidden_size": 6, "num_hidden_layers": 2, "num_attention_heads": 3,"""
        + """ "intermediate_size": 5 """;

    [Fact]
    public void Absent_fields_have_the_defaults_of_transformers()
    {
        var config = HuggingFaceConfig.Parse($"{{{Shapes}}}");
        Assert.Equal(
            (11, 6, 2, 3, 5),
            (
                config.VocabSize,
                config.HiddenSize,
                config.NumHiddenLayers,
                config.NumAttentionHeads,
                config.IntermediateSize
            )
        );
        Assert.Equal(
            (0.1, 0.1, 512, 2),
            (
                config.HiddenDropoutProb,
                config.AttentionProbsDropoutProb,
                config.MaxPositionEmbeddings,
                config.TypeVocabSize
            )
        );
        Assert.Equal((1e-12, 0, 0.02), (config.LayerNormEps, config.PadTokenId, config.InitializerRange));
        Assert.Equal(["LABEL_0", "LABEL_1"], config.Labels);
        Assert.Equal(("gelu", "absolute", "bert"), (config.HiddenAct, config.PositionEmbeddingType, config.ModelType));
        Assert.Null(config.ClassifierDropout);
        Assert.Null(config.Ticket);
        Assert.True(config.TieWordEmbeddings);
        Assert.Equal((2, 3, 5), (config.HeadSize, config.HeadsOf(1), config.IntermediateOf(1)));
    }

    [Fact]
    public void Known_fields_are_read_and_unknown_ones_survive_a_round_trip()
    {
        var text = With(
            """
             "architectures": ["CompactBertForSequenceClassification"], "model_type": "compact_bert",
             "hidden_act": "gelu",
             "hidden_dropout_prob": 0.25,
             "attention_probs_dropout_prob": 0, "classifier_dropout": 0.5, "max_position_embeddings": 7,
             "type_vocab_size": 1, "layer_norm_eps": 1e-05, "pad_token_id": 3,
             "initializer_range": 0.2, "id2label": {"0": "schlecht", "1": "gut", "2": "…"},
             "label2id": {"gut": 1, "schlecht": 0, "…": 2}, "problem_type": "single_label_classification",
             "tie_word_embeddings": false, "position_embedding_type": "absolute", "use_cache": true,
             "is_decoder": false, "transformers_version": "4.4.2",
             "custom": {"b": [1, 2.5, null], "a": "ü"},
             "ticket": {"layer_head_num": [2, 0], "layer_inter_size": [5, 1], "kept_heads": ["0,2", ""],
             "kept_neurons": ["0-4", "4"], "source": "run", "sha256": "00"}
            """
        );
        var config = HuggingFaceConfig.Parse(text);
        Assert.Equal(
            (0.25, 0.0, 0.5),
            (config.HiddenDropoutProb, config.AttentionProbsDropoutProb, config.ClassifierDropout!.Value)
        );
        Assert.Equal(["schlecht", "gut", "…"], config.Labels);
        Assert.Equal(2, config.Label2Id["…"]);
        Assert.Equal(
            (1e-5, 3, 7, 1),
            (config.LayerNormEps, config.PadTokenId, config.MaxPositionEmbeddings, config.TypeVocabSize)
        );
        Assert.False(config.TieWordEmbeddings);
        Assert.Equal(
            (2, 0, 5, 1),
            (config.HeadsOf(0), config.HeadsOf(1), config.IntermediateOf(0), config.IntermediateOf(1))
        );
        Assert.Equal([0, 2], config.Ticket!.KeptHeads![0]);
        Assert.Equal(
            (true, "bert", "BertForSequenceClassification"),
            (config.IsCompact, config.ModelType, config.Architectures[0])
        );
        Assert.Equal(
            ["custom", "is_decoder", "transformers_version", "use_cache"],
            config.Unknown.Keys.Order(StringComparer.Ordinal)
        );

        var written = config.ToJson();
        // As values: 1e-05 and 1E-05 are the same.
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(text), JsonNode.Parse(written)), written);
        Assert.Equal(written, HuggingFaceConfig.Parse(written).ToJson());
        var names = JsonNode.Parse(written)!.AsObject().Select(f => f.Key).ToArray();
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        Assert.Contains("gut", written);
        Assert.NotEqual(written, (config with { PadTokenId = 2 }).ToJson()); // mutant: a field that is not written
    }

    [Fact]
    public void Labels_come_from_whichever_field_is_there()
    {
        Assert.Equal(4, HuggingFaceConfig.Parse(With(""" "num_labels": 4""")).NumLabels);
        Assert.Equal(["a", "b"], HuggingFaceConfig.Parse(With(""" "label2id": {"b": 1, "a": 0}""")).Labels);
        Assert.Equal(
            ["a", "b", "c"],
            HuggingFaceConfig.Parse(With(""" "id2label": {"2": "c", "0": "a", "1": "b"}, "num_labels": 3""")).Labels
        );
        // Twelve labels: "10" sorts before "2" as text.
        var many = HuggingFaceConfig.DefaultLabels(12);
        Assert.Equal(many, HuggingFaceConfig.Parse((Fixtures.TinyConfig with { Labels = many }).ToJson()).Labels);
    }

    [Fact]
    public void Pruned_heads_give_the_ticket_they_mean()
    {
        var config = HuggingFaceConfig.Parse(With(""" "pruned_heads": {"1": [2, 0], "0": []}"""));
        Assert.Equal((3, 1, 5), (config.HeadsOf(0), config.HeadsOf(1), config.IntermediateOf(1)));
        Assert.Equal([1], config.Ticket!.KeptHeads![1]);
        Assert.Equal(1, HuggingFaceConfig.Parse(config.ToJson()).HeadsOf(1));
    }

    [Theory]
    [InlineData("""{"vocab_size": 11}""", "'hidden_size' is missing")]
    [InlineData("""{"hidden_size": 8""", "JSON")]
    [InlineData("""[1]""", "an object is needed")]
    [InlineData("""{S, "vocab_size": 12}""", "'vocab_size' is given twice")]
    [InlineData("""{S, "hidden_act": "relu"}""", "'hidden_act'|'relu'|'gelu'")]
    [InlineData("""{S, "hidden_act": "gelu_new"}""", "'hidden_act'|'gelu_new'|'gelu'")]
    [InlineData("""{S, "model_type": "roberta"}""", "'model_type'|'roberta'|'bert'")]
    [InlineData("""{S, "architectures": ["DistilBertModel"]}""", "'architectures'|'DistilBertModel'")]
    [InlineData(
        """{S, "position_embedding_type": "relative_key"}""",
        "'position_embedding_type'|'relative_key'|'absolute'"
    )]
    [InlineData("""{S, "is_decoder": true}""", "'is_decoder'|encoder")]
    [InlineData("""{S, "hidden_dropout_prob": 1.0}""", "'hidden_dropout_prob'|1.0")]
    [InlineData("""{S, "hidden_dropout_prob": "0.1"}""", "'hidden_dropout_prob'|\"0.1\"")]
    [InlineData("""{S, "layer_norm_eps": 0}""", "'layer_norm_eps'|0")]
    [InlineData("""{S, "pad_token_id": 11}""", "'pad_token_id'|11|10")]
    [InlineData("""{S, "max_position_embeddings": 512.5}""", "'max_position_embeddings'|512.5")]
    [InlineData("""{S, "num_labels": 3, "id2label": {"0": "a", "1": "b"}}""", "'num_labels'|3|2 entries")]
    [InlineData("""{S, "id2label": {"0": "a", "2": "b"}}""", "'id2label'|gap")]
    [InlineData("""{S, "id2label": {"0": "a", "1": "a"}}""", "'id2label'|'a'")]
    [InlineData("""{S, "id2label": {"zero": "a"}}""", "'id2label'|'zero'")]
    [InlineData("""{S, "id2label": {"0": "a", "1": "b"}, "label2id": {"a": 1, "b": 0}}""", "'label2id'|'a': 1|0: a")]
    [InlineData("""{S, "ticket": {"layer_head_num": [3]}}""", "ticket|'layer_head_num'|1 entries|2 layers")]
    [InlineData("""{S, "ticket": {"layer_head_num": [3, 4]}}""", "ticket|'layer_head_num[1]'|4|0 to 3")]
    [InlineData("""{S, "ticket": {"layer_inter_size": [5, -1]}}""", "ticket|'layer_inter_size[1]'|-1")]
    [InlineData(
        """{S, "ticket": {"layer_head_num": [3, 1], "kept_heads": [[0, 1, 2], [0, 1]]}}""",
        "ticket|'kept_heads[1]'|2 entries|1"
    )]
    [InlineData("""{S, "ticket": {"kept_heads": [[0, 0], [1]]}}""", "ticket|'kept_heads[0]'|0 twice")]
    [InlineData("""{S, "ticket": {"kept_heads": [[0, 3], [1]]}}""", "ticket|'kept_heads[0][1]'|3|0 to 2")]
    [InlineData("""{S, "ticket": []}""", "ticket|object")]
    [InlineData("""{S, "ticket": {"kept_heads": ["0-3", "1"]}}""", "ticket|'kept_heads[0]'|0-3|0 to 2")]
    [InlineData("""{S, "ticket": {"kept_heads": ["0-1,1", "1"]}}""", "ticket|'kept_heads[0]'|1 twice")]
    [InlineData("""{S, "model_type": "compact_bert"}""", "'model_type'|'compact_bert'|'ticket'")]
    [InlineData(
        """{S, "ticket": {"layer_head_num": [3, 2]}, "pruned_heads": {"0": [1]}}""",
        "'ticket'|3 heads in layer 0|'pruned_heads'|2"
    )]
    [InlineData("""{S, "pruned_heads": {"2": [1]}}""", "'pruned_heads'|'2'")]
    [InlineData(
        """{"vocab_size": 11, "hidden_size": 7, "num_hidden_layers": 2, "num_attention_heads": 3,"""
            + """ "intermediate_size": 5}""",
        "'hidden_size' 7|'num_attention_heads' 3"
    )]
    public void A_value_that_is_not_possible_is_refused_by_field(string json, string saying) =>
        Fixtures.Refused(
            () =>
                HuggingFaceConfig.Parse(json.Replace("S,", Shapes + ",", StringComparison.Ordinal), "dir/config.json"),
            ["dir/config.json", .. saying.Split('|')]
        );

    // Lists of numbers under model_type bert: what was written before there were ranges.
    [Fact]
    public void A_ticket_in_the_old_form_is_read_and_written_in_the_new()
    {
        var old = HuggingFaceConfig.Parse(
            With(
                """
                "model_type": "bert", "architectures": ["BertForSequenceClassification"],
                "ticket": {"layer_head_num": [2, 3], "layer_inter_size": [4, 0],
                "kept_heads": [[2, 0], [0, 1, 2]], "kept_neurons": [[0, 1, 2, 4], []]}
                """
            )
        );
        var written = JsonNode.Parse(old.ToJson())!;
        Assert.Equal("compact_bert", (string?)written["model_type"]);
        Assert.Equal("CompactBertForSequenceClassification", (string?)written["architectures"]![0]);
        Assert.Equal(["2,0", "0-2"], written["ticket"]!["kept_heads"]!.AsArray().Select(u => (string?)u));
        Assert.Equal(["0-2,4", ""], written["ticket"]!["kept_neurons"]!.AsArray().Select(u => (string?)u));
        var again = HuggingFaceConfig.Parse(old.ToJson());
        Assert.Equal([2, 0], again.Ticket!.KeptHeads![0]);
        Assert.Equal([0, 1, 2, 4], again.Ticket.KeptNeurons![0]);
        Assert.Empty(again.Ticket.KeptNeurons[1]);
    }

    [Fact]
    public void Shapes_that_transformers_loads_stay_bert()
    {
        var full = Fixtures.TinyConfig with { Ticket = new TicketConfig([3, 3], [5, 5]) };
        Assert.Equal("bert", (string?)JsonNode.Parse(full.ToJson())!["model_type"]);
        var pruned = HuggingFaceConfig.Parse(With(""" "pruned_heads": {"1": [0]}"""));
        Assert.Equal("bert", (string?)JsonNode.Parse(pruned.ToJson())!["model_type"]);
        // Mutant: one neuron less, which pruned_heads does not say.
        var less = pruned with
        {
            Ticket = pruned.Ticket! with { LayerInterSize = [5, 4] },
        };
        Assert.Equal("compact_bert", (string?)JsonNode.Parse(less.ToJson())!["model_type"]);
    }

    [Theory]
    [InlineData("""{"LABEL_0": 0, "LABEL_1": 1}""", "LABEL_0: 0, LABEL_1: 1")]
    [InlineData("""{"neg": 0, "good": 1, "LABEL_7": 7}""", "good: 1, LABEL_7: 7")]
    public void A_label2id_of_other_names_is_noted_and_id2label_names_the_classes(string label2id, string others)
    {
        var config = HuggingFaceConfig.Parse(
            With($$""" "id2label": {"0": "neg", "1": "pos"}, "label2id": {{label2id}}"""),
            "dir/config.json"
        );
        Assert.Equal(["neg", "pos"], config.Labels);
        var note = Assert.Single(config.Notes);
        Assert.Contains($"dir/config.json: 'label2id' ({others})", note);
        Assert.Contains("neg, pos", note);
        Assert.Equal(1, (int?)JsonNode.Parse(config.ToJson())!["label2id"]?["pos"]);
        Assert.Empty(
            HuggingFaceConfig.Parse(With(""" "id2label": {"0": "a", "1": "b"}, "label2id": {"b": "1", "a": 0}""")).Notes
        );
    }

    [Theory]
    [InlineData("""{"LABEL_0": 1, "LABEL_1": 0}""", """{"0": "LABEL_0", "1": "LABEL_1"}""", "'LABEL_0': 1")]
    [InlineData("""{"x": 0, "NEG": 1}""", """{"0": "neg", "1": "pos"}""", "'NEG': 1")]
    [InlineData("""{"neg": "zero"}""", """{"0": "neg", "1": "pos"}""", "'neg': zero")]
    public void A_label2id_that_permutes_the_same_names_is_refused(string label2id, string id2label, string saying) =>
        Fixtures.Refused(
            () => HuggingFaceConfig.Parse(With($$""" "id2label": {{id2label}}, "label2id": {{label2id}}""")),
            "'label2id'",
            saying
        );

    [Fact]
    public void A_byte_order_mark_is_passed_over_with_a_note()
    {
        using var folder = new TemporaryFolder();
        var text = "{" + Shapes + "}";
        Encoding[] encodings =
        [
            new UTF8Encoding(true),
            new UnicodeEncoding(false, true),
            new UnicodeEncoding(true, true),
        ];
        foreach (var encoding in encodings)
        {
            var path = folder.Write("config.json", [.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);
            var config = HuggingFaceConfig.Load(path);
            Assert.Equal(11, config.VocabSize);
            Assert.Contains(path, Assert.Single(config.Notes));
        }
        Assert.Empty(HuggingFaceConfig.Load(folder.Write("config.json", text)).Notes);
    }

    [Fact]
    public void Bytes_and_strings_that_are_no_text_are_refused_with_their_place()
    {
        using var folder = new TemporaryFolder();
        var latin = "{" + Shapes + ", \"id2label\": {\"0\": \"sch\u00f6n\", \"1\": \"b\"}}";
        var path = folder.Write("config.json", Encoding.Latin1.GetBytes(latin));
        Fixtures.Refused(() => HuggingFaceConfig.Load(path), path, "UTF-8");
        // An unknown field is written back, at the end of a training.
        Fixtures.Refused(
            () => HuggingFaceConfig.Parse(With(""" "custom": {"a": ["\ud800"]}"""), "dir/config.json"),
            "dir/config.json",
            "'custom.a'"
        );
    }

    [Fact]
    public void What_could_not_be_read_is_not_written()
    {
        Fixtures.Refused(() => (Fixtures.TinyConfig with { HiddenAct = "relu" }).ToJson(), "'hidden_act'");
        Fixtures.Refused(
            () => (Fixtures.TinyConfig with { Ticket = new TicketConfig([1], [1]) }).ToJson(),
            "'layer_head_num'"
        );
    }

    private static string With(string fields) => "{" + Shapes + ", " + fields + "}";
}
