// scripts/campaign/onnx.sh in bounded form: mutated files in the built program, where a crash of the
// runtime would be one of the process.
using System.Diagnostics;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.OnnxRuntime.Tests;

public sealed class CampaignTests
{
    [Fact]
    public void Mutated_files_end_in_an_answer_or_a_refusal()
    {
        using var tiny = new TinyBert();
        tiny.Write();
        tiny.WriteConfig("a", "b", "c");
        var script = Path.Combine(Golden.RepositoryRoot, "scripts", "campaign", "onnx.sh");
        var program = Path.Combine(AppContext.BaseDirectory, "robust-tickets.dll");
        var start = new ProcessStartInfo("bash", [script, "10", "7"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["RT"] = $"dotnet {program}";
        start.Environment["ONNX"] = tiny.Folder;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output + error.Result);
        Assert.Contains("onnx: 10 files, 0 bad ends", output, StringComparison.Ordinal);
    }
}
