// Models in ONNX files are disposed of beside calls in flight: these end with the right numbers,
// and later ones are refused by the name of the type.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;
using RobustTickets.Export;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.OnnxRuntime.Tests;

public sealed class DisposalTests : IDisposable
{
    private static readonly TextPair[] Texts =
    [
        .. Enumerable.Range(1, 24).Select(i => new TextPair(string.Join(' ', Enumerable.Repeat("good film", i)))),
    ];

    private readonly TinyBert _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public async Task Sixteen_tasks_and_a_disposal_end_in_rows_or_in_the_classifier_s_name()
    {
        _tiny.Write();
        _tiny.WriteConfig("a", "b", "c");
        using var whole = OnnxClassifier.Load(_tiny.Folder);
        var expected = whole.Logits(Texts);
        for (var round = 0; round < 5; round++)
        {
            var classifier = OnnxClassifier.Load(_tiny.Folder);
            var names = await Disposal.BesideAsync(
                () => Assert.Equal(expected, classifier.Logits(Texts)),
                classifier.Dispose
            );
            Assert.All(names, name => Assert.Equal("RobustTickets.OnnxRuntime.OnnxClassifier", name));
        }
    }

    [Fact]
    public void Every_model_refuses_to_be_asked_afterwards()
    {
        var file = _tiny.Write();
        _tiny.WriteConfig("a", "b", "c");
        var classifier = OnnxClassifier.Load(file);
        var network = OnnxNetwork.Open(file);
        classifier.Dispose();
        classifier.Dispose();
        network.Dispose();
        Refused<OnnxClassifier>(() => classifier.Logits(Texts));
        Refused<OnnxClassifier>(() => classifier.Predict("good"));
        Refused<OnnxClassifier>(() => classifier.Probabilities([]));
        Refused<OnnxClassifier>(() => ((IVictim)classifier).Predict([]));
        Refused<OnnxClassifier>(() => classifier.Length("good"));
        Refused<OnnxNetwork>(() => network.Run(TinyBert.Texts(1)));

        _tiny.Write(OnnxHead.MaskedLM);
        var masked = OnnxMaskedLM.Load(_tiny.Folder);
        masked.Dispose();
        Refused<OnnxMaskedLM>(() => masked.Predict([new MaskedQuestion("a [MASK] film", 1, 3)]));
        Refused<OnnxMaskedLM>(() => masked.Encode("good"));
        Refused<OnnxMaskedLM>(() => masked.PieceCount("good"));
        Refused<OnnxMaskedLM>(() => masked.Token(0));

        _tiny.Write(OnnxHead.Encoder);
        var encoder = OnnxSentenceEncoder.Load(_tiny.Folder);
        encoder.Dispose();
        Refused<OnnxSentenceEncoder>(() => encoder.Encode(["good"]));
    }

    [Fact]
    public void A_call_that_is_stopped_ends_before_its_next_batch()
    {
        _tiny.Write();
        using var classifier = OnnxClassifier.Load(_tiny.Folder);
        Assert.Throws<OperationCanceledException>(() => classifier.Logits(Texts, new(canceled: true)));
        Assert.Throws<OperationCanceledException>(() => classifier.Predict(Texts, new(canceled: true)));
    }

    [Theory]
    [InlineData(nameof(OnnxOptions.MaxLength), "-1")]
    [InlineData(nameof(OnnxOptions.MaxLength), "2")]
    [InlineData(nameof(OnnxOptions.Threads), "0")]
    [InlineData(nameof(OnnxOptions.Threads), "-1")]
    [InlineData(nameof(OnnxOptions.CellsPerBatch), "0")]
    public void A_limit_that_no_text_fits_is_refused_on_loading(string field, string value)
    {
        var file = _tiny.Write();
        var number = int.Parse(value, System.Globalization.CultureInfo.InvariantCulture);
        var options = field switch
        {
            nameof(OnnxOptions.MaxLength) => new OnnxOptions(MaxLength: number),
            nameof(OnnxOptions.Threads) => new OnnxOptions(Threads: number),
            _ => new OnnxOptions(CellsPerBatch: number),
        };
        foreach (
            var load in new Func<IDisposable>[]
            {
                () => OnnxClassifier.Load(file, options),
                () => OnnxSentenceEncoder.Load(file, options),
                () => OnnxMaskedLM.Load(file, options),
                () => OnnxNetwork.Open(file, options),
            }
        )
        {
            var error = Assert.Throws<RequestException>(load);
            Assert.Equal((field, value), (error.Field, error.Value));
        }
    }

    [Fact]
    public void A_recipe_takes_its_models_from_ONNX_files_each_loaded_once()
    {
        _tiny.Write(OnnxHead.Encoder);
        var models = new OnnxModels();
        var files = new ResourceFiles
        {
            Neighbours = _tiny.Below("neighbours.json"),
            StopWords = _tiny.Below("stop-words.txt"),
            Encoder = _tiny.Folder,
        };
        File.WriteAllText(files.Neighbours, """{ "good": ["dull"] }""");
        File.WriteAllText(files.StopWords, "the\n");
        var recipe = AttackRecipe.TextFooler(files, new AttackOptions(PartOfSpeech: false));
        recipe.Check(models);
        var lines = recipe.Build(models).Lines;
        Assert.Contains(lines, l => l.Value.Contains("mean-pooled tiny-onnx", StringComparison.Ordinal));
        IAttackModels loader = models;
        var encoder = loader.LoadEncoder(_tiny.Folder);
        Assert.Same(encoder, loader.LoadEncoder(_tiny.Folder));
        var beside = Directory.CreateDirectory(_tiny.Below("other")).FullName;
        foreach (
            var error in new[]
            {
                Assert.Throws<DataException>(() => loader.LoadEncoder(beside)),
                Assert.Throws<DataException>(() => loader.LoadMaskedLM(beside)),
                Assert.Throws<DataException>(() => loader.Describe(beside, AttackModelKind.SentenceEncoder)),
            }
        )
            Assert.StartsWith($"{beside}: is not an ONNX model", error.Message, StringComparison.Ordinal);
        models.Dispose();
        Assert.Throws<ObjectDisposedException>(() => encoder.Encode(["good"]));
        Assert.Throws<ObjectDisposedException>(() => loader.LoadEncoder(_tiny.Folder));
        // Without models the packages that have some are named.
        var none = Assert.Throws<RequestException>(() => recipe.Build());
        Assert.Contains("RobustTickets.OnnxRuntime", none.Message, StringComparison.Ordinal);
    }

    private static void Refused<T>(Func<object> call) =>
        Assert.Equal(typeof(T).FullName, Assert.Throws<ObjectDisposedException>(call).ObjectName);
}
