// The hash of a victim covers what its outcomes depend on, and nothing else beside it.
using RobustTickets.Attacks;
using RobustTickets.Pipeline.Models;
using RobustTickets.Tests.Checkpoints;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

public sealed class ModelHashTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("config.json", true)]
    [InlineData("vocab.txt", true)]
    [InlineData("tokenizer_config.json", true)]
    [InlineData("model.safetensors", true)]
    [InlineData("model-00001-of-00002.safetensors", true)]
    [InlineData("model.safetensors.index.json", true)]
    [InlineData("pytorch_model.bin", true)]
    [InlineData("notes.txt", false)]
    [InlineData("trainer_state.json", false)]
    [InlineData("training_args.bin", false)]
    [InlineData("training.json", false)]
    [InlineData("all_results.json", false)]
    public void Of_a_folder_it_covers_the_files_that_are_read(string file, bool isPart)
    {
        var before = NamedModel.Hash(Made("config.json", "vocab.txt", "model.safetensors"));
        File.AppendAllText(Path.Combine(_folder.Path, file), "more");
        Assert.Equal(isPart, before != NamedModel.Hash(_folder.Path));
    }

    [Theory]
    [InlineData("model.onnx", true)]
    [InlineData("model.onnx.data", true)]
    [InlineData("model.onnx_data", true)]
    [InlineData("vocab.txt", true)]
    [InlineData("other.onnx", false)]
    [InlineData("requirements.txt", false)]
    public void Of_a_file_it_covers_its_data_and_tokenizer(string file, bool isPart)
    {
        var model = Path.Combine(Made("config.json", "vocab.txt", "model.onnx", "other.onnx"), "model.onnx");
        var before = NamedModel.Hash(model);
        File.AppendAllText(Path.Combine(_folder.Path, file), "more");
        Assert.Equal(isPart, before != NamedModel.Hash(model));
    }

    [Fact]
    public void A_file_is_found_by_the_spelling_of_its_folder()
    {
        Assert.Equal("model.onnx", NamedModel.Spelled("Model.onnx", ["other.onnx", "model.onnx"]));
        Assert.Equal("Model.onnx", NamedModel.Spelled("Model.onnx", ["model.onnx", "Model.onnx"]));
        Assert.Contains(
            "a.onnx: is not among the files of its folder: b.onnx",
            Assert.Throws<DataException>(() => NamedModel.Spelled("a.onnx", ["b.onnx"])).Message,
            StringComparison.Ordinal
        );
    }

    private string Made(params string[] files)
    {
        foreach (var file in files)
            File.WriteAllText(Path.Combine(_folder.Path, file), file);
        return _folder.Path;
    }
}
