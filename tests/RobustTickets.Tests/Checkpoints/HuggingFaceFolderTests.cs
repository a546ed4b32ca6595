// Model folders: written and opened again, in every spelling of the same weights, and refused by
// tensor, found and expected when they do not fit.
using System.Text.Json;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class HuggingFaceFolderTests : IDisposable
{
    private static readonly HuggingFaceConfig Tiny = Fixtures.TinyConfig;
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_written_folder_opens_with_the_same_weights(bool compact)
    {
        var config = compact
            ? Tiny with
            {
                Ticket = new TicketConfig(
                    [1, 0],
                    [2, 5],
                    [
                        [2],
                        [],
                    ]
                ),
            }
            : Tiny;
        var weights = Fixtures.Weights(config);
        HuggingFaceFolderWriter.Write(folder.At("model"), config, weights);
        using var model = HuggingFaceFolder.Open(folder.At("model"));
        Assert.Equal(
            weights.Select(w => w.Name).Order(StringComparer.Ordinal),
            model.Weights.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal)
        );
        foreach (var tensor in weights)
            Assert.Equal(tensor.Data.ToArray(), model.Weights.Bytes(tensor.Name).ToArray());
        Assert.Equal(config.Labels, model.Config.Labels);
        Assert.Empty(model.LeftOut);
        Assert.Empty(model.Unused);
        Assert.Equal(["model", "model/config.json", "model/model.safetensors"], folder.Names());
        if (!compact)
            return;
        Assert.Equal([2L, 6L], model.Weights.Info("bert.encoder.layer.0.attention.self.query.weight").Shape);
        Assert.Equal([6L, 0L], model.Weights.Info("bert.encoder.layer.1.attention.output.dense.weight").Shape);
        Assert.Equal([2L, 6L], model.Weights.Info("bert.encoder.layer.0.intermediate.dense.weight").Shape);
        Assert.Equal([6L, 5L], model.Weights.Info("bert.encoder.layer.1.output.dense.weight").Shape);
        // Mutant: the same weights under the dense configuration.
        File.WriteAllText(folder.At("model", "config.json"), Tiny.ToJson());
        Fixtures.Refused(
            () => HuggingFaceFolder.Open(folder.At("model")),
            "layer.0.attention.self.query.weight",
            "[2, 6]",
            "[6, 6]",
            "'layer_head_num'"
        );
    }

    [Fact]
    public void Old_names_bare_encoders_buffers_and_tied_matrices_become_one_spelling()
    {
        var expected = Fixtures.Weights(Tiny, heads: false);
        string Old(string name) =>
            name["bert.".Length..]
                .Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
                .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal);
        var stored = expected.Select(t => t with { Name = Old(t.Name) }).ToList();
        var words = expected.Single(t => t.Name == "bert.embeddings.word_embeddings.weight");
        stored.Add(words with { Name = "cls.predictions.decoder.weight" });
        stored.Add(NamedTensor.FromFloats("cls.predictions.decoder.bias", [11], new float[11]));
        stored.Add(NamedTensor.FromLongs("embeddings.position_ids", [1, 7], [0, 1, 2, 3, 4, 5, 6]));
        stored.Add(NamedTensor.FromFloats("something.else", [1], [1]));
        Save(stored);

        using var model = HuggingFaceFolder.Open(folder.Path);
        foreach (var tensor in expected)
            Assert.Equal(tensor.Data.ToArray(), model.Weights.Bytes(tensor.Name).ToArray());
        Assert.Equal(new float[11], model.Weights.ReadFloats("cls.predictions.bias"));
        Assert.Equal(
            ["cls.predictions.decoder.weight", "embeddings.position_ids"],
            model.LeftOut.Select(l => l.Name).Order(StringComparer.Ordinal)
        );
        Assert.Equal(["something.else"], model.Unused);
        Assert.Equal(
            "embeddings.LayerNorm.gamma",
            ((NormalizedTensors)model.Weights).OriginalName("bert.embeddings.LayerNorm.weight")
        );
    }

    [Theory]
    [InlineData("module.")]
    [InlineData("_orig_mod.")]
    [InlineData("model.")]
    [InlineData("module._orig_mod.")]
    public void A_wrapper_common_to_all_names_is_taken_off_with_a_note(string wrapper)
    {
        var weights = Fixtures.Weights(Tiny);
        Save([.. weights.Select(w => w with { Name = wrapper + w.Name })]);
        using (var model = HuggingFaceFolder.Open(folder.Path))
        {
            foreach (var tensor in weights)
                Assert.Equal(tensor.Data.ToArray(), model.Weights.Bytes(tensor.Name).ToArray());
            Assert.Empty(model.Unused);
            Assert.Contains($"'{wrapper}'", Assert.Single(model.Notes));
        }
        // A bare encoder in a wrapper, too.
        var bare = Fixtures
            .Weights(Tiny, heads: false)
            .Select(w => w with { Name = wrapper + w.Name["bert.".Length..] });
        Save([.. bare]);
        using (var model = HuggingFaceFolder.Open(folder.Path))
            Assert.True(model.Weights.Contains("bert.embeddings.word_embeddings.weight"));
        // Mutant: one name without it, so it is none of the file.
        Save([.. weights.Select((w, i) => i == 3 ? w : w with { Name = wrapper + w.Name })]);
        Fixtures.Refused(() => HuggingFaceFolder.Open(folder.Path), "missing", "It holds ", $" {wrapper}bert.");
    }

    [Theory]
    [InlineData("F32", "float32")]
    [InlineData("F16", "float16")]
    [InlineData("BF16", "bfloat16")]
    public void Torch_dtype_is_that_of_the_tensors_whatever_the_source_said(string stored, string name)
    {
        Assert.True(TensorElements.TryParse(stored, out var element));
        var said = HuggingFaceConfig.Parse(
            Tiny.ToJson().Insert(1, "\"torch_dtype\": \"float8\", \"dtype\": \"float8\",")
        );
        var weights = Fixtures
            .Weights(Tiny)
            .Select(w => NamedTensor.FromFloats(w.Name, w.Shape, new float[w.Data.Length / 4], element));
        HuggingFaceFolderWriter.Write(folder.At("model"), said, weights);
        using var json = JsonDocument.Parse(File.ReadAllText(folder.At("model", "config.json")));
        Assert.Equal(name, json.RootElement.GetProperty("torch_dtype").GetString());
        Assert.Equal(name, json.RootElement.GetProperty("dtype").GetString());
    }

    [Fact]
    public void Torch_dtype_of_mixed_tensors_holds_them_all()
    {
        var weights = Fixtures
            .Weights(Tiny)
            .Select(
                (w, i) =>
                    i == 0
                        ? w
                        : NamedTensor.FromFloats(w.Name, w.Shape, new float[w.Data.Length / 4], TensorElement.F16)
            );
        HuggingFaceFolderWriter.Write(folder.At("model"), Tiny, weights);
        using var json = JsonDocument.Parse(File.ReadAllText(folder.At("model", "config.json")));
        Assert.Equal("float32", json.RootElement.GetProperty("torch_dtype").GetString());
        Assert.False(json.RootElement.TryGetProperty("dtype", out _));
    }

    [Fact]
    public void An_output_matrix_of_its_own_is_kept()
    {
        var weights = Fixtures.Weights(Tiny);
        var own = NamedTensor.FromFloats("cls.predictions.decoder.weight", [11, 6], Fixtures.Values(new Random(9), 66));
        Save([.. weights, own]);
        using var model = HuggingFaceFolder.Open(folder.Path);
        Assert.Equal(own.Data.ToArray(), model.Weights.Bytes(own.Name).ToArray());
        Assert.Empty(model.LeftOut);
    }

    [Fact]
    public void Two_spellings_of_one_tensor_in_one_file_are_refused()
    {
        var weights = Fixtures.Weights(Tiny);
        Save([
            .. weights,
            weights.Single(w => w.Name == "bert.embeddings.LayerNorm.bias") with
            {
                Name = "bert.embeddings.LayerNorm.beta",
            },
        ]);
        Fixtures.Refused(
            () => HuggingFaceFolder.Open(folder.Path),
            "'bert.embeddings.LayerNorm.bias'",
            "'bert.embeddings.LayerNorm.beta'"
        );
    }

    [Theory]
    [InlineData("hidden", "bert.embeddings.word_embeddings.weight|[11, 6]|[11, 12]|'hidden_size'")]
    [InlineData("vocabulary", "bert.embeddings.word_embeddings.weight|[11, 6]|[12, 6]|'vocab_size'")]
    [InlineData("positions", "bert.embeddings.position_embeddings.weight|[7, 6]|[8, 6]|'max_position_embeddings'")]
    [InlineData("intermediate", "bert.encoder.layer.0.intermediate.dense.weight|[5, 6]|[4, 6]|'intermediate_size'")]
    [InlineData("labels", "classifier.weight|[3, 6]|[2, 6]|'id2label'")]
    [InlineData("fewer", "layer.1.|layer 1|'num_hidden_layers'|1")]
    [InlineData("more", "bert.encoder.layer.2.attention.self.query.weight|missing|16 of")]
    public void A_configuration_that_does_not_fit_is_refused_by_tensor_found_and_expected(string change, string saying)
    {
        var config = change switch
        {
            "hidden" => Tiny with { HiddenSize = 12 },
            "vocabulary" => Tiny with { VocabSize = 12 },
            "positions" => Tiny with { MaxPositionEmbeddings = 8 },
            "intermediate" => Tiny with { IntermediateSize = 4 },
            "labels" => Tiny with { Labels = ["a", "b"] },
            "fewer" => Tiny with { NumHiddenLayers = 1 },
            _ => Tiny with { NumHiddenLayers = 3 },
        };
        Save(Fixtures.Weights(Tiny), config);
        Fixtures.Refused(
            () => HuggingFaceFolder.Open(folder.Path),
            [folder.At("model.safetensors"), .. saying.Split('|')]
        );
        // And nothing that does not fit is written.
        Fixtures.Refused(
            () => HuggingFaceFolderWriter.Write(folder.At("new"), config, Fixtures.Weights(Tiny)),
            "the configuration given"
        );
        Assert.Equal(["config.json", "model.safetensors"], folder.Names());
    }

    [Fact]
    public void Shards_are_read_as_one_file_and_must_agree_with_their_index()
    {
        var weights = Fixtures.Weights(Tiny);
        var half = weights.Count / 2;
        SafetensorsWriter.Write(folder.At("model-00001-of-00002.safetensors"), weights[..half]);
        SafetensorsWriter.Write(folder.At("model-00002-of-00002.safetensors"), weights[half..]);
        folder.Write("config.json", Tiny.ToJson());
        var map = weights
            .Select((w, i) => (w.Name, File: $"model-0000{(i < half ? 1 : 2)}-of-00002.safetensors"))
            .ToDictionary(p => p.Name, p => p.File);
        void Index() =>
            folder.Write(
                "model.safetensors.index.json",
                JsonSerializer.Serialize(new { metadata = new { total_size = 1 }, weight_map = map })
            );
        Index();
        using (var model = HuggingFaceFolder.Open(folder.Path))
        {
            foreach (var tensor in weights)
                Assert.Equal(tensor.Data.ToArray(), model.Weights.Bytes(tensor.Name).ToArray());
        }

        var name = weights[0].Name;
        map[name] = "model-00002-of-00002.safetensors";
        Index();
        Fixtures.Refused(() => HuggingFaceFolder.Open(folder.Path), "index.json", $"'{name}'", "model-0000");
        map[name] = "../elsewhere.safetensors";
        Index();
        Fixtures.Refused(() => HuggingFaceFolder.Open(folder.Path), "'../elsewhere.safetensors'", "plain file name");
        map[name] = "absent.safetensors";
        Index();
        Fixtures.Refused(() => HuggingFaceFolder.Open(folder.Path), "absent.safetensors", "no such file");
    }

    [Fact]
    public void What_is_no_model_folder_is_refused_with_what_was_found_and_the_remedy()
    {
        Fixtures.Refused(
            () => HuggingFaceFolder.Open(folder.At("bert-base-uncased")),
            "bert-base-uncased",
            "no such folder",
            "nothing is downloaded"
        );
        Fixtures.Refused(() => HuggingFaceFolder.Open(folder.Path), "no weights", "pytorch_model.bin", "empty");
        folder.Write("flax_model.msgpack", "x");
        Fixtures.Refused(() => HuggingFaceFolder.Open(folder.Path), "Flax", "from_flax");
        folder.Write("tf_model.h5", "x");
        Fixtures.Refused(() => HuggingFaceFolder.Open(folder.Path), "TensorFlow", "tf_model.h5", "from_tf");
        folder.Write("bert_model.ckpt.index", "x");
        Fixtures.Refused(
            () => HuggingFaceFolder.Open(folder.Path),
            "TensorFlow checkpoint",
            "bert_model.ckpt.index",
            "convert"
        );
        SafetensorsWriter.Write(folder.At("model.safetensors"), Fixtures.Weights(Tiny));
        Fixtures.Refused(() => HuggingFaceFolder.Open(folder.Path), "no config.json", "tf_model.h5");
        Fixtures.Refused(() => HuggingFaceFolder.Open(folder.At("model.safetensors")), "is a file");
        folder.Write("config.json", Tiny.ToJson());
        HuggingFaceFolder.Open(folder.Path).Dispose();
    }

    [Fact]
    public void Tokenizer_files_come_along_writable_and_an_old_folder_is_replaced_only_when_asked()
    {
        Directory.CreateDirectory(folder.At("from"));
        folder.Write("from/vocab.txt", "[PAD]\n[UNK]\n");
        folder.Write("from/tokenizer_config.json", "{}");
        folder.Write("from/training.log", "not copied");
        File.SetAttributes(folder.At("from", "vocab.txt"), FileAttributes.ReadOnly);
        HuggingFaceFolderWriter.Write(folder.At("to", "model"), Tiny, Fixtures.Weights(Tiny), folder.At("from"));
        Assert.Equal(
            ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"],
            Directory
                .EnumerateFiles(folder.At("to", "model"))
                .Select(f => Path.GetFileName(f))
                .Order(StringComparer.Ordinal)
        );
        Assert.Equal("[PAD]\n[UNK]\n", File.ReadAllText(folder.At("to", "model", "vocab.txt")));
        Assert.False(File.GetAttributes(folder.At("to", "model", "vocab.txt")).HasFlag(FileAttributes.ReadOnly));

        var other = Fixtures.Weights(Tiny, seed: 2);
        Fixtures.Refused(
            () => HuggingFaceFolderWriter.Write(folder.At("to", "model"), Tiny, other),
            folder.At("to", "model"),
            "not empty"
        );
        HuggingFaceFolderWriter.WriteStreamed(
            folder.At("to", "model"),
            Tiny,
            other.Select(t => t.Streamed()),
            replace: true
        );
        using var model = HuggingFaceFolder.Open(folder.At("to", "model"));
        Assert.Equal(other[0].Data.ToArray(), model.Weights.Bytes(other[0].Name).ToArray());
        Assert.Single(Directory.EnumerateFileSystemEntries(folder.At("to")));
        Fixtures.Refused(
            () => HuggingFaceFolderWriter.CopyTokenizer(folder.At("to", "model"), folder.Path),
            "vocab.txt",
            "tokenizer.json"
        );
    }

    private void Save(IEnumerable<NamedTensor> weights, HuggingFaceConfig? config = null)
    {
        SafetensorsWriter.Write(folder.At("model.safetensors"), weights);
        folder.Write("config.json", (config ?? Tiny).ToJson());
    }
}
