// Model folders that would give an answer to another question, or none: one refusal in every
// command and in the library. And the compact format, from C# to Python.
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Cli;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection(TorchCollection.Name)]
public sealed class ModelFolderTests : IDisposable
{
    private readonly TinyFolders _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Theory]
    [InlineData("multi_label_classification")]
    [InlineData("regression")]
    [InlineData("no such problem")]
    public void A_problem_that_is_not_one_label_a_text_is_refused_by_every_command(string problem)
    {
        Change(config => config["problem_type"] = problem);
        AssertRefusedEverywhere(ExitCodes.Data, _tiny.Config, $"'problem_type' is '{problem}'");
        Change(config => config["problem_type"] = "single_label_classification");
        Assert.Equal(ExitCodes.Ok, Predict().Code);
    }

    [Fact]
    public void One_output_is_no_classifier_in_any_command()
    {
        Change(config =>
        {
            config["id2label"] = new JsonObject { ["0"] = "LABEL_0" };
            config["label2id"] = new JsonObject { ["LABEL_0"] = 0 };
        });
        Weights(
            TinyFolders.Tensors().Select(t => t.Name.StartsWith("classifier") ? (t.Name, [1, .. t.Shape[1..]]) : t)
        );
        AssertRefusedEverywhere(ExitCodes.Data, _tiny.Config, "1 output", "at least 2 classes");
    }

    // Without a head of its own the folder is a base, whatever its configuration says of heads.
    [Fact]
    public void A_base_without_a_classifier_trains_into_one_label_a_text()
    {
        Change(config => config["problem_type"] = "multi_label_classification");
        Weights(TinyFolders.Tensors().Where(t => !t.Name.StartsWith("classifier")));
        var train = Train("--set", "retrain.epochs=1", "--set", "batch-size=32");
        Assert.True(train.Code == ExitCodes.Ok, train.Error);
        var config = JsonNode.Parse(File.ReadAllText(_tiny.Below("run", "model", "config.json")))!;
        Assert.Null(config["problem_type"]);
        Assert.Equal("float32", (string?)config["torch_dtype"]);
    }

    [Fact]
    public void A_vocabulary_beyond_the_embeddings_is_refused_when_the_folder_is_opened()
    {
        var vocabulary = Path.Combine(_tiny.Model, "vocab.txt");
        File.AppendAllLines(vocabulary, ["zzone", "zztwo"]);
        AssertRefusedEverywhere(
            ExitCodes.Data,
            $"{vocabulary}: has 20 tokens",
            $"{_tiny.Weights} has 18 word embeddings",
            "'zzone'",
            "resize_token_embeddings(20)"
        );
        Assert.Contains("20 tokens", Assert.Throws<CheckpointException>(() => BertFiles.Open(_tiny.Model)).Message);
    }

    [Fact]
    public void Weights_that_are_no_numbers_are_a_numeric_failure_in_every_command()
    {
        var bytes = File.ReadAllBytes(_tiny.Weights);
        BitConverter.GetBytes(float.NaN).CopyTo(bytes, bytes.Length - 8);
        File.WriteAllBytes(_tiny.Weights, bytes);
        // The last eight bytes are the classifier's bias.
        AssertRefusedEverywhere(ExitCodes.Numeric, _tiny.Weights, "'classifier.bias'", "value 0 is NaN");
    }

    // Finite weights whose logits are not: found at the first text, not averaged into a loss.
    [Fact]
    public void Logits_that_are_no_numbers_are_a_numeric_failure()
    {
        var bytes = File.ReadAllBytes(_tiny.Weights);
        for (var at = 8 + (int)BitConverter.ToUInt64(bytes); at < bytes.Length; at += 4)
            BitConverter.GetBytes(1e30f).CopyTo(bytes, at);
        File.WriteAllBytes(_tiny.Weights, bytes);
        foreach (var run in new[] { Predict(), Evaluate(), Attack(), Export("hf-dense") })
        {
            Assert.True(run.Code == ExitCodes.Numeric, $"{run.Code}: {run.Error}");
            Assert.DoesNotContain("Exception", run.Error, StringComparison.Ordinal);
            Assert.Equal("", run.Out);
        }
    }

    [Fact]
    public void A_note_of_the_folder_reaches_the_user_once()
    {
        Change(config => config["label2id"] = new JsonObject { ["LABEL_0"] = 0, ["LABEL_1"] = 1 });
        foreach (
            var run in new[]
            {
                Predict(),
                Evaluate(),
                Attack(),
                Export("hf-dense"),
                Train("--set", "retrain.epochs=1", "--set", "batch-size=32"),
            }
        )
        {
            Assert.True(run.Code == ExitCodes.Ok, run.Error);
            Assert.Equal(2, run.Error.Split("is not the inverse of 'id2label'").Length);
        }
        Assert.Contains("is not the inverse of 'id2label'", Train("--dry-run").Out);
        using var classifier = Classifier.Load(_tiny.Model);
        Assert.Contains(_tiny.Config, Assert.Single(classifier.Notes));
    }

    [Fact]
    public void A_compact_export_reads_as_the_old_form_did_and_python_decodes_it()
    {
        OldCompactFolder();
        var compact = _tiny.Below("hf-compact");
        var export = Export("hf-compact");
        Assert.True(export.Code == ExitCodes.Ok, export.Error);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(compact, "config.json")))!;
        Assert.Equal("compact_bert", (string?)config["model_type"]);
        Assert.Equal("float32", (string?)config["torch_dtype"]);
        Assert.Equal(["1", "0-1"], config["ticket"]!["kept_heads"]!.AsArray().Select(u => (string?)u));
        Assert.Equal(["0-3,7", ""], config["ticket"]!["kept_neurons"]!.AsArray().Select(u => (string?)u));
        Assert.Contains("compact_bert", File.ReadAllText(Path.Combine(compact, "README.md")));
        Assert.Equal(Predict().Out, Predict(compact).Out);

        // Kept units go back to the same places, from either form.
        var fromOld = _tiny.Below("hf-dense");
        Assert.Equal(ExitCodes.Ok, Export("hf-dense").Code);
        var fromNew = _tiny.Below("dense-again");
        var dense = CliRun.Of("export", "--model", compact, "--format", "hf-dense", "--out", fromNew);
        Assert.True(dense.Code == ExitCodes.Ok, dense.Error);
        foreach (var file in new[] { "config.json", "model.safetensors" })
            Assert.Equal(
                File.ReadAllBytes(Path.Combine(fromOld, file)),
                File.ReadAllBytes(Path.Combine(fromNew, file))
            );
    }

    [SkippableFact]
    public void The_python_loader_compiles_and_decodes_ranges()
    {
        OldCompactFolder();
        Assert.Equal(ExitCodes.Ok, Export("hf-compact").Code);
        var folder = _tiny.Below("hf-compact");
        Skip.IfNot(Python.Run(folder, "-c", "pass") is not null, "python3 is not installed");
        Assert.Equal("", Python.Run(folder, "-m", "py_compile", "load_compact.py"));
        // Written by C#, read by Python: every list that a ticket may hold.
        int[][] lists =
        [
            [],
            [4],
            [0, 1, 2, 3, 7],
            [5, 0, 1, 9],
            [3, 2, 1],
            [.. Enumerable.Range(0, 3072)],
        ];
        foreach (var units in lists)
        {
            var code =
                $"from load_compact import units; print(','.join(map(str, units('{UnitRanges.Format(units)}'))))";
            Assert.Equal(string.Join(',', units), Python.Run(folder, "-c", code)!.TrimEnd());
        }
    }

    // Layer 0 keeps head 1 and neurons 0-3 and 7, layer 1 both heads and no neuron; model_type bert
    // and lists of numbers.
    private void OldCompactFolder()
    {
        Change(config =>
        {
            config["torch_dtype"] = "float16";
            config["ticket"] = JsonNode.Parse(
                """
                {"layer_head_num": [1, 2], "layer_inter_size": [5, 0],
                 "kept_heads": [[1], [0, 1]], "kept_neurons": [[0, 1, 2, 3, 7], []]}
                """
            );
        });
        Weights(
            TinyFolders
                .Tensors()
                .Select(t =>
                    (
                        t.Name,
                        Shape: t.Name.Replace("bert.encoder.layer.", "") switch
                        {
                            "0.attention.self.query.weight"
                            or "0.attention.self.key.weight"
                            or "0.attention.self.value.weight" => [4, 8],
                            "0.attention.self.query.bias"
                            or "0.attention.self.key.bias"
                            or "0.attention.self.value.bias" => [4],
                            "0.attention.output.dense.weight" => [8, 4],
                            "0.intermediate.dense.weight" => [5, 8],
                            "0.intermediate.dense.bias" => [5],
                            "0.output.dense.weight" => [8, 5],
                            "1.intermediate.dense.weight" => [0, 8],
                            "1.intermediate.dense.bias" => [0],
                            "1.output.dense.weight" => [8, 0],
                            _ => t.Shape,
                        }
                    )
                )
        );
    }

    private void Change(Action<JsonObject> change)
    {
        var config = TinyFolders.ConfigJson();
        change(config);
        File.WriteAllText(_tiny.Config, config.ToJsonString());
    }

    private void Weights(IEnumerable<(string Name, int[] Shape)> tensors) =>
        File.WriteAllBytes(_tiny.Weights, TinyFolders.Safetensors([.. tensors]));

    private CliRun Predict(string? model = null) =>
        CliRun.With("{\"text\":\"a good film\"}\n", "predict", "--model", model ?? _tiny.Model, "--logits");

    private CliRun Evaluate() => CliRun.Of("evaluate", "--model", _tiny.Model, "--data", _tiny.Data, "--task", "sst2");

    private CliRun Attack() =>
        CliRun.Of("attack", "--model", _tiny.Model, "--recipe", "deepwordbug", "--text", "a good film");

    private CliRun Export(string format) =>
        CliRun.Of("export", "--model", _tiny.Model, "--format", format, "--out", _tiny.Below(format));

    private CliRun Train(params string[] more) =>
        CliRun.Of(_tiny.TrainArguments("fine-tune", _tiny.Below("run"), more));

    private void AssertRefusedEverywhere(int code, params string[] saying)
    {
        var runs = new List<CliRun> { Predict(), Evaluate(), Attack(), Export("hf-compact"), Train() };
        // A dry run reads no weights.
        if (code == ExitCodes.Data)
            runs.Add(Train("--dry-run"));
        foreach (var run in runs)
        {
            Assert.True(run.Code == code, $"{run.Code}: {run.Error}");
            Assert.Equal("", run.Out);
            Assert.All(saying, part => Assert.Contains(part, run.Error, StringComparison.Ordinal));
            Assert.DoesNotContain("Exception", run.Error, StringComparison.Ordinal);
        }
        Assert.False(Directory.Exists(_tiny.Below("hf-compact")));
        Assert.False(File.Exists(_tiny.Below("run", "result.json")));
        var library = Assert.ThrowsAny<Exception>(() => Classifier.Load(_tiny.Model));
        var loading = Assert.ThrowsAny<Exception>(() =>
            BertFiles.LoadClassifier(_tiny.Model, 2, RandomKey.FromSeed(0), new Execution())
        );
        var expected = code == ExitCodes.Numeric ? typeof(NumericFailureException) : typeof(CheckpointException);
        Assert.Equal((expected, expected), (library.GetType(), loading.GetType()));
    }
}
