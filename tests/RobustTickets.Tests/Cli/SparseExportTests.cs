// export --format hf-sparse: a ticket of single weights without its zeros, read by every command as
// it is, and made whole by the script beside it without any package.
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Cli;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection(TorchCollection.Name)]
public sealed class SparseExportTests : IDisposable
{
    private readonly TinyFolders _tiny = new();

    private string Sparse => _tiny.Below("hf-sparse");

    public void Dispose() => _tiny.Dispose();

    [SkippableFact]
    public void It_answers_alike_and_python_makes_it_whole_bit_for_bit()
    {
        Prune();
        var export = Export("hf-sparse");
        Assert.True(export.Code == ExitCodes.Ok, export.Error);
        Assert.Contains("hf-sparse, 0.0 MiB, logits equal to the source's within 0.0e+0", export.Out);
        Assert.True(File.Exists(Path.Combine(Sparse, "model.sparse.safetensors")));
        Assert.False(File.Exists(Path.Combine(Sparse, "model.safetensors")));
        Assert.Contains("unpack_sparse.py", File.ReadAllText(Path.Combine(Sparse, "README.md")));
        Assert.Equal(Predict(_tiny.Model), Predict(Sparse));

        Assert.Equal(ExitCodes.Ok, Export("hf-dense").Code);
        var dense = File.ReadAllBytes(_tiny.Below("hf-dense", "model.safetensors"));
        // The program's own way back.
        Assert.Equal(ExitCodes.Ok, Export("hf-dense", Sparse, "back").Code);
        Assert.Equal(dense, File.ReadAllBytes(_tiny.Below("back", "model.safetensors")));

        Skip.IfNot(Python.Run(_tiny.Root, "-c", "pass") is not null, "python3 is not installed");
        Assert.Equal("", Python.Run(Sparse, "unpack_sparse.py"));
        Assert.Equal(dense, File.ReadAllBytes(Path.Combine(Sparse, "model.safetensors")));
        File.Delete(Path.Combine(Sparse, "model.safetensors"));
        Assert.Equal("", Python.Run(_tiny.Root, Path.Combine(Sparse, "unpack_sparse.py"), Sparse));
        Assert.Equal(dense, File.ReadAllBytes(Path.Combine(Sparse, "model.safetensors")));
    }

    [Fact]
    public void A_network_without_zeros_is_told_so_and_nothing_is_written()
    {
        var export = Export("hf-sparse");
        Assert.Equal(ExitCodes.Usage, export.Code);
        Assert.StartsWith("error: --format: ", export.Error);
        Assert.Contains("% of the elements of its matrices are zero, too few", export.Error);
        Assert.False(Directory.Exists(Sparse));
    }

    [Fact]
    public void A_ticket_of_heads_and_neurons_is_told_its_own_form()
    {
        var run = _tiny.Below("run");
        var train = CliRun.Of(
            _tiny.TrainArguments("random-structured", run, "--set", "retrain.epochs=1", "--set", "batch-size=32")
        );
        Assert.True(train.Code == ExitCodes.Ok, train.Error);
        var export = Export("hf-sparse", run);
        Assert.Equal(ExitCodes.Usage, export.Code);
        Assert.Contains("is a ticket of heads and neurons", export.Error);
        Assert.False(Directory.Exists(Sparse));
    }

    // Keeps every third element of each matrix.
    private void Prune()
    {
        NamedTensor[] tensors;
        using (var file = SafetensorsFile.Open(_tiny.Weights))
            tensors =
            [
                .. file.Tensors.Select(t =>
                    t.Shape.Length == 2
                        ? NamedTensor.FromFloats(
                            t.Name,
                            t.Shape,
                            [.. file.ReadFloats(t.Name).Select((x, i) => i % 3 == 0 ? x : 0)]
                        )
                        : NamedTensor.From(file, t.Name)
                ),
            ];
        SafetensorsWriter.Write(_tiny.Weights, tensors);
    }

    private CliRun Export(string format, string? model = null, string? name = null) =>
        CliRun.Of("export", "--model", model ?? _tiny.Model, "--format", format, "--out", _tiny.Below(name ?? format));

    private static string Predict(string model)
    {
        var run = CliRun.With("{\"text\":\"a good film\"}\n", "predict", "--model", model, "--logits");
        Assert.True(run.Code == ExitCodes.Ok, run.Error);
        return run.Out;
    }
}
