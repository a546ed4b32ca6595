// Tiny models and data made by hand, byte by byte where it matters: the product's own writers are
// not asked, so a mistake they share with the readers shows.
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

namespace RobustTickets.Tests.CommandLine;

/// <summary>A temporary folder with a two-layer BERT classifier and a GLUE SST-2 folder.</summary>
internal sealed class TinyFolders : IDisposable
{
    private const int Hidden = 8,
        Heads = 2,
        Layers = 2,
        Neurons = 12,
        Positions = 128,
        Labels = 2;

    private static readonly string[] Words =
    [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "a",
        "the",
        "film",
        "good",
        "bad",
        "moving",
        "dull",
        "story",
        "and",
        "not",
        "very",
        "##ly",
        ".",
    ];

    public string Root { get; } = Directory.CreateTempSubdirectory("command-line").FullName;

    public string Model { get; }

    public string Data { get; }

    public string Config => Path.Combine(Model, "config.json");

    public string Weights => Path.Combine(Model, "model.safetensors");

    public string Pickle => Path.Combine(Model, "pytorch_model.bin");

    public string TrainFile => Path.Combine(Data, "train.tsv");

    public string DevFile => Path.Combine(Data, "dev.tsv");

    public TinyFolders()
    {
        Model = Directory.CreateDirectory(Path.Combine(Root, "model")).FullName;
        Data = Directory.CreateDirectory(Path.Combine(Root, "SST-2")).FullName;
        File.WriteAllText(Config, ConfigJson().ToJsonString());
        File.WriteAllLines(Path.Combine(Model, "vocab.txt"), Words);
        File.WriteAllText(
            Path.Combine(Model, "tokenizer_config.json"),
            "{\"do_lower_case\": true, \"model_max_length\": 32}"
        );
        File.WriteAllBytes(Weights, Safetensors(Tensors()));
        File.WriteAllText(TrainFile, Tsv(64));
        File.WriteAllText(DevFile, Tsv(16));
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    public string Below(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>Arguments of a training on these folders.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="run">The run folder.</param>
    /// <param name="more">Further options; the value of one that is there already takes its
    /// place.</param>
    public string[] TrainArguments(string recipe, string run, params string[] more)
    {
        var arguments = new List<string>
        {
            "train",
            "--recipe",
            recipe,
            "--model",
            Model,
            "--data",
            Data,
            "--task",
            "sst2",
            "--out",
            run,
        };
        for (var i = 0; i < more.Length; i++)
        {
            if (
                i + 1 < more.Length
                && arguments.IndexOf(more[i]) is var at and > 0
                && more[i].StartsWith("--", StringComparison.Ordinal)
                && more[i] != "--set"
            )
                arguments[at + 1] = more[++i];
            else
                arguments.Add(more[i]);
        }
        return [.. arguments];
    }

    public static JsonObject ConfigJson() =>
        new()
        {
            ["architectures"] = new JsonArray("BertForSequenceClassification"),
            ["model_type"] = "bert",
            ["vocab_size"] = Words.Length,
            ["hidden_size"] = Hidden,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["intermediate_size"] = Neurons,
            ["hidden_act"] = "gelu",
            ["hidden_dropout_prob"] = 0.1,
            ["attention_probs_dropout_prob"] = 0.1,
            ["max_position_embeddings"] = Positions,
            ["type_vocab_size"] = 2,
            ["initializer_range"] = 0.02,
            ["layer_norm_eps"] = 1e-12,
            ["pad_token_id"] = 0,
            ["id2label"] = new JsonObject { ["0"] = "negative", ["1"] = "positive" },
            ["label2id"] = new JsonObject { ["negative"] = 0, ["positive"] = 1 },
        };

    /// <summary>A GLUE SST-2 file in which the word decides the label.</summary>
    private static string Tsv(int rows)
    {
        var text = new StringBuilder("sentence\tlabel\n");
        for (var i = 0; i < rows; i++)
        {
            var (word, label) = (i % 4) switch
            {
                0 => ("good", 1),
                1 => ("dull", 0),
                2 => ("moving", 1),
                _ => ("bad", 0),
            };
            text.Append(
                CultureInfo.InvariantCulture,
                $"a {word} {(i % 3 == 0 ? "story" : "film")}{(i % 5 == 0 ? " ." : "")}\t{label}\n"
            );
        }
        return text.ToString();
    }

    /// <summary>Names and shapes as Hugging Face writes them.</summary>
    public static IReadOnlyList<(string Name, int[] Shape)> Tensors()
    {
        var list = new List<(string, int[])>
        {
            ("bert.embeddings.word_embeddings.weight", [Words.Length, Hidden]),
            ("bert.embeddings.position_embeddings.weight", [Positions, Hidden]),
            ("bert.embeddings.token_type_embeddings.weight", [2, Hidden]),
        };
        Norm("bert.embeddings.LayerNorm");
        for (var layer = 0; layer < Layers; layer++)
        {
            var at = $"bert.encoder.layer.{layer.ToString(CultureInfo.InvariantCulture)}.";
            foreach (var part in new[] { "query", "key", "value" })
                Linear($"{at}attention.self.{part}", Hidden, Hidden);
            Linear(at + "attention.output.dense", Hidden, Hidden);
            Norm(at + "attention.output.LayerNorm");
            Linear(at + "intermediate.dense", Neurons, Hidden);
            Linear(at + "output.dense", Hidden, Neurons);
            Norm(at + "output.LayerNorm");
        }
        Linear("bert.pooler.dense", Hidden, Hidden);
        Linear("classifier", Labels, Hidden);
        return list;

        void Linear(string name, int output, int input)
        {
            list.Add((name + ".weight", [output, input]));
            list.Add((name + ".bias", [output]));
        }

        void Norm(string name)
        {
            list.Add((name + ".weight", [Hidden]));
            list.Add((name + ".bias", [Hidden]));
        }
    }

    /// <summary>
    /// A safetensors file: u64 header length, JSON header, data. Values are a small deterministic
    /// ramp; norms are one and zero.
    /// </summary>
    /// <param name="tensors">Names and shapes.</param>
    /// <param name="lie">Changes the header's entry of a tensor, after it was made to fit.</param>
    public static byte[] Safetensors(
        IReadOnlyList<(string Name, int[] Shape)> tensors,
        Action<string, JsonObject>? lie = null
    )
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        using var data = new MemoryStream();
        var value = new byte[4];
        var k = 0;
        foreach (var (name, shape) in tensors)
        {
            var begin = data.Length;
            var count = shape.Aggregate(1, (a, b) => a * b);
            for (var i = 0; i < count; i++)
            {
                var number =
                    name.EndsWith("LayerNorm.weight", StringComparison.Ordinal) ? 1f
                    : name.EndsWith("bias", StringComparison.Ordinal) ? 0f
                    : 0.6f * ((k++ * 7919 % 1009) / 1009f - 0.5f);
                BinaryPrimitives.WriteSingleLittleEndian(value, number);
                data.Write(value);
            }
            var entry = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = new JsonArray([.. shape.Select(size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(begin, data.Length),
            };
            lie?.Invoke(name, entry);
            header[name] = entry;
        }
        var json = Encoding.UTF8.GetBytes(header.ToJsonString());
        var file = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)json.Length);
        json.CopyTo(file, 8);
        data.ToArray().CopyTo(file, 8 + json.Length);
        return file;
    }

    /// <summary>
    /// A pickle that runs a shell command in any reader that executes what it reads:
    /// <c>os.system("touch FILE")</c>.
    /// </summary>
    public static byte[] MaliciousPickle(string touched)
    {
        var command = Encoding.UTF8.GetBytes($"touch '{touched}'");
        using var stream = new MemoryStream();
        stream.Write([0x80, 0x02]); // PROTO 2
        stream.Write(Encoding.ASCII.GetBytes("cos\nsystem\n")); // GLOBAL os system
        stream.WriteByte((byte)'X'); // BINUNICODE
        stream.Write(BitConverter.GetBytes(command.Length));
        stream.Write(command);
        stream.Write([0x85, (byte)'R', (byte)'.']); // TUPLE1 REDUCE STOP
        return stream.ToArray();
    }

    /// <summary>The zip form of <c>torch.save</c> around a pickle.</summary>
    public static byte[] TorchZip(byte[] pickle)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("archive/data.pkl", pickle);
            Add("archive/version", "3\n"u8.ToArray());

            void Add(string name, byte[] bytes)
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(bytes);
            }
        }
        return stream.ToArray();
    }
}
