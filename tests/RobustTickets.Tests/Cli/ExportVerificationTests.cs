// export of a folder that does not give the source's logits: exit code 5, and nothing is left.
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Cli;
using RobustTickets.Export;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection(TorchCollection.Name)]
public sealed class ExportVerificationTests : IDisposable
{
    private readonly TinyFolders _tiny = new();

    public void Dispose()
    {
        HuggingFaceExport.Written = null;
        _tiny.Dispose();
    }

    [Theory]
    [InlineData("hf-dense")]
    [InlineData("hf-compact")]
    [InlineData("hf-pruned-heads")]
    public void A_damaged_export_ends_with_code_5_and_leaves_nothing(string format)
    {
        var place = Directory.CreateDirectory(_tiny.Below("place")).FullName;
        var target = Path.Combine(place, "exported");
        HuggingFaceExport.Written = Damage;
        var end = Export();
        Assert.True(end.Code == ExitCodes.ExportVerification, end.Error);
        Assert.Contains("its outputs differ from those of", end.Error, StringComparison.Ordinal);
        Assert.Contains("the export is not usable", end.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(place));

        HuggingFaceExport.Written = null;
        end = Export();
        Assert.True(end.Code == ExitCodes.Ok, end.Error);
        Assert.Equal([target], Directory.GetFileSystemEntries(place));

        CliRun Export() => CliRun.Of("export", "--model", _tiny.Model, "--format", format, "--out", target);
    }

    // The logits of one class are off by 5e-5.
    private static void Damage(string folder)
    {
        var path = Path.Combine(folder, "model.safetensors");
        NamedTensor[] tensors;
        using (var file = SafetensorsFile.Open(path))
        {
            tensors =
            [
                .. file.Tensors.Select(info =>
                {
                    var values = file.ReadFloats(info.Name);
                    if (info.Name == "classifier.bias")
                        values[0] += 5e-5f;
                    return NamedTensor.FromFloats(info.Name, info.Shape, values);
                }),
            ];
        }
        SafetensorsWriter.Write(path, tensors);
        File.Delete(Path.Combine(folder, FolderChecksums.FileName));
    }
}
