using RobustTickets.Augmentation;
using RobustTickets.Objectives;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Recipes.Presets;
using Xunit;

namespace RobustTickets.Tests.Recipes;

/// <summary>What a recipe is estimated to cost: units of a pass over a word piece.</summary>
public sealed class RecipeCostTests
{
    [Fact]
    public void A_step_costs_the_passes_of_its_objective()
    {
        var plain = RecipePresets.Get("fine-tune", "sst2");
        double Units(ObjectiveOptions objective) =>
            RecipeCost
                .OfTraining(
                    plain with
                    {
                        Retrain = plain.Retrain with { Epochs = 1, Objective = objective },
                    },
                    tokens: 10
                )
                .Units;
        Assert.Equal(30, Units(new CleanOptions()));
        // Ascents make no weight gradients.
        Assert.Equal(2 * 2 * 10 + 30, Units(new HullOptions(Steps: 2)));
        // A second backward in every pass, but for a term of no weight.
        var infoBert = BaselinePresets.Anli;
        Assert.Equal(infoBert.Steps * (30 + 20), Units(infoBert));
        Assert.Equal(infoBert.Steps * 30, Units(infoBert with { Alpha = 0 }));
    }

    [Fact]
    public void The_control_is_attacked_after_its_epochs_as_the_ticket_is()
    {
        var recipe = RecipePresets.Get("early-robust", "sst2");
        double Attacks(bool control) =>
            RecipeCost
                .OfEpochAttacks(
                    recipe with
                    {
                        Evaluate = new EvaluateStage(
                            EqualEpochControl: control,
                            EpochAttack: new EpochAttackOptions("textfooler", Examples: 100)
                        ),
                    },
                    length: 25
                )
                .Units;
        Assert.Equal(2 * Attacks(control: false), Attacks(control: true));
        Assert.Equal(2 * 100 * 10 * 25.0 * 25 * 7, Attacks(control: false));
    }

    [Fact]
    public void Kept_originals_candidate_texts_and_the_teachers_pass_are_counted()
    {
        var plain = RecipePresets.Get("fine-tune", "sst2");
        double Units(AugmentOptions? augment, DistillOptions? distill = null) =>
            RecipeCost
                .OfTraining(
                    plain with
                    {
                        Retrain = plain.Retrain with { Epochs = 1, Augment = augment, Distill = distill },
                    },
                    tokens: 10
                )
                .Units;
        var augment = new AugmentOptions(NeighbourRate: 0.5);
        var teacher = new DistillOptions("teacher");
        Assert.Equal(30, Units(augment));
        Assert.Equal(60, Units(augment with { KeepOriginal = true }));
        Assert.Equal(30 + (10 * 4 / 2), Units(augment with { Search = new SubstituteSearchOptions(4, 2) }));
        Assert.Equal(40, Units(null, teacher));
        Assert.Equal(80, Units(augment with { KeepOriginal = true }, teacher));
    }

    [Fact]
    public void A_mask_search_costs_the_epochs_up_to_the_one_it_draws_from()
    {
        var robust = RecipePresets.Get("robust-ticket", "sst2");
        var search = (MaskSearchOptions)robust.Search!;
        double Units(double? drawn, double epochs) =>
            RecipeCost
                .OfSearch(robust with { Search = search with { Epochs = epochs, DrawEpoch = drawn } }, tokens: 10)
                .Units;
        Assert.Equal(Units(null, 5), Units(5, 20));
        Assert.True(Units(5, 20) < Units(null, 20));
    }

    [Fact]
    public void The_fine_tuning_before_a_mask_search_costs_the_passes_of_its_own_objective()
    {
        var robust = RecipePresets.Get("robust-ticket", "sst2");
        var search = (MaskSearchOptions)robust.Search!;
        double Units(ObjectiveOptions objective) =>
            RecipeCost
                .OfTraining(
                    robust with
                    {
                        Search = search with { FineTune = search.FineTune! with { Objective = objective } },
                    },
                    tokens: 10
                )
                .Units;
        Assert.Equal(search.FineTune!.Epochs * 2 * 30, Units(new HullOptions(Steps: 3)) - Units(new CleanOptions()), 6);
    }
}
