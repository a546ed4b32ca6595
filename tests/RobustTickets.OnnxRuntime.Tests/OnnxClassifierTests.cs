using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Export;
using RobustTickets.Export.Onnx;
using Xunit;

namespace RobustTickets.OnnxRuntime.Tests;

public sealed class OnnxClassifierTests : IDisposable
{
    private static readonly TextPair[] Texts =
    [
        new("good film"),
        new("a dull film and a good one and so on and on and on and on and on and on and on"),
        new("x y z", "good dull"),
        new(""),
    ];

    private readonly TinyBert _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_text_is_read_as_the_tokenizer_beside_the_file_reads_it_and_cut_to_the_models_positions()
    {
        _tiny.Write();
        _tiny.WriteConfig("left", "middle", "right");
        using var classifier = OnnxClassifier.Load(_tiny.Folder);
        Assert.Equal(["left", "middle", "right"], classifier.Labels);
        Assert.Equal(TinyBert.Positions, classifier.MaxLength);
        var tokenizer = WordPieceTokenizer.Load(_tiny.Folder);
        var rows = classifier.Logits(Texts);
        var probabilities = classifier.Probabilities(Texts);
        for (var i = 0; i < Texts.Length; i++)
        {
            var expected = _tiny.Logits(tokenizer.Encode(Texts[i], TinyBert.Positions));
            Assert.All(expected.Zip(rows[i]), p => Assert.Equal(p.First, p.Second, 2e-5));
            Assert.Equal(1, probabilities[i].Sum(), 12);
        }
        Assert.Equal(
            TinyBert.Positions + 1,
            classifier.Length(new TextPair(string.Join(' ', Enumerable.Repeat("good", 60))))
        );
    }

