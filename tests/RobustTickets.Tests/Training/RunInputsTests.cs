// What a run checks of its model, teacher, tables and data before any compute, and what it says.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Augmentation;
using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Training;

[Collection(TorchCollection.Name)]
public sealed class RunInputsTests : IDisposable
{
    private static readonly string[] Labels = ["negative", "positive"];

    private readonly TinyTask _task = new();

    private readonly string? _resources = Environment.GetEnvironmentVariable(ResourceFolder.Variable);

    public RunInputsTests() => Environment.SetEnvironmentVariable(ResourceFolder.Variable, _task.Below("none"));

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _resources);
        _task.Dispose();
    }

    [Fact]
    public void A_request_is_checked_as_it_runs_without_writing()
    {
        var request = Request(TinyTask.FineTuneRecipe, _task.Model, _task.Below("checked"));
        Assert.Equal(Notes(_task.Model), request.Check().Except(HuggingFaceFolderNotes()));
        var broken = new[]
        {
            request with
            {
                Data = _task.Below("no-data"),
            },
            request with
            {
                Model = _task.Below("no-model"),
            },
            request with
            {
                Recipe = request.Recipe with { MaxLength = 1_000_000 },
            },
        };
        foreach (var one in broken)
        {
            var told = Assert.ThrowsAny<Exception>(() => one.Check());
            var run = Assert.ThrowsAny<Exception>(() => one.Run());
            Assert.Equal((run.GetType(), run.Message), (told.GetType(), told.Message));
        }
        Assert.False(Directory.Exists(request.Output));

        IReadOnlyList<string> HuggingFaceFolderNotes()
        {
            using var files = BertFiles.OpenBase(_task.Model);
            return files.Notes;
        }
    }

    [Fact]
    public void A_checkpoints_classifier_is_put_in_the_datas_order_of_classes()
    {
        var (same, other, unnamed) = (
            Classifier("same"),
            Classifier("other", ["Positive", "negative"], [1, 0]),
            Classifier("unnamed", HuggingFaceConfig.DefaultLabels(2))
        );
        var expected = Losses(TinyTask.FineTuneRecipe, same);
        Assert.Equal(expected, Losses(TinyTask.FineTuneRecipe, other));
        Assert.Equal(expected, Losses(TinyTask.FineTuneRecipe, unnamed));
        Assert.Equal(expected, Losses(TinyTask.FineTuneRecipe, Classifier("spelled", ["pos", "neg"], [1, 0])));
        // As in evaluation, numbers are indices if each of them is one.
        Assert.Equal(expected, Losses(TinyTask.FineTuneRecipe, Classifier("numbered", ["1", "0"], [1, 0])));
        Assert.Equal(expected, Losses(TinyTask.FineTuneRecipe, Classifier("from-one", ["2", "1"])));
        Assert.DoesNotContain(Notes(same), note => note.Contains("its classes", StringComparison.Ordinal));
        Assert.Contains(
            Notes(other),
            note => note.Contains("has its classes in the order Positive, negative", StringComparison.Ordinal)
        );
        Assert.Contains(
            Notes(unnamed),
            note => note.EndsWith("they are mapped to negative, positive in this order", StringComparison.Ordinal)
        );
        // A fresh classifier has no order, whatever the configuration says.
        var (plain, named) = (Losses(TinyTask.FineTuneRecipe, _task.Model), _task.Below("named"));
        TinyTask.WriteModel(named, TinyTask.Config with { Labels = ["positive", "negative"] });
        Assert.Equal(plain, Losses(TinyTask.FineTuneRecipe, named));
    }

    [Fact]
    public void The_order_of_classes_is_part_of_a_runs_inputs()
    {
        // The same weights under other names.
        var (same, other) = (Classifier("same"), Classifier("other", ["positive", "negative"]));
        var run = _task.NewRun();
        Assert.Throws<TimeoutException>(() =>
            RecipeRunner.Run(Request(TinyTask.SearchRecipe, same, run), new Crash("search", 5), CancellationToken.None)
        );
        Assert.Throws<DataException>(() =>
            RecipeRunner.Run(
                Request(TinyTask.SearchRecipe, other, run) with
                {
                    Resume = true,
                },
                null,
                CancellationToken.None
            )
        );
    }

    [Fact]
    public void A_teachers_classes_are_matched_by_name()
    {
        var expected = Losses(Taught(Classifier("same")));
        var other = Taught(Classifier("other", ["positive", "negative"], [1, 0]));
        Assert.Equal(expected, Losses(other));
        Assert.Equal(expected, Losses(Taught(Classifier("unnamed", HuggingFaceConfig.DefaultLabels(2)))));
        Assert.Equal(expected, Losses(Taught(Classifier("spelled", ["pos", "neg"], [1, 0]))));
        Assert.Contains(
            Notes(_task.Model, other),
            note => note.StartsWith("retrain.distill.teacher:", StringComparison.Ordinal)
        );
        Refused("another place", Taught(Classifier("half", ["positive", "awful"])));
    }

    [Fact]
    public void A_teacher_must_be_able_to_read_what_the_student_reads()
    {
        var few = Classifier("few", shape: TinyTask.Config with { MaxPositionEmbeddings = 16 });
        var recipe = Taught(few);
        Refused($"has 16 positions (max_position_embeddings), fewer than the max-length of {recipe.MaxLength}", recipe);
        _ = Notes(_task.Model, recipe with { MaxLength = 16 });

        var pairs = Pairs();
        var single = Classifier("single", shape: TinyTask.Config with { TypeVocabSize = 1 });
        const string Types = "has 1 token type (type_vocab_size), but the data are pairs of texts, which need 2";
        Refused(Types, OfPairs(Taught(single)), data: pairs, field: "retrain.distill.teacher: ");
        Refused(Types, OfPairs(TinyTask.FineTuneRecipe), single, pairs, field: single);
        _ = Notes(single, TinyTask.FineTuneRecipe);

        static Recipe OfPairs(Recipe recipe) => recipe with { Task = "qnli" };
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void A_length_without_room_for_both_texts_of_a_pair_is_refused(int length)
    {
        var recipe = TinyTask.FineTuneRecipe with { Task = "qnli", MaxLength = length };
        var request = Request(recipe, _task.Model, _task.NewRun()) with { Data = Pairs() };
        var error = Assert.Throws<RecipeException>(() => RunInputs.Open(request));
        Assert.Contains($"max-length: {length} must be 5 or more for pairs", error.Message, StringComparison.Ordinal);
        Assert.Equal(["max-length=5"], error.Settings);
        using (RunInputs.Open(request with { Recipe = recipe with { MaxLength = 5 } })) { }
        _ = Notes(_task.Model, TinyTask.FineTuneRecipe with { MaxLength = length });
    }

    [Fact]
    public void An_attack_on_pairs_that_do_not_fit_is_refused_before_it_starts()
    {
        var victim = Classifier("pairs", ["entailment", "not_entailment"]);
        var recipe = AttackRecipe.DeepWordBug(new AttackParts(new NeighbourTable([]), StopWords.English));
        var request = new AttackRequest(recipe, victim, Pairs(), "qnli", _task.NewRun("attack"));
        var error = Assert.Throws<RequestException>(() => (request with { MaxLength = VictimLength.Of(4) }).Run());
        Assert.Equal(("MaxLength", "4"), (error.Field, error.Value));
        Assert.False(Directory.Exists(request.Output));
    }

    private string Pairs()
    {
        var folder = Directory.CreateDirectory(_task.Below("QNLI")).FullName;
        foreach (var split in (string[])["train", "dev"])
            File.WriteAllLines(
                Path.Combine(folder, $"{split}.tsv"),
                Enumerable
                    .Range(0, 40)
                    .Select(i => $"{i}\tis it good\tit was {TinyTask.Good[i % 8]}\t{Entailment(i)}")
                    .Prepend("index\tquestion\tsentence\tlabel")
            );
        return folder;

        static string Entailment(int i) => i % 2 == 0 ? "entailment" : "not_entailment";
    }

    [Fact]
    public void Truncated_texts_are_told_of_for_each_split()
    {
        var recipe = TinyTask.FineTuneRecipe with { MaxLength = 8 };
        using var inputs = RunInputs.Open(Request(recipe, _task.Model, _task.Below("unused")));
        var (train, evaluation) = (inputs.Data.Train.Truncated, inputs.Data.Evaluation.Truncated);
        Assert.InRange(train, 2, TinyTask.TrainExamples - 1);
        Assert.Equal(
            [
                $"{train} of 200 train texts are longer than 8 word pieces (max-length); the rest of them is not read",
                $"{evaluation} of 40 evaluation texts are longer than 8 word pieces (max-length); the rest of them is "
                    + "not read",
            ],
            inputs.Notes(recipe).Where(note => note.Contains("longer than", StringComparison.Ordinal))
        );
        Assert.DoesNotContain(Notes(_task.Model), note => note.Contains("longer than", StringComparison.Ordinal));
    }

    [Fact]
    public void A_missing_table_is_named_with_the_field_that_needs_it()
    {
        var table = _task.Below("table.json");
        File.WriteAllText(table, """{"good": ["warm"]}""");
        var typing = new AugmentOptions(CharacterRate: 0.2);
        var recipe = TinyTask.SearchRecipe with
        {
            Search = ((SlimmingSearchOptions)TinyTask.SearchRecipe.Search!) with { Augment = typing },
        };
        Missing("retrain.augment", typing with { NeighbourRate = 0.2 }, null);
        Missing(
            "retrain.augment",
            typing with
            {
                WordnetRate = 0.2,
            },
            new ResourceFiles(Neighbours: table, WordNet: _task.Below("none"))
        );
        var hull = recipe with { Retrain = recipe.Retrain with { Objective = new HullOptions() } };
        Missing("retrain.objective", null, null, hull);

        void Missing(string field, AugmentOptions? retrain, ResourceFiles? files, Recipe? of = null)
        {
            var whole = of ?? recipe;
            var request = Request(
                whole with
                {
                    Retrain = whole.Retrain with { Augment = retrain },
                },
                _task.Model,
                _task.Below("unused")
            );
            var error = Assert.ThrowsAny<DataException>(() => RunInputs.Open(request with { Resources = files }));
            Assert.StartsWith($"{field}:", error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A model folder with the same classifier each time.</summary>
    /// <param name="name">Name of the folder.</param>
    /// <param name="labels">Class names in its order; null: the task's.</param>
    /// <param name="rows">Order of the classifier's rows; null: as drawn.</param>
    /// <param name="shape">Another shape of the network.</param>
    private string Classifier(
        string name,
        IReadOnlyList<string>? labels = null,
        IReadOnlyList<int>? rows = null,
        HuggingFaceConfig? shape = null
    )
    {
        var (start, folder) = (_task.Below($"{name}-start"), _task.Below(name));
        TinyTask.WriteModel(start, shape);
        using var model = BertFiles.LoadClassifier(start, 2, RandomKey.FromSeed(11), new Execution());
        foreach (var parameter in model.Store.Names.Where(BertParameters.IsClassifier))
        {
            using var values = model.Store[parameter].edit<float>();
            var span = values.Span;
            // Far from zero and from each other: an exchange shows.
            for (var i = 0; i < span.Length; i++)
                span[i] = MathF.Sin(3 * (i + 1));
            var width = span.Length / 2;
            var drawn = span.ToArray();
            for (var row = 0; row < 2; row++)
                drawn.AsSpan((rows?[row] ?? row) * width, width).CopyTo(span[(row * width)..]);
        }
        BertFiles.SaveClassifier(model, labels ?? Labels, start, folder);
        return folder;
    }

    private static Recipe Taught(string teacher) =>
        TinyTask.FineTuneRecipe with
        {
            Retrain = TinyTask.FineTuneRecipe.Retrain with { Distill = new DistillOptions(teacher, 0.5) },
        };

    private TrainRequest Request(Recipe recipe, string model, string run) =>
        _task.Request(recipe, run) with
        {
            Model = model,
        };

    private string[] Notes(string model, Recipe? recipe = null)
    {
        recipe ??= TinyTask.FineTuneRecipe;
        using var inputs = RunInputs.Open(Request(recipe, model, _task.Below("unused")));
        return [.. inputs.Notes(recipe)];
    }

    private void Refused(
        string named,
        Recipe recipe,
        string? model = null,
        string? data = null,
        string field = "retrain.distill.teacher: "
    )
    {
        var request = Request(recipe, model ?? _task.Model, _task.NewRun()) with { Data = data ?? _task.Data };
        var error = Assert.Throws<CheckpointException>(() => RunInputs.Open(request));
        Assert.StartsWith(field, error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    private double[] Losses(Recipe recipe, string? model = null)
    {
        var run = _task.NewRun();
        RecipeRunner.Run(Request(recipe, model ?? _task.Model, run), null, CancellationToken.None);
        return
        [
            .. RunFiles
                .Events(run)
                .Select(line => JsonNode.Parse(line)!)
                .Where(e => (string?)e["event"] == "step")
                .Select(e => (double)e["loss"]!),
        ];
    }
}
