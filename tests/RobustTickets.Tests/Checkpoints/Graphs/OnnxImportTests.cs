// ONNX files in the ways of many exporters become the folder that they were exported from, bit for
// bit; other graphs are refused by node.
using Google.Protobuf;
using Onnx;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using Xunit;

namespace RobustTickets.Tests.Checkpoints.Graphs;

public sealed class OnnxImportTests : IDisposable
{
    private static readonly string[] Words =
    [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        .. Enumerable.Range(0, 13).Select(i => $"word{(char)('a' + i)}"),
    ];

    private static readonly HuggingFaceConfig Config = new()
    {
        VocabSize = Words.Length,
        HiddenSize = 8,
        NumHiddenLayers = 2,
        NumAttentionHeads = 2,
        IntermediateSize = 12,
        MaxPositionEmbeddings = 16,
        Labels = ["no", "yes", "maybe"],
    };

    private readonly TemporaryFolder _folder = new();

    private readonly Dictionary<string, (long[] Shape, float[] Values)> _weights = Fixtures
        .Weights(Config)
        .ToDictionary(
            t => t.Name,
            t => (t.Shape, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(t.Data.Span).ToArray())
        );

    public OnnxImportTests() => _folder.Write("vocab.txt", string.Concat(Words.Select(w => w + "\r\n")));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(OnnxStyle.Plain)]
    [InlineData(OnnxStyle.NormOperator | OnnxStyle.GeluOperator)]
    [InlineData(OnnxStyle.TransposeNodes | OnnxStyle.WhereMask)]
    [InlineData(OnnxStyle.Gemm)]
    [InlineData(OnnxStyle.Typed | OnnxStyle.ConstantNodes)]
    [InlineData(OnnxStyle.HeadSize | OnnxStyle.ScaledParts | OnnxStyle.NormOperator)]
    [InlineData(OnnxStyle.OneProduct | OnnxStyle.OtherOrder)]
    [InlineData(OnnxStyle.Fused)]
    [InlineData(OnnxStyle.Fused | OnnxStyle.NoSegments)]
    [InlineData(OnnxStyle.NoSegments)]
    [InlineData(OnnxStyle.External)]
    public void Every_weight_is_found_whatever_the_exporter(OnnxStyle style)
    {
        var made = Import(style, OnnxEnd.Pooler);
        Assert.Equal("BertModel", made.Kind);
        AssertWeights(made, name => !name.StartsWith("c", StringComparison.Ordinal), v => v);
        var config = HuggingFaceConfig.Load(Path.Combine(made.Folder, "config.json"));
        Assert.Equal(
            (Config.VocabSize, 8, 2, 2, 12, 16, 2, 1e-12, "gelu"),
            (
                config.VocabSize,
                config.HiddenSize,
                config.NumHiddenLayers,
                config.NumAttentionHeads,
                config.IntermediateSize,
                config.MaxPositionEmbeddings,
                config.TypeVocabSize,
                config.LayerNormEps,
                config.HiddenAct
            )
        );
    }

    [Theory]
    [InlineData(OnnxStyle.Half)]
    [InlineData(OnnxStyle.Half | OnnxStyle.Typed)]
    public void Weights_of_sixteen_bits_are_widened(OnnxStyle style) =>
        AssertWeights(Import(style, OnnxEnd.Hidden), IsEncoder, v => (float)(Half)v);

    [Fact]
    public void A_classifier_keeps_its_head_and_takes_labels()
    {
        var made = Import(OnnxStyle.Plain, OnnxEnd.Classifier, ["no", "yes", "maybe"]);
        Assert.Equal(("BertForSequenceClassification", "maybe"), (made.Kind, made.Config.Labels[2]));
        AssertWeights(made, name => !name.StartsWith("cls", StringComparison.Ordinal), v => v);
        Assert.Contains(
            "softmax",
            Assert.Single(Import(OnnxStyle.Gemm, OnnxEnd.Softmax).Notes, n => n.Contains("output"))
        );
        Refused(() => Import(OnnxStyle.Plain, OnnxEnd.Classifier, ["no", "yes"]), "3 classes", "2 labels");
        Refused(() => Import(OnnxStyle.Plain, OnnxEnd.Hidden, ["no", "yes"]), "no classifier");
    }

    [Fact]
    public void A_masked_language_model_keeps_its_head()
    {
        var made = Import(OnnxStyle.NormOperator, OnnxEnd.MaskedLM);
        Assert.Equal("BertForMaskedLM", made.Kind);
        AssertWeights(
            made,
            name => IsEncoder(name) || name.StartsWith("cls.predictions", StringComparison.Ordinal),
            v => v
        );
    }

    [Theory]
    [InlineData(OnnxEnd.Tagger, "scores every token")]
    [InlineData(OnnxEnd.Sigmoid, "sigmoid")]
    [InlineData(OnnxEnd.MeanPooled, "ReduceMean", "averages over an axis other than the hidden dimension")]
    public void Another_end_is_refused_by_its_node(OnnxEnd end, params string[] saying) =>
        Refused(() => Import(OnnxStyle.Plain, end), ["is not a BERT encoder", .. saying]);

    [Fact]
    public void A_graph_that_computes_something_else_is_refused_by_node()
    {
        // One changed node each.
        const OnnxStyle Short = OnnxStyle.NormOperator | OnnxStyle.GeluOperator;
        Changed(Short, "Div", n => n.OpType = "Mul", "scores are multiplied by 2", "multiplies by 0.5");
        Changed(Short, "Softmax", n => n.OpType = "LogSoftmax", "LogSoftmax", "is not part of a BERT encoder");
        Changed(Short, "Gelu", n => n.OpType = "Sigmoid", "the activation is sigmoid");
        Changed(OnnxStyle.Plain, "Erf", n => n.OpType = "Sigmoid", "the activation is an unknown function");
        Changed(Short, "Transpose", n => n.Attribute[0].Ints[1] = 1, "(Transpose)", "permutes");
        Changed(Short, "MatMul", n => n.Domain = "org.example", "domain 'org.example'");
        Changed(Short, "MatMul", n => n.OpType = "MatMulInteger", "quantised");
        Changed(Short, "LayerNormalization", n => n.Attribute[1].F = 1e-5f, "1E-05", "variance");
        Changed(Short, "LayerNormalization", n => n.Attribute[0].I = 1, "an axis other than");
        Changed(OnnxStyle.Plain, "Div", n => n.OpType = "Pow", "(Pow)");
        Changed(OnnxStyle.GeluOperator, "Sqrt", n => n.OpType = "Reciprocal", "(Reciprocal)");
        Changed(Short, "Gather", n => n.Input[1] = "no such value", "no earlier node produces 'no such value'");
    }

    [Fact]
    public void Layers_of_different_shapes_are_read_as_a_ticket_with_the_labels_that_the_file_carries()
    {
        var ticket = Config with { Ticket = new TicketConfig([1, 2], [12, 5]) };
        var weights = Fixtures
            .Weights(ticket)
            .ToDictionary(
                t => t.Name,
                t => (t.Shape, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(t.Data.Span).ToArray())
            );
        var export = OnnxBert.Export(weights, ticket, OnnxStyle.Plain, OnnxEnd.Classifier);
        var metadata = new StringStringEntryProto { Key = "labels", Value = "[\"a\", \"b\", \"c\"]" };
        export.Model.MetadataProps.Add(metadata);
        _folder.Write("model.onnx", export.Model.ToByteArray());
        var made = Import("model.onnx");
        Assert.Equal(["a", "b", "c"], made.Config.Labels);
        using (var opened = HuggingFaceFolder.Open(made.Folder))
        {
            Assert.Equal([1, 2], opened.Config.Ticket!.LayerHeadNum);
            Assert.Equal([12, 5], opened.Config.Ticket.LayerInterSize);
            foreach (var tensor in opened.Weights.Tensors)
                Assert.Equal(weights[tensor.Name].Item2, opened.Weights.ReadFloats(tensor.Name));
        }
        // What is no list of as many names is left alone.
        metadata.Value = "[\"a\", null, 3";
        _folder.Write("model.onnx", export.Model.ToByteArray());
        Assert.Equal(["LABEL_0", "LABEL_1", "LABEL_2"], Import("model.onnx").Config.Labels);
    }

    [Fact]
    public void Another_activation_than_gelu_is_refused_by_name()
    {
        var approximate = new AttributeProto { Name = "approximate", S = ByteString.CopyFromUtf8("tanh") };
        var export = OnnxBert.Export(_weights, Config, OnnxStyle.GeluOperator, OnnxEnd.Hidden);
        foreach (var node in export.Model.Graph.Node.Where(n => n.OpType == "Gelu"))
            node.Attribute.Add(approximate);
        _folder.Write("model.onnx", export.Model.ToByteArray());
        Refused(() => Import("model.onnx"), "gelu_new", "expected gelu");
    }

    [Fact]
    public void A_mask_that_does_not_hide_padding_alone_is_refused_by_its_numbers()
    {
        const OnnxStyle Short = OnnxStyle.NormOperator | OnnxStyle.GeluOperator;
        Changed(Short, "Sub", n => n.OpType = "Add", "adds -2e+04 to the scores of real tokens and -1e+04 to those of");
        Changed(Short, "Mul", n => n.OpType = "Add", "adds -1e+04 to the scores of real tokens and -9999 to those of");
        Changed(Short, "Sub", n => (n.Input[0], n.Input[1]) = (n.Input[1], n.Input[0]), "adds 0 to the scores of real");
        Changed(
            Short | OnnxStyle.WhereMask,
            "Where",
            n => (n.Input[1], n.Input[2]) = (n.Input[2], n.Input[1]),
            "masks those of real tokens"
        );
    }

    [Fact]
    public void A_mask_that_depends_on_places_is_a_decoder_s()
    {
        var export = OnnxBert.Export(_weights, Config, OnnxStyle.Plain, OnnxEnd.Hidden);
        var nodes = export.Model.Graph.Node;
        var mask = nodes.First(n => n.OpType == "Mul");
        var masked = mask.Output[0];
        mask.Output[0] = "full";
        nodes.Insert(
            nodes.IndexOf(mask) + 1,
            new NodeProto
            {
                OpType = "Trilu",
                Input = { "full" },
                Output = { masked },
            }
        );
        _folder.Write("model.onnx", export.Model.ToByteArray());
        Refused(() => Import("model.onnx"), "depends on positions");
    }

    [Fact]
    public void Query_and_key_are_told_apart_by_what_is_transposed()
    {
        var made = Import(OnnxStyle.Plain, OnnxEnd.Hidden);
        var query = Read(made, "bert.encoder.layer.0.attention.self.query.weight");
        Assert.NotEqual(query, _weights["bert.encoder.layer.0.attention.self.key.weight"].Values);
        Assert.Equal(query, _weights["bert.encoder.layer.0.attention.self.query.weight"].Values);
    }

    [Fact]
    public void What_no_import_wrote_is_not_replaced()
    {
        var made = Import(OnnxStyle.Plain, OnnxEnd.Hidden).Folder;
        Import("model.onnx");
        var thesis = Path.Combine(made, "chapter", "thesis.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(thesis)!);
        Refused(
            () => Import("model.onnx"),
            made,
            "holds files other than those an import writes",
            "choose another folder"
        );
        File.WriteAllText(thesis, "x");
        Refused(() => Import("model.onnx"), made, "holds files other than those an import writes");
        Assert.True(File.Exists(thesis));
        Directory.Delete(Path.GetDirectoryName(thesis)!, recursive: true);
        Import("model.onnx");
        File.Delete(Path.Combine(made, "SHA256SUMS"));
        Refused(() => Import("model.onnx"), made, "holds files other than those an import writes");
        File.WriteAllText(Path.Combine(made, "SHA256SUMS"), "");
        Refused(() => Import("model.onnx"), made, "holds files other than those an import writes");
        Directory.Delete(made, recursive: true);
    }

    [Fact]
    public void A_file_that_is_no_model_is_refused_by_name()
    {
        Refused(() => Import("missing.onnx"), "missing.onnx", "no such file");
        _folder.Write("model.onnx", "not a message at all");
        Refused(() => Import("model.onnx"), "model.onnx", "not an ONNX model");
        _folder.Write("model.onnx", []);
        Refused(() => Import("model.onnx"), "no graph");
        Directory.CreateDirectory(_folder.At("folder.onnx"));
        Refused(() => Import("folder.onnx"), "is a folder");
    }

    [Fact]
    public void Weights_outside_the_folder_are_not_read()
    {
        _folder.Write("secret", new byte[1 << 16]);
        Directory.CreateDirectory(_folder.At("inner"));
        foreach (var place in (string[])["../secret", _folder.At("secret"), "a/../../secret", "", "nothing"])
        {
            var export = OnnxBert.Export(_weights, Config, OnnxStyle.External, OnnxEnd.Hidden);
            foreach (var tensor in export.Model.Graph.Initializer.Where(t => t.ExternalData.Count > 0))
                tensor.ExternalData[0].Value = place;
            File.WriteAllBytes(_folder.At("inner", "model.onnx"), export.Model.ToByteArray());
            Refused(() => Import(Path.Combine("inner", "model.onnx")), "data");
        }
    }

    [Fact]
    public void A_number_of_heads_that_the_graph_contradicts_is_refused()
    {
        Import(OnnxStyle.Plain, OnnxEnd.Hidden);
        var request = new OnnxImportRequest(_folder.At("model.onnx"), _folder.At("vocab.txt"), _folder.At("more"));
        Refused(() => OnnxImport.Run(request with { Heads = 4 }), "has 2 heads of 4, but 4 are given");
        OnnxImport.Run(request with { Heads = 2 });
    }

    [Fact]
    public void A_folder_that_another_import_writes_is_left_to_it()
    {
        Import(OnnxStyle.Plain, OnnxEnd.Hidden);
        var request = new OnnxImportRequest(_folder.At("model.onnx"), _folder.At("vocab.txt"), _folder.At("more"));
        using (WriterLock.TakePlace(request.Output))
            Assert.Throws<FolderInUseException>(() => OnnxImport.Run(request));
        Assert.False(Directory.Exists(request.Output));
        OnnxImport.Run(request);
    }

    [Fact]
    public void A_vocabulary_of_another_model_is_refused()
    {
        _folder.Write("vocab.txt", string.Concat(Words.Append("more").Select(w => w + "\n")));
        Refused(() => Import(OnnxStyle.Plain, OnnxEnd.Hidden), "19 tokens", "18 word embeddings");
    }

    // Bounded: some hundred damaged copies of one small file.
    [Fact]
    public void Damaged_files_are_read_or_refused_by_name()
    {
        var bytes = OnnxBert.Export(_weights, Config, OnnxStyle.Plain, OnnxEnd.Classifier).Model.ToByteArray();
        var random = new Random(7);
        var refused = 0;
        for (var i = 0; i < 300; i++)
        {
            var damaged = bytes.ToArray();
            for (var k = 0; k <= i % 8; k++)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (i % 3 == 0)
                damaged = damaged[..random.Next(damaged.Length)];
            _folder.Write("damaged.onnx", damaged);
            try
            {
                Import("damaged.onnx");
            }
            catch (CheckpointException e)
            {
                Assert.Contains("damaged.onnx", e.Message);
                refused++;
            }
        }
        Assert.InRange(refused, 100, 300);
    }

    [Theory]
    [InlineData("Add")]
    [InlineData("Mul")]
    public void A_graph_that_doubles_at_every_node_ends(string type)
    {
        var export = OnnxBert.Export(_weights, Config, OnnxStyle.Plain, OnnxEnd.Hidden);
        var last = export.Model.Graph.Output[0].Name;
        for (var i = 0; i < 500; i++)
        {
            export.Model.Graph.Node.Add(
                new NodeProto
                {
                    OpType = type,
                    Input = { last, last },
                    Output = { $"{i}" },
                }
            );
            last = $"{i}";
        }
        export.Model.Graph.Output[0].Name = last;
        _folder.Write("model.onnx", export.Model.ToByteArray());
        Refused(() => Import("model.onnx"), "is not a BERT encoder");
    }

    private void Changed(OnnxStyle style, string type, Action<NodeProto> change, params string[] saying)
    {
        var export = OnnxBert.Export(_weights, Config, style, OnnxEnd.Hidden);
        change(export.Model.Graph.Node.First(n => n.OpType == type));
        _folder.Write("model.onnx", export.Model.ToByteArray());
        Refused(() => Import("model.onnx"), saying);
    }

    private ImportedModel Import(OnnxStyle style, OnnxEnd end, IReadOnlyList<string>? labels = null)
    {
        var export = OnnxBert.Export(_weights, Config, style, end);
        _folder.Write("model.onnx", export.Model.ToByteArray());
        _folder.Write("model.data", export.External);
        return Import("model.onnx", labels);
    }

    private ImportedModel Import(string file, IReadOnlyList<string>? labels = null) =>
        OnnxImport.Run(
            new OnnxImportRequest(_folder.At(file), _folder.At("vocab.txt"), _folder.At("made"), labels, Replace: true)
        );

    private void AssertWeights(ImportedModel made, Func<string, bool> expected, Func<float, float> stored)
    {
        using var file = SafetensorsFile.Open(Path.Combine(made.Folder, "model.safetensors"));
        Assert.Equal(_weights.Keys.Where(expected).Order(), file.Tensors.Select(t => t.Name).Order());
        foreach (var tensor in file.Tensors)
        {
            Assert.Equal(_weights[tensor.Name].Shape, tensor.Shape);
            Assert.Equal(Array.ConvertAll(_weights[tensor.Name].Values, v => stored(v)), file.ReadFloats(tensor.Name));
        }
    }

    private static float[] Read(ImportedModel made, string name)
    {
        using var file = SafetensorsFile.Open(Path.Combine(made.Folder, "model.safetensors"));
        return file.ReadFloats(name);
    }

    private static bool IsEncoder(string name) =>
        name.StartsWith("bert.embeddings", StringComparison.Ordinal)
        || name.StartsWith("bert.encoder", StringComparison.Ordinal);

    private static void Refused(Action act, params string[] saying) => Fixtures.Refused(act, saying);
}
