// Forms of an export besides the numbers: the model card, transformers' pruned heads, and the
// loader for Python, which is run here on modules that know names and shapes alone.
using System.Diagnostics;
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Export;
using RobustTickets.Models;
using RobustTickets.Testing;
using Xunit;
using static RobustTickets.OnnxRuntime.Tests.TrainedTicket;

namespace RobustTickets.OnnxRuntime.Tests;

[Collection(TorchCollection.Name)]
public sealed class ExportFormTests(TrainedTicket ticket)
{
    [Theory]
    [InlineData("hf-dense")]
    [InlineData("hf-compact")]
    [InlineData("hf-pruned-heads")]
    [InlineData("onnx")]
    public void Every_export_says_what_the_model_is_and_what_was_measured_of_it(string format)
    {
        File.WriteAllText(Path.Combine(ticket.Base, "README.md"), "---\nlicense: apache-2.0\n---\n");
        if (!Directory.Exists(Path.Combine(ticket.Run, "attacks")))
            Ok("attack", "--model", ticket.Model, "--recipe", "deepwordbug", "--data", ticket.Data, "--task", "sst2");
        var target = ticket.New("card");
        Ok("export", "--model", ticket.Model, "--format", format, "--out", target);
        var card = File.ReadAllText(Path.Combine(target, "README.md"));
        Assert.StartsWith(
            "---\nlicense: apache-2.0\nbase_model: \"tiny-bert\"\npipeline_tag: text-classification\n",
            card
        );
        Assert.Contains("| method | tiny-ticket, task sst2, seed 7 |", card);
        Assert.Contains("| 0 | ", card);
        Assert.Matches(@"Clean: \d+\.\d % of 40 examples \(.*\), 95 % interval \d", card);
        Assert.Matches(@"\| deepwordbug \| 40 \| [\d.]+ \| [\d.]+ \| [\d.]+ to [\d.]+ \|", card);
        Assert.Contains("- deepwordbug: TextAttack 0.3.4; ", card);
        Assert.Contains("it is not a certificate", card);
        Assert.Matches(@"\| compute time \| search: \d+ s; ", card);
        Assert.Matches(@"\| hardware \| .+ logical processors, [\d.]+ GiB of memory, device cpu", card);
        Assert.Matches(
            "\ndatasets:\n- \"sst2\"\nmetrics:\n- accuracy\nmodel-index:\n- name: \".+/model\"\n  results:\n",
            card
        );
        Assert.Matches("name: \"Clean, 40 examples\"\n      value: [01]", card);
        Assert.Matches("name: \"Aua under deepwordbug, 40 examples\"\n      value: [01]", card);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(target, "config.json")))!;
        Assert.Equal("float32", (string?)config["torch_dtype"]);
    }

    [Fact]
    public void The_card_of_a_control_has_the_accuracy_of_the_control()
    {
        var run = Copy(ticket.Run);
        var file = Path.Combine(run, "result.json");
        var result = JsonNode.Parse(File.ReadAllText(file))!;
        result["control"] = new JsonObject { ["parameters_without_embeddings"] = 1, ["accuracy"] = 0.125 };
        File.WriteAllText(file, result.ToJsonString());
        Directory.Move(Copy(ticket.Model), Path.Combine(run, "control"));
        var target = ticket.New("card");
        Ok("export", "--model", Path.Combine(run, "control"), "--format", "hf-dense", "--out", target);
        var card = File.ReadAllText(Path.Combine(target, "README.md"));
        Assert.Contains("Clean: 12.5 % of 40 examples", card);
        Assert.Contains("name: \"Clean, 40 examples\"\n      value: 0.125\n", card);
    }

    // Without model_max_length TextAttack and transformers assume 512 pieces, more than positions.
    [Theory]
    [InlineData("hf-dense")]
    [InlineData("hf-compact")]
    [InlineData("onnx")]
    public void An_export_of_a_tokenizer_without_settings_has_the_maximum_length(string format)
    {
        var copy = Copy(ticket.Model);
        foreach (var name in new[] { "tokenizer_config.json", "special_tokens_map.json", "SHA256SUMS" })
            File.Delete(Path.Combine(copy, name));
        var target = ticket.New("settings");
        Ok("export", "--model", copy, "--format", format, "--out", target);
        var settings = JsonNode.Parse(File.ReadAllText(Path.Combine(target, "tokenizer_config.json")))!;
        var config = HuggingFaceConfig.Load(Path.Combine(copy, "config.json"));
        Assert.Equal(config.MaxPositionEmbeddings, (int)settings["model_max_length"]!);
        Assert.True((bool)settings["do_lower_case"]!);
        Assert.False(File.Exists(Path.Combine(copy, "tokenizer_config.json")));
    }

    [Fact]
    public void The_licence_of_a_package_is_that_of_its_origin_file()
    {
        var origin = Path.Combine(ticket.Base, "origin.json");
        File.WriteAllText(origin, "{\"licence\": \"MIT (weights)\", \"origin\": \"https://example.org/a\"}");
        var target = ticket.New("card");
        Ok("export", "--model", ticket.Model, "--format", "hf-dense", "--out", target);
        File.Delete(origin);
        var card = File.ReadAllText(Path.Combine(target, "README.md"));
        Assert.StartsWith("---\nlicense: mit\n", card);
        Assert.Contains("| licence of the base model | MIT (weights); https://example.org/a |", card);
    }

    [Fact]
    public void A_model_of_no_run_has_a_card_that_says_so()
    {
        var copy = Copy(ticket.Model);
        var target = ticket.New("card");
        Ok("export", "--model", copy, "--format", "hf-dense", "--out", target);
        var card = File.ReadAllText(Path.Combine(target, "README.md"));
        Assert.Contains("unknown: the model does not belong to a finished run", card);
        Assert.Contains("No attack on this model is recorded.", card);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pruned_heads_are_cut_and_every_layer_has_the_widest_feed_forward_width(bool withoutHeads)
    {
        var source = withoutHeads ? WithoutHeads() : ticket.Model;
        var target = ticket.New("pruned");
        HuggingFaceExport.Write(source, target, HuggingFaceLayout.PrunedHeads);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(target, "config.json")))!;
        Assert.Equal("bert", (string?)config["model_type"]);
        var from = HuggingFaceConfig.Load(Path.Combine(source, "config.json"));
        var widest = Enumerable.Range(0, from.NumHiddenLayers).Max(from.IntermediateOf);
        Assert.Equal(widest, (int)config["intermediate_size"]!);
        using var tensors = SafetensorsFile.Open(Path.Combine(target, "model.safetensors"));
        for (var layer = 0; layer < from.NumHiddenLayers; layer++)
        {
            var names = BertParameters.Layer(layer);
            var heads = Math.Max(1, from.HeadsOf(layer));
            var removed = config["pruned_heads"]?[$"{layer}"]?.AsArray().Count ?? 0;
            Assert.Equal(from.NumAttentionHeads, heads + removed);
            Assert.Equal(heads * from.HeadSize, tensors.Info(BertParameters.Weight(names.Query)).Shape[0]);
            Assert.Equal(widest, tensors.Info(BertParameters.Weight(names.Intermediate)).Shape[0]);
        }
        Assert.True(ExportCheck.Verify(source, target, 2) <= 1e-5);
    }

    [Fact]
    public void A_model_of_pruned_heads_becomes_dense_again()
    {
        var (pruned, dense) = (ticket.New("pruned"), ticket.New("dense"));
        HuggingFaceExport.Write(ticket.Model, pruned, HuggingFaceLayout.PrunedHeads);
        HuggingFaceExport.Write(pruned, dense, HuggingFaceLayout.Dense);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(dense, "config.json")))!;
        Assert.Null(config["pruned_heads"]);
        Assert.True(ExportCheck.Verify(ticket.Model, dense, 2) <= 1e-5);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_loader_for_Python_gives_every_layer_its_shapes_and_takes_every_tensor(bool withoutHeads)
    {
        var source = withoutHeads ? WithoutHeads() : ticket.Model;
        var target = ticket.New("compact");
        HuggingFaceExport.Write(source, target, HuggingFaceLayout.Compact);
        var from = HuggingFaceConfig.Load(Path.Combine(source, "config.json"));
        var lines = Enumerable
            .Range(0, from.NumHiddenLayers)
            .Select(l => $"{from.HeadsOf(l)} {from.IntermediateOf(l)} {from.HiddenSize}");
        Assert.Equal((0, $"F32 False\n{string.Join('\n', lines)}\n"), Python(target));
        // Mutant: a layer of another width.
        var config = Path.Combine(target, "config.json");
        var json = JsonNode.Parse(File.ReadAllText(config))!;
        json["ticket"]!["layer_inter_size"]![0] = from.IntermediateOf(0) + 1;
        File.WriteAllText(config, json.ToJsonString());
        Assert.NotEqual(0, Python(target).Code);
    }

    // A ticket whose first layer has lost every head, and its second most of its neurons.
    private string WithoutHeads()
    {
        var folder = ticket.New("without-heads");
        using var files = HuggingFaceFolder.Open(ticket.Model);
        var old = files.Config;
        int[] heads = [0, old.HeadsOf(1)],
            neurons = [old.IntermediateOf(0), Math.Min(3, old.IntermediateOf(1))];
        var config = old with { Ticket = new TicketConfig(heads, neurons) };
        HuggingFaceFolderWriter.Write(
            folder,
            config,
            BertShapes
                .OfClassifier(BertFiles.ConfigOf(config, 2))
                .Select(p => NamedTensor.FromFloats(p.Name, p.Shape, First(files.Weights, p.Name, p.Shape))),
            ticket.Model
        );
        return folder;
    }

    // The corner of a tensor that a smaller shape leaves.
    private static float[] First(ITensorSource weights, string name, long[] shape)
    {
        var (all, from) = (weights.ReadFloats(name), weights.Info(name).Shape);
        if (shape.Length == 1)
            return all[..(int)shape[0]];
        return
        [
            .. Enumerable
                .Range(0, (int)shape[0])
                .SelectMany(r => all.AsSpan((int)(r * from[1]), (int)shape[1]).ToArray()),
        ];
    }

    private string Copy(string folder)
    {
        var copy = Directory.CreateDirectory(ticket.New("copy")).FullName;
        foreach (var file in Directory.GetFiles(folder))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }

    private static (int Code, string Out) Python(string folder)
    {
        var stubs = Path.Combine(Golden.RepositoryRoot, "tests", "RobustTickets.OnnxRuntime.Tests", "python");
        var start = new ProcessStartInfo("python3", ["-B", Path.Combine(stubs, "run.py"), folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PYTHONPATH"] = stubs;
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new SkipException("there is no python3");
        }
        using (process)
        {
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, process.ExitCode == 0 ? output : output + error.Result);
        }
    }
}
