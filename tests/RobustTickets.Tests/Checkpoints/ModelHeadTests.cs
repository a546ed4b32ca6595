// Folders whose head computes something else than the code of that head.
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Evaluation;
using RobustTickets.Export;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class ModelHeadTests : IDisposable
{
    private const string Decoder = "cls.predictions.decoder.weight";

    private static readonly HuggingFaceConfig Untied = Fixtures.TinyConfig with { TieWordEmbeddings = false };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("BertForTokenClassification")]
    [InlineData("BertForMultipleChoice")]
    [InlineData("BertForQuestionAnswering")]
    [InlineData("BertModel,BertForTokenClassification")]
    public void A_classifier_of_something_else_than_texts_is_refused_by_the_name_of_its_class(string architectures)
    {
        var model = Write(Fixtures.TinyConfig with { Architectures = architectures.Split(',') });
        foreach (var open in (Func<string, IDisposable>[])[BertFiles.OpenClassifier, BertFiles.OpenBase])
            Fixtures.Refused(
                () => open(model).Dispose(),
                Path.Combine(model, "config.json"),
                $"'architectures' names '{architectures.Split(',')[^1]}'",
                "ForSequenceClassification"
            );
    }

    [Fact]
    public void Training_starts_from_an_encoder_whose_other_head_is_not_stored()
    {
        var config = Fixtures.TinyConfig with { Architectures = ["BertForQuestionAnswering"] };
        var path = _folder.At("encoder");
        var encoder = Fixtures.Weights(config).Where(w => !w.Name.StartsWith("classifier.", StringComparison.Ordinal));
        HuggingFaceFolderWriter.Write(path, config, [.. encoder], replace: true);
        using var files = BertFiles.OpenBase(path);
        Assert.Equal(config.Architectures, files.Config.Architectures);
    }

    [Theory]
    [InlineData("")]
    [InlineData("BertModel")]
    [InlineData("BertForPreTraining")]
    [InlineData("BertForTokenClassification,BertForSequenceClassification")]
    public void A_classifier_of_texts_is_opened(string architectures)
    {
        string[] names = architectures.Length == 0 ? [] : architectures.Split(',');
        using var files = BertFiles.OpenClassifier(Write(Fixtures.TinyConfig with { Architectures = names }));
        Assert.Equal(names, files.Config.Architectures);
    }

    [Fact]
    public void An_output_matrix_that_is_not_the_word_embeddings_is_refused()
    {
        var own = NamedTensor.FromFloats(Decoder, [11, 6], Fixtures.Values(new Random(9), 66));
        var model = Write(Untied, own);
        string[] words = ["'tie_word_embeddings' is false", $"'{Decoder}'"];
        Fixtures.Refused(() => TorchMaskedLM.Load(model).Dispose(), words);
        Fixtures.Refused(
            () =>
                OnnxExport.Write(
                    model,
                    _folder.At("onnx"),
                    new OnnxExportOptions(OnnxHead.MaskedLM),
                    _ => throw new InvalidOperationException("nothing is run")
                ),
            words
        );
    }

    [Fact]
    public void A_copy_of_the_word_embeddings_or_a_matrix_that_transformers_ties_is_accepted()
    {
        var words = Fixtures.Weights(Untied).Single(w => w.Name == "bert.embeddings.word_embeddings.weight");
        using (var files = HuggingFaceFolder.Open(Write(Untied, words with { Name = Decoder })))
            ModelFolderCheck.RequireTiedDecoder(files);
        var own = NamedTensor.FromFloats(Decoder, [11, 6], Fixtures.Values(new Random(9), 66));
        using (var files = HuggingFaceFolder.Open(Write(Fixtures.TinyConfig, own)))
            ModelFolderCheck.RequireTiedDecoder(files);
    }

    private string Write(HuggingFaceConfig config, params NamedTensor[] more)
    {
        var path = _folder.At("model");
        HuggingFaceFolderWriter.Write(path, config, [.. Fixtures.Weights(config), .. more], replace: true);
        return path;
    }
}
