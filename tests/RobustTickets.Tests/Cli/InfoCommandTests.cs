using System.Text.Json.Nodes;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection(TorchCollection.Name)]
public class InfoCommandTests
{
    [Fact]
    public void It_tells_versions_devices_threads_and_a_measured_rate()
    {
        var run = CliRun.Of("info", "--json");
        Assert.True(run.Code == 0, run.Error);
        var info = JsonNode.Parse(run.Out)!;
        Assert.Matches(@"^\d+\.\d+", (string)info["libtorch"]!);
        Assert.Contains("cpu", info["devices"]!.AsArray().Select(d => (string)d!));
        Assert.True((int)info["threads"]! >= 1);
        var rate = info["gemm"]!.AsArray()[0]!;
        Assert.Equal(
            ("float32", 1024, 768, 3072),
            ((string)rate["dtype"]!, (int)rate["m"]!, (int)rate["k"]!, (int)rate["n"]!)
        );
        Assert.True((double)rate["gflops"]! > 0);
        var text = CliRun.Of("info").Out;
        foreach (var word in new[] { ".NET", "libtorch", "devices", "matrix product", "bfloat16" })
            Assert.Contains(word, text);
    }
}