    [Fact]
    public async Task It_answers_and_is_attacked_as_any_classifier()
    {
        _tiny.Write();
        _tiny.WriteConfig("left", "middle", "right");
        using var classifier = OnnxClassifier.Load(_tiny.Folder);
        var rows = classifier.Probabilities(Texts);
        var answers = classifier.Predict(Texts);
        for (var i = 0; i < Texts.Length; i++)
        {
            Assert.Equal(rows[i], answers[i].Scores);
            Assert.Equal((classifier.Labels[rows[i].ArgMax()], rows[i].Max()), (answers[i].Label, answers[i].Score));
        }
        Assert.Equal(answers[0].Label, classifier.Predict("good film").Label);
        Assert.Equal(rows[0], classifier.Predict(new[] { "good film" })[0].Scores);
        Assert.Equal(rows[2], classifier.Predict(Texts[2]).Scores);

        var attack = AttackRecipe.DeepWordBug(new AttackParts(new NeighbourTable([]), StopWords.English));
        var label = classifier.Labels.ToList().IndexOf(answers[0].Label);
        Example[] examples = [new("a", Texts[0], label), new("b", Texts[0], (label + 1) % 3)];
        var told = 0;
        var report = await classifier.AttackAsync(attack, examples, progress: new Told(() => told++));
        Assert.Equal((2, 2, AttackResult.Skipped), (told, report.Outcomes.Count, report.Outcomes[1].Result));
        Assert.Equal((50.0, _tiny.Folder), (report.Clean, report.Settings.Victim));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            classifier.AttackAsync(attack, examples, stop: new CancellationToken(canceled: true))
        );
        classifier.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => classifier.AttackAsync(attack, examples));
    }

    private sealed class Told(Action act) : IProgress<AttackOutcome>
    {
        public void Report(AttackOutcome value) => act();
    }

    [Fact]
    public void A_pair_is_refused_where_its_texts_do_not_both_fit()
    {
        _tiny.Write();
        _tiny.WriteConfig("a", "b", "c");
        using var classifier = OnnxClassifier.Load(_tiny.Folder, new OnnxOptions(MaxLength: 4));
        Assert.Single(classifier.Logits(["good film"]));
        var error = Assert.Throws<RequestException>(() => classifier.Logits([new TextPair("good", "film")]));
        Assert.Equal(("MaxLength", "4"), (error.Field, error.Value));
    }

    [Fact]
    public void Batches_and_threads_change_nothing()
    {
        _tiny.Write();
        _tiny.WriteConfig("a", "b", "c");
        using var one = OnnxClassifier.Load(_tiny.Folder, new OnnxOptions(CellsPerBatch: 1, Threads: 1));
        using var many = OnnxClassifier.Load(_tiny.Folder, new OnnxOptions(Threads: 1));
        TextPair[] texts =
        [
            .. Enumerable.Range(0, 40).Select(i => new TextPair(string.Join(' ', Enumerable.Repeat("good", i)))),
        ];
        var alone = one.Logits(texts);
        var results = new float[8][][];
        Parallel.For(0, results.Length, i => results[i] = many.Logits(texts));
        foreach (var rows in results)
        foreach (var (a, b) in alone.Zip(rows))
            Assert.All(a.Zip(b), p => Assert.Equal(p.First, p.Second, 1e-5));
    }

    [Fact]
    public void Texts_are_batched_by_length_and_every_text_is_in_one_batch()
    {
        var texts = TinyBert.Texts(23);
        var groups = LengthBatches.Groups(texts, cells: 100).ToList();
        Assert.Equal(Enumerable.Range(0, 23), groups.SelectMany(g => g).Order());
        Assert.All(groups, g => Assert.True(g.Length == 1 || g.Length * g.Max(i => texts[i].Length) <= 100));
        Assert.Equal(
            groups.SelectMany(g => g).Select(i => texts[i].Length),
            groups.SelectMany(g => g).Select(i => texts[i].Length).OrderDescending()
        );
    }

    [Fact]
    public void Class_names_come_from_the_options_then_config_then_the_file()
    {
        var file = _tiny.Write();
        Assert.Equal(["LABEL_0", "LABEL_1", "LABEL_2"], LabelsOf(file));
        Assert.Equal(["x", "y", "z"], LabelsOf(file, new OnnxOptions(DefaultLabels: ["x", "y", "z"])));
        _tiny.WriteConfig("a", "b", "c");
        Assert.Equal(["a", "b", "c"], LabelsOf(file, new OnnxOptions(DefaultLabels: ["x", "y", "z"])));
        Assert.Equal(["d", "e", "f"], LabelsOf(file, new OnnxOptions(Labels: ["d", "e", "f"])));
        Refused(() => OnnxClassifier.Load(file, new OnnxOptions(Labels: ["d", "e"])), "returns 3 logits", "2 classes");
        _tiny.WriteConfig("a", "b");
        Refused(() => OnnxClassifier.Load(file), "returns 3 logits", "config.json names 2 classes");
    }

    [Theory]
    [InlineData("""{"a": 1, "b": 0, "c": 2}""", "'label2id' maps 'a' to 1, but 'id2label' names 0: a, 1: b, 2: c")]
    [InlineData("""{"A": 1, "b": 0}""", "'label2id' maps 'A' to 1")]
    [InlineData("""{"c": "x"}""", "'label2id' maps 'c' to x")]
    public void A_label2id_that_permutes_the_names_is_refused(string label2id, string message)
    {
        var file = _tiny.Write();
        _tiny.WriteConfig("a", "b", "c");
        AddToConfig("label2id", label2id);
        Refused(() => OnnxClassifier.Load(file), "config.json", message);
        // Names that are given stand above both.
        Assert.Equal(["a", "b", "c"], LabelsOf(file, new OnnxOptions(Labels: ["a", "b", "c"])));
    }

    [Fact]
    public void A_label2id_of_other_names_is_noted_and_one_that_agrees_is_not()
    {
        var file = _tiny.Write();
        _tiny.WriteConfig("a", "b", "c");
        AddToConfig("label2id", """{"LABEL_0": 0, "LABEL_1": 1}""");
        using (var classifier = OnnxClassifier.Load(file))
            Assert.Contains("'label2id' (LABEL_0: 0, LABEL_1: 1) is not the inverse", Assert.Single(classifier.Notes));
        AddToConfig("label2id", """{"a": 0, "b": "1", "c": 2}""");
        using (var classifier = OnnxClassifier.Load(file))
            Assert.Empty(classifier.Notes);
    }

    [Fact]
    public void A_problem_that_is_not_one_label_a_text_is_refused()
    {
        var file = _tiny.Write();
        _tiny.WriteConfig("a", "b", "c");
        AddToConfig("problem_type", "\"multi_label_classification\"");
        Refused(() => OnnxClassifier.Load(file), "'problem_type' is 'multi_label_classification'");
    }

    private void AddToConfig(string field, string json)
    {
        var config = JsonNode.Parse(File.ReadAllText(_tiny.Below("config.json")))!;
        config[field] = JsonNode.Parse(json);
        File.WriteAllText(_tiny.Below("config.json"), config.ToJsonString());
    }

    [Fact]
    public void An_encoder_is_no_classifier_and_a_classifier_no_encoder()
    {
        var file = _tiny.Write(OnnxHead.Encoder);
        Refused(() => OnnxClassifier.Load(file), "it is not a classifier");
        using (var encoder = OnnxSentenceEncoder.Load(file))
        {
            var vector = encoder.Encode(["good film"])[0];
            var states = _tiny.HiddenStates(WordPieceTokenizer.Load(_tiny.Folder).Encode("good film", null, 9));
            for (var j = 0; j < TinyBert.Hidden; j++)
                Assert.Equal(states.Average(s => s[j]), vector[j], 2e-5);
        }
        file = _tiny.Write();
        Refused(() => OnnxSentenceEncoder.Load(file), "'logits'");
        Refused(() => OnnxMaskedLM.Load(file), "a masked language model returns one");
    }

    [Fact]
    public void A_masked_model_gives_the_most_probable_tokens_of_each_place()
    {
        using var masked = OnnxMaskedLM.Load(_tiny.Write(OnnxHead.MaskedLM));
        Assert.Equal(("[MASK]", 4, TinyBert.Words.Length), (masked.MaskToken, masked.MaskId, masked.VocabularySize));
        const string text = "a [MASK] film";
        var scores = _tiny.Scores(WordPieceTokenizer.Load(_tiny.Folder).Encode(text, null, 9));
        var answers = masked.Predict([new(text, 2, 5), new("good", 1, 3), new(text, 40, 5), new(text, 1, 2)]);
        int[] Best(double[] row, int count) =>
            [.. Enumerable.Range(0, row.Length).OrderByDescending(v => row[v]).Take(count)];
        Assert.Equal(Best(scores[2], 5), answers[0]);
        Assert.Equal(3, answers[1].Length);
        Assert.Empty(answers[2]);
        Assert.Equal(Best(scores[1], 2), answers[3]);
    }

    [Fact]
    public void A_masked_model_without_a_mask_token_is_refused_before_its_file_is_opened()
    {
        var file = _tiny.Write(OnnxHead.MaskedLM);
        File.WriteAllLines(
            _tiny.Below("vocab.txt"),
            TinyBert.Words.Select(word => word == "[MASK]" ? "[unused0]" : word)
        );
        var opened = 0;
        Refused(() => OnnxMaskedLM.Load(file, new OnnxOptions(Session: _ => opened++)), "has no mask token '[MASK]'");
        Assert.Equal(0, opened);
    }

    // The empty text is [CLS] [SEP], with the ids 2 and 3.
    [Theory]
    [InlineData(1, 0.2689414213699951)]
    [InlineData(1000, 0)]
    public void Probabilities_of_a_graph_are_not_normalized_again(int scale, double first)
    {
        var file = Graph(
            g => g.Inputs.Add(new("input_ids", OnnxElement.Int64, "batch", "sequence")),
            end: (g, ids) => g.Node("Identity", [g.Node("Softmax", [g.Node("Mul", [ids, g.Scalar("scale", scale)])])])
        );
        using var classifier = OnnxClassifier.Load(file);
        Assert.Contains("probabilities (Softmax)", Assert.Single(classifier.Notes));
        var row = classifier.Probabilities([new TextPair("")])[0];
        Assert.Equal(first, row[0], 1e-6);
        Assert.Equal(1 - first, row[1], 1e-6);
        Assert.Equal(row[1], classifier.Predict("").Score);
        Assert.All(classifier.Logits([new TextPair("")])[0], logit => Assert.True(float.IsFinite(logit)));
    }

    [Fact]
    public void Probabilities_of_each_class_by_itself_are_refused() =>
        Refused(
            Graph(
                g => g.Inputs.Add(new("input_ids", OnnxElement.Int64, "batch", "sequence")),
                end: (g, ids) => g.Node("Sigmoid", [ids])
            ),
            "output 'logits' is computed by Sigmoid",
            "single-label"
        );

    [Fact]
    public void A_graph_for_exactly_so_many_texts_is_refused() =>
        Refused(Graph(g => g.Inputs.Add(new("input_ids", OnnxElement.Int64, 1L, "sequence"))), "fixed batch size 1;");

    [Fact]
    public void An_input_that_no_text_gives_is_refused() =>
        Refused(
            Graph(g =>
            {
                g.Inputs.Add(new("input_ids", OnnxElement.Int64, "batch", "sequence"));
                g.Inputs.Add(new("pixel_values", OnnxElement.Float, "batch", 3L));
            }),
            "unknown input pixel_values (float [?, 3])"
        );

    [Fact]
    public void An_input_of_another_shape_is_refused() =>
        Refused(
            Graph(g => g.Inputs.Add(new("input_ids", OnnxElement.Int64, "sequence"))),
            "expected integers [batch, sequence]"
        );

    [Fact]
    public void A_graph_without_ids_or_without_logits_is_refused()
    {
        Refused(
            Graph(g =>
            {
                g.Inputs.Add(new("attention_mask", OnnxElement.Int64, "batch", "sequence"));
                g.Inputs.Add(new("token_type_ids", OnnxElement.Int64, "batch", "sequence"));
            }),
            "no input_ids among its inputs"
        );
        Refused(
            Graph(
                g => g.Inputs.Add(new("input_ids", OnnxElement.Int64, "batch", "sequence")),
                new OnnxValue("labels", OnnxElement.Int64, "batch", "sequence")
            ),
            "no logits",
            "labels (int64 [?, ?])"
        );
    }

    [Fact]
    public void What_is_not_there_is_told()
    {
        Refused(() => OnnxClassifier.Load(_tiny.Below("none.onnx")), "no such file or folder");
        Refused(() => OnnxClassifier.Load(_tiny.Folder), "holds none of model.onnx");
        Assert.False(OnnxModelFiles.Is(_tiny.Folder));
        File.Delete(_tiny.Below("vocab.txt"));
        _tiny.Write();
        Assert.True(OnnxModelFiles.Is(_tiny.Folder));
        Assert.Throws<DataException>(() => OnnxClassifier.Load(_tiny.Folder));
    }

    private static IReadOnlyList<string> LabelsOf(string file, OnnxOptions? options = null)
    {
        using var classifier = OnnxClassifier.Load(file, options);
        return classifier.Labels;
    }

    // A graph that gives back its first input, or what is computed from it at the end.
    private string Graph(
        Action<OnnxGraph> inputs,
        OnnxValue? output = null,
        Func<OnnxGraph, string, string>? end = null
    )
    {
        var graph = new OnnxGraph();
        inputs(graph);
        var first = graph.Inputs[0];
        string Floats()
        {
            var floats = graph.Node("Cast", [first.Name], new OnnxAttribute("to", (long)OnnxElement.Float));
            return end?.Invoke(graph, floats) ?? floats;
        }
        graph.Output(
            output is null ? Floats() : first.Name,
            output ?? new OnnxValue("logits", OnnxElement.Float, "batch", 2L)
        );
        var path = _tiny.Below("graph.onnx");
        File.Delete(path);
        graph.Write(path, "graph", "0");
        return path;
    }

    private static void Refused(string file, params string[] words) => Refused(() => OnnxClassifier.Load(file), words);

    private static void Refused(Action load, params string[] words)
    {
        var error = Assert.Throws<DataException>(load);
        Assert.All(words, word => Assert.Contains(word, error.Message));
    }
}
