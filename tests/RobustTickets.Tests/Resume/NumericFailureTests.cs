// Numbers that stop being numbers end a run with exit code 4, name the stage and the step, and
// never reach a checkpoint or a result.
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Cli;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Objectives;
using RobustTickets.Tests.Cli;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed class NumericFailureTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Theory]
    [InlineData("search", 1e30)]
    [InlineData("retrain", 1e30)]
    [InlineData("retrain", 3e38)]
    public void An_absurd_learning_rate_ends_with_4_and_the_checkpoint_before_stays(string stage, double rate)
    {
        var recipe = TinyTask.SearchRecipe;
        var absurd = new OptimizerOptions(rate, Clip: ClipMode.None);
        recipe =
            stage == "search"
                ? recipe with
                {
                    Search = ((SlimmingSearchOptions)recipe.Search!) with { Optimizer = absurd },
                }
                : recipe with
                {
                    Retrain = recipe.Retrain with { Optimizer = absurd },
                };
        var run = _task.NewRun();
        var failed = CliRun.Of(_task.Arguments(recipe, run, every: 1));
        Assert.True(failed.Code == ExitCodes.Numeric, failed.ToString());
        Assert.Matches($"error: {stage}, step [1-9]", failed.Error);
        Assert.False(File.Exists(Path.Combine(run, "result.json")));
        Assert.False(Directory.Exists(Path.Combine(run, "model")));
        RunFiles.AssertNoLeftovers(run);
        foreach (var checkpoint in RunFiles.Checkpoints(run))
            AssertFinite(Path.Combine(checkpoint, "model.safetensors"));
        if (stage == "retrain")
            Assert.NotEmpty(RunFiles.Checkpoints(run));

        // What is there is a checkpoint like any other: it leads to the same failure.
        var again = CliRun.Of([.. _task.Arguments(recipe, run, every: 1), "--resume"]);
        Assert.Equal(
            failed.Error[failed.Error.IndexOf("error:", StringComparison.Ordinal)..],
            again.Error[again.Error.IndexOf("error:", StringComparison.Ordinal)..]
        );
    }

    [Theory]
    [InlineData("bert.encoder.layer.1.output.dense.weight", true)]
    [InlineData("bert.encoder.layer.0.attention.self.query.bias", false)]
    [InlineData("bert.embeddings.word_embeddings.weight", false)]
    public void A_weight_that_is_no_number_ends_with_4(string name, bool search)
    {
        Spoil(name);
        var recipe = search ? TinyTask.SearchRecipe : TinyTask.FineTuneRecipe;
        var run = _task.NewRun();
        var failed = CliRun.Of(_task.Arguments(recipe, run, every: 1));
        Assert.True(failed.Code == ExitCodes.Numeric, failed.ToString());
        Assert.Matches($"error: .*model.safetensors: tensor '{name}'.* value 5 is NaN", failed.Error);
        Assert.Empty(RunFiles.Checkpoints(run));
    }

    [Fact]
    public void The_last_update_of_a_run_is_looked_at_too()
    {
        // One step: its loss and its gradient are finite, the weights after it are not.
        var recipe = TinyTask.FineTuneRecipe with
        {
            BatchSize = TinyTask.TrainExamples,
            Retrain = new RetrainStage(
                new CleanOptions(),
                new OptimizerOptions(3.4e38, WeightDecay: 10, Clip: ClipMode.None),
                Epochs: 1
            ),
        };
        var run = _task.NewRun();
        var failed = CliRun.Of(_task.Arguments(recipe, run, every: 0));
        Assert.True(failed.Code == ExitCodes.Numeric, failed.ToString());
        Assert.Contains("error: retrain, step 1: '", failed.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(run, "model")));
    }

    private static void AssertFinite(string file)
    {
        using var tensors = SafetensorsFile.Open(file);
        Assert.All(tensors.Tensors, t => Assert.All(tensors.ReadFloats(t.Name), x => Assert.True(float.IsFinite(x))));
    }

    private void Spoil(string name)
    {
        using var model = BertFiles.LoadClassifier(_task.Model, 2, RandomKey.FromSeed(1), new Execution());
        model.Store[name].span<float>()[5] = float.NaN;
        HuggingFaceFolderWriter.WriteStreamed(
            _task.Model,
            TinyTask.Config,
            model
                .Store.Names.Where(n => !n.StartsWith("classifier", StringComparison.Ordinal))
                .Select(n => BertFiles.Stream(n, model.Store[n])),
            replace: true
        );
        TinyTask.Tokenizer.SaveTo(_task.Model);
    }
}
