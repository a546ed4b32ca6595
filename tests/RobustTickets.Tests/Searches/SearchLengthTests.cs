using RobustTickets.Recipes.Presets;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Searches;

/// <summary>A search that cannot learn anything is refused before it begins.</summary>
public sealed class SearchLengthTests
{
    private static readonly SlimmingSearchOptions Slimming = (SlimmingSearchOptions)
        RecipePresets.Get("early-robust", "sst2").Search!;

    [Theory]
    [InlineData(54, 32, 1, 0, 0)] // one step, at rate 0
    [InlineData(90, 32, 2, 1, 1)]
    [InlineData(58, 2, 29, 28, 19)] // the snapshot of the first step shows nothing
    public void Steps_at_rate_0_and_snapshots_of_them_do_not_count(
        int examples,
        int batch,
        long steps,
        long learning,
        int snapshots
    ) => Assert.Equal(new SearchLength(steps, learning, snapshots, 6), SearchLength.Of(Slimming, batch, examples));

    [Fact]
    public void Each_setting_that_the_refusal_offers_is_enough_and_no_less_is()
    {
        foreach (var name in new[] { "early-robust", "robust-ticket", "lth" })
        foreach (var examples in new[] { 3, 7, 20, 54, 90, 200 })
        {
            var recipe = RecipePresets.Get(name, "sst2");
            if (SearchLength.TooShort(recipe.Search, recipe.BatchSize, examples) is not { } refused)
                continue;
            Assert.StartsWith("search: is too short", refused.Problem, StringComparison.Ordinal);
            Assert.NotEmpty(refused.Settings);
            foreach (var setting in refused.Settings)
            {
                var changed = RobustTickets.Recipes.Json.RecipeOverrides.Apply(recipe, [setting]);
                Assert.Null(SearchLength.TooShort(changed.Search, changed.BatchSize, examples));
                var value = int.Parse(setting.Split('=')[1], System.Globalization.CultureInfo.InvariantCulture);
                var less = setting.StartsWith("batch-size", StringComparison.Ordinal) ? value + 1 : value - 1;
                var worse = RobustTickets.Recipes.Json.RecipeOverrides.Apply(
                    recipe,
                    [$"{setting.Split('=')[0]}={less}"]
                );
                Assert.NotNull(SearchLength.TooShort(worse.Search, worse.BatchSize, examples));
            }
        }
    }

    [Fact]
    public void A_stop_rule_that_cannot_see_enough_snapshots_is_too_short()
    {
        var longEnough = SearchLength.Of(Slimming, 2, 58)!;
        Assert.True(longEnough.Suffices);
        var patient = Slimming with { Stop = new ConsecutiveStop(Times: 19) };
        Assert.False(SearchLength.Of(patient, 2, 58)!.Suffices);
        Assert.Contains("consecutive5 needs 20 snapshots", SearchLength.TooShort(patient, 2, 58)!.Value.Problem);
    }

    [Fact]
    public void The_published_searches_are_long_enough_on_their_tasks()
    {
        foreach (var preset in RecipePresets.List)
        foreach (var task in preset.Tasks)
        {
            var recipe = RecipePresets.Get(preset.Name, task);
            Assert.Null(SearchLength.TooShort(recipe.Search, recipe.BatchSize, 20_000));
        }
    }

    [Theory]
    [InlineData(70, 32, 3, 9, 6)] // 6.5625
    [InlineData(64, 32, 3, 6, 6)]
    [InlineData(70, 32, 0.5, 1, 1)]
    [InlineData(8, 32, 3, 3, 1)] // at least one
    public void A_horizon_counts_steps_or_examples(int examples, int batch, double epochs, int steps, int counted)
    {
        var optimizer = new OptimizerOptions(1e-3);
        Assert.Equal(steps, StepCounts.Horizon(optimizer, batch, epochs, examples));
        Assert.Equal(
            counted,
            StepCounts.Horizon(optimizer with { Horizon = ScheduleHorizon.Examples }, batch, epochs, examples)
        );
    }

    [Theory]
    [InlineData(0.0, 5, 5.0, 5)]
    [InlineData(0.1, 5, 5.0, 4)]
    [InlineData(0.1, 1, 1.0, 0)]
    [InlineData(0.1, 10, 4.0, 3)] // beyond the horizon the rate is 0 again
    public void Steps_above_rate_0_are_those_of_the_schedule(double warmup, long steps, double horizon, long above)
    {
        var optimizer = new OptimizerOptions(1e-3, WarmupFraction: warmup);
        Assert.Equal(above, StepCounts.AboveZero(optimizer, steps, horizon));
        var counted = Enumerable
            .Range(0, (int)steps)
            .Count(done => RobustTickets.Torch.optim.Schedule.Linear(done, warmup * horizon, horizon) > 0);
        Assert.Equal(above, counted);
    }
}
