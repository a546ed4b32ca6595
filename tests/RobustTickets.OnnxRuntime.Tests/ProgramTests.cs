// The built program as a process of its own: without libtorch, and on mutated files (the bounded
// form of scripts/campaign/onnx.sh), where a crash of the runtime would be one of the process.
using System.Diagnostics;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.OnnxRuntime.Tests;

public sealed class ProgramTests : IDisposable
{
    private readonly TinyBert _tiny = new();

    public ProgramTests()
    {
        _tiny.Write();
        _tiny.WriteConfig("a", "b", "c");
        File.WriteAllLines(Texts, ["good film", "a dull film"]);
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "robust-tickets.dll");

    private string Texts => _tiny.Below("texts.txt");

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Mutated_files_end_in_an_answer_or_a_refusal()
    {
        var script = Path.Combine(Golden.RepositoryRoot, "scripts", "campaign", "onnx.sh");
        var (code, text) = Bash($"RT='dotnet {Program}' ONNX='{_tiny.Folder}' bash '{script}' 10 7 2>&1");
        Assert.True(code == 0, text);
        Assert.Contains("onnx: 10 files, 0 bad ends", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_ONNX_file_is_run_where_there_is_no_native_library()
    {
        // A copy outside the repository: neither beside the program nor above it is there a native
        // library of ours.
        const string none = "ROBUST_TICKETS_NATIVE=/none LIBTORCH=/none";
        var from = AppContext.BaseDirectory;
        var copy = $"mkdir program && cp '{from}'/*.dll '{from}'/*.json program && cp -r '{from}/runtimes' program";
        Assert.Equal((0, ""), Bash($"cd '{_tiny.Folder}' && {copy}"));
        var program = _tiny.Below("program/robust-tickets.dll");
        var predict = $"--format text --input '{Texts}'";
        var (code, text) = Bash($"{none} dotnet '{program}' predict --model '{_tiny.Folder}' {predict}");
        Assert.True(code == 0, text);
        Assert.Equal(2, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        (code, text) = Bash(
            $"{none} dotnet '{program}' attack --recipe deepwordbug --text 'good film' --model "
                + $"'{_tiny.Below("model.onnx")}' 2>&1"
        );
        Assert.True(code == 0, text);
        // What does need it says so.
        Assert.Equal(3, Bash($"{none} dotnet '{program}' bench --shape bert-tiny").Code);
        Directory.Delete(_tiny.Below("program/runtimes"), recursive: true);
        (code, text) = Bash($"dotnet '{program}' predict --model '{_tiny.Folder}' {predict} 2>&1");
        Assert.Equal(3, code);
        Assert.Contains("ONNX Runtime cannot be loaded on this machine", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_launcher_installs_and_builds_nothing_native_for_an_ONNX_file()
    {
        var script = Path.Combine(Golden.RepositoryRoot, "robust-tickets");
        var asked =
            $"eval \"$(sed -n '/^needs_native()/,/^find_dotnet/p' '{script}' | sed '$d')\"; "
            + "ask() { if needs_native \"$@\"; then echo native; else echo managed; fi; }; "
            + $"cd '{_tiny.Folder}'; mkdir onnx hf; cp model.onnx onnx; cp model.onnx hf; touch hf/model.safetensors; "
            + "ask predict --model model.onnx; ask evaluate --data x --model=onnx; ask attack --model . --text good; "
            + "ask predict --model hf; ask predict --model none.onnx; ask export --model onnx; ask train; ask --help";
        Assert.Equal(
            "managed managed managed native managed native native managed",
            Bash(asked).Out.Trim().ReplaceLineEndings(" ")
        );
    }

    private static (int Code, string Out) Bash(string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Length > 0 ? output : error.Result);
    }
}
