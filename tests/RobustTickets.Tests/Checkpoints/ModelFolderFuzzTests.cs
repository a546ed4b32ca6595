// Hostile model folders: whatever stands in config.json, an index or a tokenizer file, opening ends
// with an open folder or with a refusal that names the file.
using System.Text;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class ModelFolderFuzzTests : IDisposable
{
    // Raw JSON, so that numbers no type holds and halves of surrogates can be said.
    private static readonly string[] Values =
    [
        "null",
        "true",
        "\"x\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "-1",
        "0",
        "0.5",
        "1e400",
        "2147483648",
        "99999999999999999999",
        "[]",
        "{}",
        "[[[1]]]",
        "{\"0\": 0}",
        "{\"\\ud800\": 1}",
        "[\"0-1\", \"1-0\"]",
    ];

    private readonly TinyFolders _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Any_value_in_any_field_of_a_configuration_is_read_or_refused_by_file()
    {
        var config = TinyFolders.ConfigJson();
        string[] more =
        [
            "problem_type",
            "num_labels",
            "classifier_dropout",
            "position_embedding_type",
            "pruned_heads",
            "ticket",
            "tie_word_embeddings",
            "is_decoder",
            "torch_dtype",
            "custom",
        ];
        string[] ticket = ["layer_head_num", "layer_inter_size", "kept_heads", "kept_neurons", "sha256"];
        var texts = new List<string>();
        foreach (var name in config.Select(f => f.Key).Concat(more))
            texts.AddRange(Values.Select(value => With(config, name, value)));
        foreach (var name in ticket)
            texts.AddRange(Values.Select(value => With(config, "ticket", $"{{\"{name}\": {value}}}")));
        foreach (var map in new[] { "id2label", "label2id" })
            texts.AddRange(Values.Select(value => With(config, map, $"{{\"0\": {value}}}")));
        var refused = 0;
        foreach (var text in texts)
        {
            File.WriteAllText(_tiny.Config, text);
            refused += Open(text, _tiny.Config) ? 0 : 1;
        }
        // Most of it is impossible, and some of it is not.
        Assert.InRange(refused, texts.Count / 2, texts.Count - 20);
    }

    [Fact]
    public void Damaged_bytes_of_a_configuration_or_an_index_are_read_or_refused_by_file()
    {
        var random = new Random(17);
        var config = Encoding.UTF8.GetBytes(TinyFolders.ConfigJson().ToJsonString());
        for (var i = 0; i < 300; i++)
        {
            var bytes = Damaged(random, config);
            File.WriteAllBytes(_tiny.Config, bytes);
            Open(Encoding.Latin1.GetString(bytes), _tiny.Config);
        }
        File.WriteAllBytes(_tiny.Config, config);
        File.Move(_tiny.Weights, Path.Combine(_tiny.Model, "model-1.safetensors"));
        var index = Path.Combine(_tiny.Model, "model.safetensors.index.json");
        var map = new JsonObject
        {
            ["weight_map"] = new JsonObject(
                TinyFolders.Tensors().Select(t => KeyValuePair.Create(t.Name, (JsonNode?)"model-1.safetensors"))
            ),
        };
        var whole = Encoding.UTF8.GetBytes(map.ToJsonString());
        File.WriteAllBytes(index, whole);
        Assert.True(Open("whole", index));
        for (var i = 0; i < 200; i++)
        {
            var bytes = Damaged(random, whole);
            File.WriteAllBytes(index, bytes);
            Open(Encoding.Latin1.GetString(bytes), index);
        }
    }

    private static string With(JsonObject config, string name, string value)
    {
        var copy = config.DeepClone().AsObject();
        copy.Remove(name);
        var text = copy.ToJsonString();
        return $"{text[..^1]},\"{name}\":{value}}}";
    }

    private static byte[] Damaged(Random random, byte[] bytes)
    {
        var list = bytes.ToList();
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var at = random.Next(list.Count);
            switch (random.Next(4))
            {
                case 0:
                    list[at] = (byte)random.Next(256);
                    break;
                case 1:
                    list.RemoveAt(at);
                    break;
                case 2:
                    list.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    list.RemoveRange(at, random.Next(list.Count - at));
                    break;
            }
            if (list.Count == 0)
                list.Add(0);
        }
        return [.. list];
    }

    /// <summary>
    /// Whether it opened; any exception but a refusal that names the folder fails.
    /// </summary>
    private bool Open(string input, string place)
    {
        try
        {
            using var files = BertFiles.OpenClassifier(_tiny.Model);
            _ = files.Config.ToJson();
            return true;
        }
        catch (Exception e) when (e is CheckpointException or DataException)
        {
            Assert.True(e.Message.Contains(_tiny.Model, StringComparison.Ordinal), $"{e.Message}\n{input}\n{place}");
            return false;
        }
        catch (Exception e)
        {
            Assert.Fail($"{e.GetType().Name}: {e.Message}\n{input}");
            return false;
        }
    }
}
