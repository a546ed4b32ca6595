// A trained classifier as a program calls it: data in its classes, limits and devices refused when
// it is loaded, models by name, and calls that are stopped.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;
using RobustTickets.Evaluation;
using RobustTickets.Export;
using RobustTickets.Kernels.Dense;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Tests.Resume;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

[Collection(TorchCollection.Name)]
public sealed class LibraryCallTests(TrainedTask trained) : IClassFixture<TrainedTask>
{
    [Fact]
    public void Examples_are_evaluated_in_the_classifier_s_classes()
    {
        using var classifier = Classifier.Load(trained.Model);
        var plain = classifier.LoadData(trained.Task.Data, "sst2");
        var result = classifier.Evaluate(plain.Examples);
        var right = plain.Examples.Count(e => classifier.Predict(e.Text).Label == classifier.Labels[e.Label]);
        Assert.Equal(((double)right / plain.Examples.Count, plain.Examples.Count), (result.Accuracy, result.Examples));
        Assert.True(result.Accuracy > 0.8);

        // The same rows under names in another order.
        var file = trained.Task.Below("named.csv");
        var names = plain.Examples.Select(e => $"{e.Text.First},{(e.Label == 1 ? "positive" : "negative")}");
        File.WriteAllLines(file, names.Prepend("text,label"));
        var named = classifier.LoadData(file, "csv");
        Assert.Equal(plain.Examples.Select(e => e.Label), named.Examples.Select(e => e.Label));
        Assert.Equal(result.Accuracy, classifier.Evaluate(named.Examples).Accuracy);
    }

