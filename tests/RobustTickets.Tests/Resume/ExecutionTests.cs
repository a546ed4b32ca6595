// What a run is executed with changes its speed, not its meaning: threads, the padded
// reference. And what a run saves is what it trained.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Data;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class ExecutionTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose()
    {
        torch.set_num_threads(1);
        _task.Dispose();
    }

    // OpenMP ends the process that asks for more than there is memory for.
    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(100_000)]
    [InlineData(int.MaxValue)]
    public void A_number_of_threads_that_no_machine_has_is_refused(int threads) =>
        Assert.Equal("Threads", Assert.Throws<RequestException>(() => new Execution(Threads: threads).Apply()).Field);

    [Theory]
    [InlineData(2, LayerPath.Fused)]
    [InlineData(1, LayerPath.PaddedReference)]
    public void Losses_agree_whatever_the_threads_and_the_path(int threads, LayerPath path)
    {
        // No early stop: a mask at the border of a rank may fall either way.
        var recipe = TinyTask.SearchRecipe with
        {
            Search = ((SlimmingSearchOptions)TinyTask.SearchRecipe.Search!) with
            {
                Stop = new FixedStop(1),
                HorizonEpochs = 1,
            },
        };
        var expected = Losses(_task.Request(recipe, _task.NewRun()));
        var request = _task.Request(recipe, _task.NewRun(), threads: threads);
        var found = Losses(request with { Execution = request.Execution with { Layers = path } });
        Assert.Equal(expected.Select(e => (e.Stage, e.Step)), found.Select(e => (e.Stage, e.Step)));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-4));
        var other = Losses(_task.Request(recipe with { Seed = 8 }, _task.NewRun()));
        Assert.Contains(expected.Zip(other), pair => Math.Abs(pair.First.Loss - pair.Second.Loss) > 1e-3);
    }

    [Theory]
    [InlineData(TicketCoefficients.Removed, 0.25, 0.4)]
    [InlineData(TicketCoefficients.AuthorsCode, 0.25, 0.4)]
    [InlineData(TicketCoefficients.AuthorsCode, 0.0, 0.4)]
    [InlineData(TicketCoefficients.AuthorsCode, 0.25, 0.0)]
    public void The_saved_model_is_the_trained_one(TicketCoefficients coefficients, double heads, double neurons)
    {
        // Whole epochs, so that the last evaluation in the log is that of the last step.
        // Coefficients of what loses nothing are trained, far enough to be missed if they were
        // lost.
        var recipe = TinyTask.SearchRecipe with
        {
            BatchSize = TinyTask.LearningRecipe.BatchSize,
            Draw = ((DrawOptions)TinyTask.SearchRecipe.Draw!) with { HeadRatio = heads, NeuronRatio = neurons },
            Retrain = TinyTask.LearningRecipe.Retrain with { Coefficients = coefficients },
        };
        var run = _task.NewRun();
        RecipeRunner.Run(_task.Request(recipe, run), null, CancellationToken.None);
        var logged = EventLog.ReadEntries(Path.Combine(run, "events.jsonl")).OfType<EvaluationEntry>().Last();
        using var model = BertFiles.LoadClassifier(
            Path.Combine(run, "model"),
            2,
            RandomKey.FromSeed(0),
            new Execution()
        );
        var data = RunData.Load(_task.Request(recipe, run), WordPieceTokenizer.Load(_task.Model));
        var evaluated = Evaluator.Evaluate(model, data.Evaluation.Examples);
        Assert.True(logged.Accuracy > 0.7, $"nothing was learned: accuracy {logged.Accuracy}");
        Assert.Equal(logged.Loss, evaluated.Loss, 1e-5);
        Assert.Equal(logged.Accuracy, evaluated.Accuracy);
        Assert.Equal(logged.Accuracy, RunResult.Load(Path.Combine(run, "result.json")).CleanDev);
        // The predictions are those of the reported rows, in their order.
        var rows = RowPrediction.LoadIfPresent(Path.Combine(run, "predictions.jsonl"))!;
        Assert.Equal(data.EvaluationTexts.Select(e => (e.Id, data.Labels[e.Label])), rows.Select(r => (r.Id, r.Label)));
        Assert.Equal(logged.Accuracy, rows.Average(r => r.IsCorrect ? 1.0 : 0.0), 1e-12);
        Assert.Equal(2, rows.Select(r => r.Predicted).Distinct().Count());
    }

    [Fact]
    public void A_stop_during_the_last_evaluation_leaves_a_run_that_goes_on()
    {
        var whole = _task.NewRun();
        var request = _task.Request(TinyTask.FineTuneRecipe, whole);
        RecipeRunner.Run(request, null, CancellationToken.None);
        var run = _task.NewRun();
        RunFiles.Copy(whole, run);
        File.Delete(Path.Combine(run, "result.json"));
        // All steps are done and the data are read: nothing but the evaluation can hear it.
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            RecipeRunner.Run(
                request with
                {
                    Output = run,
                    Resume = true,
                },
                new SyncProgress<RunEvent>(_ => stop.Cancel()),
                stop.Token
            )
        );
        Assert.True(stop.IsCancellationRequested);
        Assert.False(File.Exists(Path.Combine(run, "result.json")));
        RecipeRunner.Run(request with { Output = run, Resume = true }, null, CancellationToken.None);
        RunFiles.AssertSame(whole, run);
    }

    [Fact]
    public void Without_development_data_a_share_is_held_out_or_the_recipe_refused()
    {
        var request = _task.Request(TinyTask.FineTuneRecipe, _task.NewRun()) with { Data = _task.TrainFile };
        var result = RecipeRunner.Run(request, null, CancellationToken.None);
        Assert.Equal(TinyTask.TrainExamples / 10, result.EvaluatedExamples);
        Assert.Contains("carved", result.EvaluatedSplit, StringComparison.Ordinal);
        var none = request with { Recipe = request.Recipe with { DevFraction = 0 }, Output = _task.NewRun() };
        Assert.Contains(
            "dev-fraction",
            Assert.Throws<RecipeException>(() => RecipeRunner.Run(none, null, CancellationToken.None)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("test.csv", "id,text\n1,good\n2,bad\n")]
    [InlineData("test.csv", "text,label\ngood,\nbad,\n")]
    [InlineData("dev.csv", "text\ngood\nbad\n")]
    public void A_file_of_ones_own_without_labels_is_noted_and_a_share_of_train_reported(string name, string content)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_task.Root, $"own-{Guid.NewGuid():N}")).FullName;
        var rows = Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? "good,positive\n" : "bad,negative\n");
        File.WriteAllText(Path.Combine(folder, "train.csv"), "text,label\n" + string.Concat(rows));
        File.WriteAllText(Path.Combine(folder, name), content);
        var recipe = TinyTask.FineTuneRecipe with { Task = "csv" };
        var request = _task.Request(recipe, _task.NewRun()) with { Data = folder };
        var data = RunData.Load(request, WordPieceTokenizer.Load(_task.Model));
        Assert.Equal(2, data.EvaluationTexts.Count);
        Assert.Contains("carved", data.EvaluationName, StringComparison.Ordinal);
        Assert.Contains(
            data.Notes,
            note => note.Contains($"the {name[..^4]} split has no labels and is left out", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_search_from_a_ticket_is_refused_and_retraining_one_is_not()
    {
        var run = _task.NewRun();
        RecipeRunner.Run(_task.Request(TinyTask.SearchRecipe, run), null, CancellationToken.None);
        var ticket = Path.Combine(run, "model");
        var again = _task.Request(TinyTask.SearchRecipe, _task.NewRun()) with { Model = ticket };
        Assert.Contains(
            "is already a ticket",
            Assert.Throws<CheckpointException>(() => RecipeRunner.Run(again, null, CancellationToken.None)).Message,
            StringComparison.Ordinal
        );
        var result = RecipeRunner.Run(
            again with
            {
                Recipe = TinyTask.FineTuneRecipe,
                Output = _task.NewRun(),
            },
            null,
            CancellationToken.None
        );
        Assert.Equal(
            RunResult.Load(Path.Combine(run, "result.json")).Model.ParametersTotal,
            result.Model.ParametersTotal
        );
    }

    private static StepEntry[] Losses(TrainRequest request)
    {
        RecipeRunner.Run(request, null, CancellationToken.None);
        return [.. EventLog.ReadEntries(Path.Combine(request.Output, "events.jsonl")).OfType<StepEntry>()];
    }
}
