// The comparison of runtimes on a shape that takes a second: every peer gives the reference's
// logits before it is timed, and has a line. No figure is looked at.
using System.Text.Json.Nodes;
using Xunit;

namespace RobustTickets.OnnxRuntime.Tests;

[Collection(TorchCollection.Name)]
public sealed class PeersTests
{
    [Fact]
    public void Every_peer_computes_the_same_network_on_the_same_texts()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        string[] args =
        [
            "--shapes",
            "bert-tiny",
            "--lengths",
            "sst2",
            "--texts",
            "12",
            "--batch",
            "4",
            "--repeats",
            "1",
        ];
        Assert.True(Benchmarks.Peers.Program.Run([.. args, "--threads", "1"], output, error) == 0, error.ToString());
        var lines = output
            .ToString()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonNode.Parse(l)!)
            .ToList();
        string[] always =
        [
            "packed fp32",
            "plain libtorch, arrival order",
            "onnxruntime float32, arrival order",
            "onnxruntime float32, sorted by length",
            "onnxruntime int8, arrival order",
            "onnxruntime int8, sorted by length",
        ];
        foreach (var network in new[] { "dense", "ticket" })
        {
            var peers = lines.Where(l => (string?)l["network"] == network).ToList();
            Assert.Subset(peers.Select(l => (string)l["peer"]!).ToHashSet(), always.ToHashSet());
            Assert.Single(peers.Select(l => (int)l["word_pieces"]!).Distinct());
            Assert.All(peers, l => Assert.True((double)l["texts_per_second"]! > 0));
            Assert.All(peers, l => Assert.Equal(network == "dense", (double)l["flop_share"]! == 1));
        }
        Assert.Equal(2, Benchmarks.Peers.Program.Run(["--shape", "x"], output, error));
        Assert.Equal(2, Benchmarks.Peers.Program.Run(["--shapes", "none"], output, error));
    }
}