    [Fact]
    public void What_has_no_class_is_not_evaluated()
    {
        using var classifier = Classifier.Load(trained.Model);
        var unlabelled = Assert.Throws<DataException>(() => classifier.Evaluate(classifier.Encode(["a film"])));
        Assert.Equal("example 1 of 1: label -1; the classes are 0 to 1", unlabelled.Message);
        Example[] third = [new("a", "a film", 0), new("b", "a film", 2)];
        Assert.Contains(
            "example 2 of 2: label 2",
            Assert.Throws<DataException>(() => classifier.Evaluate(third)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => classifier.Evaluate([]));
        Assert.Throws<ArgumentException>(() => classifier.Evaluate(Array.Empty<EncodedExample>()));
        Assert.Throws<OperationCanceledException>(() => classifier.Evaluate(third[..1], new(canceled: true)));
        Assert.Throws<OperationCanceledException>(() => classifier.Predict(["a film"], new(canceled: true)));
        Assert.Throws<OperationCanceledException>(() => classifier.Logits(["a film"], new(canceled: true)));
    }

    [Fact]
    public void Strings_in_any_form_are_texts()
    {
        using var classifier = Classifier.Load(trained.Model);
        string[] texts = ["a good film", "a bad film"];
        var rows = classifier.Logits([new TextPair(texts[0]), new TextPair(texts[1])]);
        Assert.Equal(rows, classifier.Logits(texts));
        Assert.Equal(rows.Select(r => Classifier.Softmax(r)), classifier.Probabilities(texts));
        var answers = classifier.Predict(texts.Where(t => t.Length > 0));
        Assert.Equal(classifier.Predict(texts).Select(a => a.Score), answers.Select(a => a.Score));
        Assert.Empty(classifier.Predict([]));
    }

    [Fact]
    public void Nothing_given_is_refused_by_its_name()
    {
        using var classifier = Classifier.Load(trained.Model);
        Assert.Throws<ArgumentNullException>("texts", () => classifier.Predict((IReadOnlyList<TextPair>)null!));
        Assert.Throws<ArgumentNullException>("texts", () => classifier.Predict((IEnumerable<string>)null!));
        Assert.Throws<ArgumentNullException>("texts", () => classifier.Logits((IReadOnlyList<TextPair>)null!));
        Assert.Throws<ArgumentNullException>("examples", () => classifier.Logits((EncodedExample[])null!));
        Assert.Throws<ArgumentNullException>("texts", () => classifier.Encode(null!));
        Assert.Throws<ArgumentNullException>("examples", () => classifier.Evaluate((Example[])null!));
        Assert.Throws<ArgumentNullException>("name", () => AttackRecipe.Find(null!));
        Assert.Throws<ArgumentNullException>("path", () => new ModelStore(null!));
        foreach (var (ids, segments) in new (int[], int[])[] { ([5, 6], [0]), ([], []) })
        {
            EncodedExample[] odd = [new(0, ids, segments, 0)];
            Assert.Throws<ArgumentException>("examples", () => classifier.Logits(odd));
            Assert.Throws<ArgumentException>("examples", () => classifier.Evaluate(odd));
        }
        // Also of many, which are shared out among threads.
        var many = Enumerable.Repeat("a film", 40).ToArray();
        many[20] = null!;
        Assert.Contains(
            "text 21 of 40",
            Assert.Throws<ArgumentException>(() => classifier.Predict(many)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentNullException>("name", () => Recipe.Preset(null!));
        Assert.Throws<ArgumentNullException>("task", () => Recipe.Preset("fine-tune", null!));
        Assert.Throws<ArgumentNullException>("path", () => Recipe.FromFile(null!));
        Assert.Throws<ArgumentNullException>("folder", () => TrainedRun.Open(null!));
        Assert.Throws<ArgumentNullException>("model", () => TinyTask.FineTuneRecipe.Train(null!, "data", "run"));
        Assert.Throws<ArgumentNullException>("data", () => TinyTask.FineTuneRecipe.Train("model", null!, "run"));
        Assert.Throws<ArgumentNullException>("output", () => TinyTask.FineTuneRecipe.Train("model", "data", null!));
        Assert.Throws<ArgumentNullException>(
            "source",
            () => HuggingFaceExport.Write(null!, "out", HuggingFaceLayout.Dense)
        );
        Assert.Throws<ArgumentNullException>(
            "target",
            () => HuggingFaceExport.Write(trained.Model, null!, HuggingFaceLayout.Dense)
        );
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(2)]
    public void A_length_that_no_text_fits_is_refused_on_loading(int length)
    {
        var error = Assert.Throws<RequestException>(() => Classifier.Load(trained.Model, maxLength: length));
        Assert.Equal(("MaxLength", $"{length}"), (error.Field, error.Value));
        using var shortest = Classifier.Load(trained.Model, maxLength: 3);
        Assert.Equal(3, shortest.MaxLength);
        Assert.NotEmpty(shortest.Predict("a good film").Label);
    }

    [Fact]
    public void A_pair_is_refused_where_its_texts_do_not_both_fit()
    {
        var pair = new TextPair("a good film", "a bad one");
        using var shorter = Classifier.Load(trained.Model, maxLength: 4);
        foreach (
            var read in new Action[]
            {
                () => shorter.Logits([pair]),
                () => shorter.Encode([pair]),
                () => shorter.Evaluate([new Example("0", pair, 1)]),
            }
        )
        {
            var error = Assert.Throws<RequestException>(read);
            Assert.Equal(("MaxLength", "4"), (error.Field, error.Value));
            Assert.StartsWith("must be 5 or more for pairs", error.Reason, StringComparison.Ordinal);
        }
        using var shortest = Classifier.Load(trained.Model, maxLength: 5);
        Assert.Equal(5, shortest.Encode([pair])[0].Ids.Length);
        Assert.NotEmpty(shortest.Predict(pair).Label);
    }

    [Fact]
    public void An_execution_is_applied_or_refused_on_loading()
    {
        var before = torch.get_num_threads();
        try
        {
            Assert.Equal(
                nameof(Execution.Threads),
                Assert.Throws<RequestException>(() => Classifier.Load(trained.Model, new Execution(Threads: 0))).Field
            );
            Assert.Equal(
                nameof(Execution.Precision),
                Assert
                    .Throws<RequestException>(() =>
                        Classifier.Load(
                            trained.Model,
                            new Execution(Precision: MatrixPrecision.Bf16, Layers: LayerPath.PaddedReference)
                        )
                    )
                    .Field
            );
            if (Torch.Devices.WhyNot(Device.Parse("cuda:63")) is not null)
                Assert.Equal(
                    nameof(Execution.Device),
                    Assert
                        .Throws<RequestException>(() =>
                            Classifier.Load(trained.Model, new Execution(Device: Device.Parse("cuda:63")))
                        )
                        .Field
                );
            using var classifier = Classifier.Load(trained.Model, new Execution(Threads: 2));
            Assert.Equal(2, torch.get_num_threads());
        }
        finally
        {
            torch.set_num_threads(before);
        }
    }

    [Fact]
    public void A_model_is_known_by_its_name_wherever_one_is_loaded_or_exported()
    {
        var before = Environment.GetEnvironmentVariable(ModelStore.Variable);
        Environment.SetEnvironmentVariable(ModelStore.Variable, Path.GetDirectoryName(trained.Model));
        try
        {
            var name = Path.GetFileName(trained.Model);
            Assert.False(Directory.Exists(name));
            using (var encoder = BertSentenceEncoder.Load(name))
                Assert.Single(encoder.Encode(["a good film"]));
            Assert.Contains(
                "is not a masked language model",
                Assert.ThrowsAny<Exception>(() => TorchMaskedLM.Load(name)).Message,
                StringComparison.Ordinal
            );
            var dense = trained.Task.Below("by-name");
            HuggingFaceExport.Write(name, dense, HuggingFaceLayout.Dense);
            Assert.True(File.Exists(Path.Combine(dense, "vocab.txt")));
            Assert.Equal(0, ExportCheck.Verify(name, dense, 2), 1e-6);
            // As far as the runtime, which there is none of here.
            Assert.Throws<ExportVerificationException>(() =>
                OnnxExport.Write(
                    name,
                    trained.Task.Below("by-name-onnx"),
                    new OnnxExportOptions(),
                    _ => throw new InvalidOperationException("no runtime")
                )
            );
        }
        finally
        {
            Environment.SetEnvironmentVariable(ModelStore.Variable, before);
        }
    }

    [Fact]
    public void A_request_keeps_the_name_of_a_model_and_its_run_finds_the_folder()
    {
        using var task = new TinyTask();
        var name = Path.GetFileName(task.Model);
        var request = new TrainRequest(TinyTask.FineTuneRecipe, name, task.Data, task.NewRun());
        // It is not there when the request is made.
        Assert.StartsWith(
            $"{name}: no such folder",
            Assert.Throws<ModelNotFoundException>(() => request.Run()).Message,
            StringComparison.Ordinal
        );
        var before = Environment.GetEnvironmentVariable(ModelStore.Variable);
        Environment.SetEnvironmentVariable(ModelStore.Variable, Path.GetDirectoryName(task.Model));
        try
        {
            var run = request.Run();
            Assert.Equal(name, request.Model);
            Assert.Equal(task.Model, EnvironmentStamp.Load(run.Folder.EnvironmentFile).BaseFolder());
            Assert.Equal(40, run.Evaluation.Count);
        }
        finally
        {
            Environment.SetEnvironmentVariable(ModelStore.Variable, before);
        }
    }

    [Fact]
    public void An_export_that_is_stopped_leaves_nothing()
    {
        var target = trained.Task.Below("stopped-export");
        var stop = new CancellationToken(canceled: true);
        Assert.Throws<OperationCanceledException>(() =>
            HuggingFaceExport.Write(trained.Model, target, HuggingFaceLayout.Dense, stop)
        );
        Assert.Throws<OperationCanceledException>(() =>
            OnnxExport.Write(
                trained.Model,
                target,
                new OnnxExportOptions(),
                _ => throw new NotSupportedException(),
                stop
            )
        );
        Assert.Throws<OperationCanceledException>(() => ExportCheck.Verify(trained.Model, trained.Model, 2, stop));
        Assert.False(Directory.Exists(target));
    }

    [Fact]
    public async Task Resources_are_read_beside_the_caller_and_not_at_all_after_a_cancellation()
    {
        using var classifier = Classifier.Load(trained.Model);
        using var slow = new SlowNeighbours();
        var recipe = AttackRecipe.TextFooler(new AttackParts(slow, StopWords.English));
        Example[] examples = [new("a", "a good film", 1)];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            classifier.AttackAsync(recipe, examples, stop: new CancellationToken(canceled: true))
        );
        Assert.False(slow.Read);
        var attack = classifier.AttackAsync(recipe, examples);
        slow.CallerIsBack.Set();
        Assert.Single((await attack).Outcomes);
        Assert.Equal((true, false), (slow.Read, slow.HeldTheCaller));
    }

    [Theory]
    [InlineData(-3)]
    [InlineData(0)]
    public void A_sample_or_an_engine_of_nothing_is_refused_before_a_file_is_written(int count)
    {
        var request = new AttackRequest(
            AttackRecipe.DeepWordBug(AttackResources.FromUserFolder()),
            trained.Model,
            trained.Task.Data,
            "sst2",
            trained.Task.Below($"nothing{count}"),
            Sample: new AttackSample(count)
        );
        var error = Assert.Throws<RequestException>(() => request.Run());
        Assert.Equal((nameof(AttackSample.Count), $"{count}"), (error.Field, error.Value));
        var engine = request with { Sample = new AttackSample(3), Engine = new AttackEngineOptions(BatchSize: count) };
        Assert.Throws<ArgumentOutOfRangeException>(() => engine.Run());
        Assert.False(Directory.Exists(request.Output));
    }

    [Fact]
    public void Examples_that_were_missing_are_read_when_they_are_there_again()
    {
        using var task = new TinyTask();
        var made = TinyTask.FineTuneRecipe.Train(task.Model, task.Data, task.NewRun());
        var run = TrainedRun.Open(made.Folder.Path);
        var aside = task.Below("aside");
        Directory.Move(task.Data, aside);
        Assert.Throws<DataException>(() => run.Evaluation);
        Directory.Move(aside, task.Data);
        Assert.Equal(made.Evaluation.Count, run.Evaluation.Count);
    }

    [Fact]
    public void A_budget_of_nothing_is_none_and_no_budget_half_an_hour()
    {
        var request = new HardenRequest(trained.Model, trained.Task.Data, "sst2", trained.Task.Below("hardened"));
        Assert.Equal((null, TimeSpan.FromMinutes(30)), (request.Budget, request.Time));
        var none = request with { Budget = TimeSpan.Zero };
        Assert.Equal(nameof(HardenRequest.Budget), Assert.Throws<RequestException>(() => none.Preview()).Field);
    }

    [Fact]
    public void A_preset_of_an_unknown_task_is_refused_and_an_alias_is_known()
    {
        var error = Assert.Throws<RecipeException>(() => Recipe.Preset("fine-tune", "sst3"));
        Assert.Contains("unknown task \"sst3\"; did you mean sst2", error.Message, StringComparison.Ordinal);
        Assert.Equal(Recipe.Preset("fine-tune", "imdb"), Recipe.Preset("fine-tune", "aclImdb"));
        Assert.Equal("csv", Recipe.Preset("fine-tune", "csv").Task);
    }

    // Its description, which a recipe asks for when it is built, waits for the caller.
    private sealed class SlowNeighbours : INeighbourSource, IDisposable
    {
        public ManualResetEventSlim CallerIsBack { get; } = new();

        public bool Read { get; private set; }

        public bool HeldTheCaller { get; private set; }

        public string Description
        {
            get
            {
                Read = true;
                HeldTheCaller |= !CallerIsBack.Wait(TimeSpan.FromSeconds(20));
                return "none";
            }
        }

        public IReadOnlyList<string> Nearest(string word, int count) => [];

        public void Prepare(IReadOnlyCollection<string> words, int count, CancellationToken stop) { }

        public void Dispose() => CallerIsBack.Dispose();
    }
}
