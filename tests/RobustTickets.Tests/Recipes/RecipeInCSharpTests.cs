// What a recipe's file can say, C# can say with public types: the search too.
using System.Reflection;
using System.Text.Json.Serialization;
using RobustTickets.Objectives;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Validation;
using RobustTickets.Tickets;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Recipes;

public class RecipeInCSharpTests
{
    [Fact]
    public void A_search_is_written_as_a_value()
    {
        var search = new SlimmingSearchOptions(
            new FreeLbOptions(Steps: 3, StepSize: 0.04, InitMagnitude: 0.05),
            new SlimmingOptions(HeadPenalty: 1e-4, NeuronPenalty: 1e-4),
            new OptimizerOptions(LearningRate: 2e-5, WarmupFraction: 0.1),
            new FifoStop(Length: 4)
        );
        var recipe = Recipe.Preset("early-robust", "sst2") with { Search = search with { HorizonEpochs = 2 } };
        Assert.Empty(RecipeCheck.Check(recipe));
        Assert.Equal(recipe, RecipeJson.Read(RecipeJson.Write(recipe), "recipe.json"));
        var read = Assert.IsType<SlimmingSearchOptions>(recipe.Search);
        Assert.Equal((2.0, new FifoStop(Length: 4)), (read.HorizonEpochs, read.Stop));

        recipe = Recipe.Preset("robust-ticket", "sst2");
        var masks = Assert.IsType<MaskSearchOptions>(recipe.Search);
        recipe = recipe with { Search = masks with { DrawFrom = DrawEpochRule.BestDev } };
        Assert.Empty(RecipeCheck.Check(recipe));
        Assert.Equal(recipe, RecipeJson.Read(RecipeJson.Write(recipe), "recipe.json"));
    }

    [Fact]
    public void Every_part_of_a_recipe_can_be_made_by_a_program()
    {
        var seen = new HashSet<Type>();
        Visit(typeof(Recipe));
        // Mutant: a kind of search that is internal again.
        Assert.True(seen.Count > 30, $"{seen.Count}");
        Assert.Contains(typeof(MaskSearchOptions), seen);
        Assert.DoesNotContain(seen, t => !t.IsVisible);
        Assert.DoesNotContain(seen, t => t is { IsClass: true, IsAbstract: false } && t.GetConstructors().Length == 0);

        void Visit(Type type)
        {
            type = Nullable.GetUnderlyingType(type) ?? type;
            if (type.IsGenericType)
                foreach (var argument in type.GetGenericArguments())
                    Visit(argument);
            if (type.Assembly != typeof(Recipe).Assembly || !seen.Add(type))
                return;
            foreach (var kind in type.GetCustomAttributes<JsonDerivedTypeAttribute>(inherit: false))
                Visit(kind.DerivedType);
            foreach (var parameter in type.GetConstructors().SelectMany(c => c.GetParameters()))
                Visit(parameter.ParameterType);
        }
    }
}
