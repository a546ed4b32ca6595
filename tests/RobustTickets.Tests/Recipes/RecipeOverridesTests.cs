using RobustTickets.Objectives;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;
using RobustTickets.Tickets;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Recipes;

public class RecipeOverridesTests
{
    private static readonly Recipe Base = RecipePresets.Get("early-robust", "imdb");

    [Fact]
    public void Fields_are_set_by_path_and_nothing_else_changes()
    {
        var changed = RecipeOverrides.Apply(
            Base,
            [
                "retrain.epochs=3",
                "search.stop.gamma=0.2",
                "search.objective.norm=linf",
                "search.shuffle=false",
                "search.optimizer.clip=none",
            ]
        );
        var expected = Base with
        {
            Source = changed.Source,
            Retrain = Base.Retrain with { Epochs = 3 },
            Search = ((SlimmingSearchOptions)Base.Search!) with
            {
                Stop = (ConsecutiveStop)((SlimmingSearchOptions)Base.Search!).Stop with { Gamma = 0.2 },
                Objective = (FreeLbOptions)((SlimmingSearchOptions)Base.Search!).Objective with
                {
                    Norm = PerturbationNorm.Linf,
                },
                Optimizer = ((SlimmingSearchOptions)Base.Search!).Optimizer with { Clip = ClipMode.None },
                Shuffle = false,
            },
        };
        Assert.Equal(expected, changed);
    }

    [Fact]
    public void A_changed_recipe_says_so_in_its_source_but_a_seed_is_no_change_of_method()
    {
        Assert.Equal(
            $"{Base.Source} [changed: retrain.epochs=3]",
            RecipeOverrides.Apply(Base, ["retrain.epochs=3", "seed=7"]).Source
        );
        var seeded = RecipeOverrides.Apply(Base, ["seed=7"]);
        Assert.Equal(Base with { Seed = 7 }, seeded);
        Assert.Same(Base, RecipeOverrides.Apply(Base, []));
    }

    [Fact]
    public void A_kind_can_be_changed_and_keeps_the_shared_fields()
    {
        var anchor = RecipeOverrides.Apply(Base, ["search.stop.kind=anchor-next5", "search.stop.epsilon=0.05"]);
        Assert.Equal(new AnchorStop(0.05, 5, DrawAt.Newest), ((SlimmingSearchOptions)anchor.Search!).Stop);
        Assert.Equal(
            new FixedStop(0.2),
            (
                (SlimmingSearchOptions)
                    RecipeOverrides.Apply(Base, ["search.stop.kind=fixed", "search.stop.fraction=0.2"]).Search!
            ).Stop
        );
        Assert.Equal(
            new FixedStop(0.2),
            (
                (SlimmingSearchOptions)
                    RecipeOverrides.Apply(Base, ["search.stop={\"kind\":\"fixed\",\"fraction\":0.2}"]).Search!
            ).Stop
        );
        Assert.Equal(
            new CleanOptions(),
            ((SlimmingSearchOptions)RecipeOverrides.Apply(Base, ["search.objective.kind=clean"]).Search!).Objective
        );
    }

    [Fact]
    public void A_stage_can_be_removed()
    {
        var plain = RecipeOverrides.Apply(Base, ["search=null", "draw=null"]);
        Assert.Null(plain.Search);
        Assert.Empty(RecipeCheck.Check(plain));
    }

    [Fact]
    public void Text_fields_take_the_text_as_it_is()
    {
        Assert.Equal("12", RecipeOverrides.Apply(Base, ["name=12"]).Name);
        Assert.Equal("a=b", RecipeOverrides.Apply(Base, ["name=a=b"]).Name);
    }

    [Theory]
    [InlineData("retrain.epochs", "expected path=value")]
    [InlineData("=3", "expected path=value")]
    [InlineData("retrain.epoch=3", "retrain.epoch: unknown field; did you mean epochs?")]
    [InlineData("retrian.epochs=3", "retrian: unknown field; did you mean retrain?")]
    [InlineData("retrain.epochs=three", "retrain.epochs: expected a finite number, found \"three\"")]
    [InlineData("retrain.epochs=NaN", "retrain.epochs: expected a finite number, found \"NaN\"")]
    [InlineData("retrain.epochs=1e999", "retrain.epochs: expected a finite number")]
    [InlineData("retrain.epochs=", "retrain.epochs: expected a finite number")]
    [InlineData("retrain.epochs.x=1", "retrain.epochs: is a single value")]
    [InlineData("batch-size=1.5", "batch-size: expected a whole number, found 1.5")]
    [InlineData("search.stop.fraction=0.2", "search.stop.fraction: unknown field of kind \"consecutive5\"")]
    [InlineData("search.stop.kind=newest", "search.stop.kind: unknown kind \"newest\"")]
    [InlineData("search.stop.kind=fixed", "search.stop.fraction: missing")]
    [InlineData(
        "search.stop.draw-at=oldest",
        "search.stop.draw-at: unknown value \"oldest\"; possible: newest, anchor"
    )]
    public void A_bad_setting_is_refused_by_path(string setting, string expected)
    {
        var error = Assert.Throws<RecipeException>(() => RecipeOverrides.Apply(Base, [setting]));
        Assert.StartsWith("settings: ", error.Message);
        Assert.Equal(RecipeOverrides.Origin, error.Origin);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void A_path_through_an_absent_stage_is_refused()
    {
        var error = Assert.Throws<RecipeException>(() =>
            RecipeOverrides.Apply(RecipePresets.Get("fine-tune", "imdb"), ["search.stop.gamma=0.2"])
        );
        Assert.Contains("search: is null in this recipe", error.Message);
    }
}
