// What a run needs of the machine is known before it begins, and a place has one writer.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Cli;
using RobustTickets.Export;
using RobustTickets.Models;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Tests.Cli;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Runs;

[Collection(TorchCollection.Name)]
public sealed class MachineNeedsTests : IDisposable
{
    private readonly TinyFolders _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Weights_gradients_and_moments_are_sixteen_bytes_a_parameter()
    {
        // BERT-base: 109,483,778 parameters with two classes.
        var shape = new HuggingFaceConfig
        {
            VocabSize = 30522,
            HiddenSize = 768,
            NumHiddenLayers = 12,
            NumAttentionHeads = 12,
            IntermediateSize = 3072,
        };
        var config = BertFiles.ConfigOf(shape, 2);
        var parameters = BertShapes.OfClassifier(config).Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b));
        Assert.Equal(109_483_778, parameters);
        var memory = TrainingMemory.Of(config, parameters, tokens: 32 * 128);
        Assert.Equal(16 * 109_483_778L, memory.StateBytes);
        Assert.Equal(4L * 4096 * 12 * ((9 * 768) + (2 * 3072)), memory.ActivationBytes);
    }

    [Fact]
    public void The_longest_batch_is_made_of_the_longest_examples()
    {
        Assert.Equal(9 + 8, TrainingMemory.LongestBatch([3, 9, 1, 8, 2], 2));
        Assert.Equal(6, TrainingMemory.LongestBatch([3, 2, 1], 5));
        Assert.Equal(0, TrainingMemory.LongestBatch([], 5));
    }

    [Fact]
    public void A_machine_that_is_surely_too_small_is_refused_and_one_that_may_be_is_told()
    {
        var memory = new TrainingMemory(StateBytes: 100 << 20, ActivationBytes: 50 << 20);
        memory.Require("Model", "bert", 100 << 20);
        memory.Require("Model", "bert", null);
        var refused = Assert.Throws<RequestException>(() => memory.Require("Model", "bert", (100 << 20) - 1));
        Assert.Equal(("Model", "bert"), (refused.Field, refused.Value));
        Assert.Contains("weights, gradients and moments need 100 MiB", refused.Message);
        Assert.Equal(ExitCodes.Usage, ExitCodes.Of(refused, 0));

        var needs = new MachineNeeds(memory, DiskBytes: 1);
        Assert.Null(needs.Doubt(memory.Bytes));
        Assert.Null(needs.Doubt(null));
        Assert.Contains("it may not fit", needs.Doubt(memory.Bytes - 1));
    }

    [Fact]
    public void A_dry_run_tells_memory_and_disk()
    {
        var dry = CliRun.Of(_tiny.TrainArguments("fine-tune", _tiny.Below("run"), "--dry-run"));
        Assert.True(dry.Code == 0, dry.Error);
        Assert.Matches("memory   about [0-9,]+ MiB: weights, gradients and moments", dry.Out);
        Assert.Matches("disk     up to [0-9,]+ MiB while it runs; [0-9,]+ MiB are free", dry.Out);
        var json = JsonNode.Parse(
            CliRun.Of(_tiny.TrainArguments("fine-tune", _tiny.Below("run"), "--dry-run", "--json")).Out
        )!;
        Assert.True((long)json["memory_bytes"]! > (long)json["memory_state_bytes"]!);
        Assert.True((long)json["disk_bytes"]! > 0);
    }

    [Fact]
    public void A_dry_run_of_several_seeds_tells_all_folders_and_their_disk()
    {
        var output = _tiny.Below("seeds");
        string[] arguments = [.. _tiny.TrainArguments("fine-tune", output), "--dry-run"];
        var folders = new[] { 3, 1, 2 }.Select(seed => Path.Combine(output, $"seed-{seed}")).ToArray();
        var text = CliRun.Of([.. arguments, "--seeds", "3,1,2"]);
        Assert.True(text.Code == 0, text.Error);
        Assert.Contains("seeds    3, 1, 2: one run each; the recipe above is that of seed 3", text.Out);
        Assert.Equal(
            folders,
            text.Out.Split('\n').Where(l => l.StartsWith("out ", StringComparison.Ordinal)).Select(l => l[4..].Trim())
        );
        JsonNode Plan(params string[] more) => JsonNode.Parse(CliRun.Of([.. arguments, "--json", .. more]).Out)!;
        var one = (long)Plan()["disk_bytes"]!;
        var plan = Plan("--seeds", "3,1,2");
        Assert.Equal(output, (string?)plan["out"]);
        Assert.Equal([3, 1, 2], plan["seeds"]!.AsArray().Select(s => (int)s!));
        Assert.Equal(folders, plan["runs"]!.AsArray().Select(s => (string)s!));
        // A run takes three checkpoints of three copies, and its model; two finished ones are kept.
        Assert.Equal(one + (2 * one / 10), (long)plan["disk_bytes"]!);
        Assert.Equal(one + (2 * 7 * one / 10), (long)Plan("--seeds", "3,1,2", "--keep-checkpoints")["disk_bytes"]!);
        Assert.Null(Plan()["seeds"]);
        Assert.False(Directory.Exists(output));
    }

    [Fact]
    public void A_folder_that_is_exported_or_pretrained_into_has_one_writer()
    {
        var target = _tiny.Below("place");
        using (WriterLock.TakePlace(target))
        {
            var export = CliRun.Of("export", "--model", _tiny.Model, "--format", "hf-dense", "--out", target);
            Assert.Equal(ExitCodes.Usage, export.Code);
            Assert.Contains($"{target}: process {Environment.ProcessId} on", export.Error);
            var corpus = _tiny.Below("corpus.txt");
            File.WriteAllText(corpus, "a good film\nthe dull story\n");
            var pretrain = CliRun.Of(
                "pretrain",
                "--corpus",
                corpus,
                "--config",
                _tiny.Config,
                "--vocab",
                Path.Combine(_tiny.Model, "vocab.txt"),
                "--out",
                target
            );
            Assert.Equal(ExitCodes.Usage, pretrain.Code);
            Assert.Contains("is writing to it", pretrain.Error);
            Assert.False(Directory.Exists(target));
        }
        HuggingFaceExport.Write(_tiny.Model, target, HuggingFaceLayout.Dense);
        Assert.True(File.Exists(Path.Combine(target, "config.json")));
        Assert.DoesNotContain(
            Directory.GetFiles(_tiny.Root),
            f => Path.GetFileName(f).Contains(".lock", StringComparison.Ordinal)
        );
    }
}
