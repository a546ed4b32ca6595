using RobustTickets.Pipeline;
using RobustTickets.Runs;
using RobustTickets.Searches;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Resume;

/// <summary>A search of no length, or one that moves nothing, draws no ticket.</summary>
[Collection(TorchCollection.Name)]
public sealed class ShortSearchTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    private RunResult Run(Recipe recipe, string run, List<RunEvent>? events = null) =>
        RecipeRunner.Run(
            _task.Request(recipe, run),
            new SyncProgress<RunEvent>(e => events?.Add(e)),
            CancellationToken.None
        );

    [Theory]
    [InlineData("early-robust")]
    [InlineData("robust-ticket")]
    [InlineData("lth")]
    public void A_search_of_one_step_is_refused_before_anything_is_written(string name)
    {
        File.WriteAllText(_task.TrainFile, TinyTask.Sentences(20, 1));
        var (recipe, run) = (TinyTask.Fitted(name), _task.NewRun());
        recipe = recipe.Search switch
        {
            MaskSearchOptions s => recipe with { Search = s with { Epochs = 1 } },
            MagnitudeSearchOptions s => recipe with { Search = s with { EpochsPerRound = 1 } },
            _ => recipe,
        };
        var error = Assert.Throws<RecipeException>(() => Run(recipe, run));
        Assert.Contains(error.Problems, p => p.StartsWith("search: is too short", StringComparison.Ordinal));
        Assert.Contains(error.Settings, s => s.StartsWith("batch-size=", StringComparison.Ordinal));
        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public void One_that_is_allowed_by_name_says_that_nothing_settled()
    {
        File.WriteAllText(_task.TrainFile, TinyTask.Sentences(40, 1));
        var recipe = TinyTask.Fitted("early-robust");
        recipe = recipe with { Search = ((SlimmingSearchOptions)recipe.Search!) with { AllowShort = true } };
        var events = new List<RunEvent>();
        var result = Run(recipe, _task.NewRun(), events);
        Assert.False(result.Ticket!.Converged);
        Assert.Contains(events, e => e.Message?.Contains("search.allow-short", StringComparison.Ordinal) == true);
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("robust-ticket")]
    [InlineData("lth")]
    public void A_search_whose_numbers_do_not_move_draws_nothing(string name)
    {
        var still = new OptimizerOptions(1e-14);
        var recipe = name == "tiny" ? TinyTask.SearchRecipe : MaskRecipesTests.Tiny(name);
        recipe = recipe with
        {
            BatchSize = 8,
            Search = recipe.Search switch
            {
                SlimmingSearchOptions s => s with { Optimizer = still, AllowShort = false },
                MaskSearchOptions s => s with { Optimizer = still, FineTune = null, AllowShort = false },
                MagnitudeSearchOptions s => s with { Optimizer = still, AllowShort = false },
                var other => other,
            },
        };
        var run = _task.NewRun();
        var error = Assert.Throws<NothingLearnedException>(() => Run(recipe, run));
        Assert.Contains("search.optimizer.learning-rate", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(run, "ticket")));
        Assert.Equal(RobustTickets.Cli.ExitCodes.Numeric, RobustTickets.Cli.ExitCodes.Of(error, 0));
    }

    [Fact]
    public void A_length_beyond_the_positions_is_refused_by_its_field()
    {
        var (recipe, run) = (TinyTask.FineTuneRecipe with { MaxLength = TinyTask.Positions + 1 }, _task.NewRun());
        var error = Assert.Throws<RecipeException>(() => Run(recipe, run));
        Assert.StartsWith("max-length: 49 is not possible", Assert.Single(error.Problems), StringComparison.Ordinal);
        Assert.Equal(["max-length=48"], error.Settings);
        Assert.False(Directory.Exists(run));
    }
}
