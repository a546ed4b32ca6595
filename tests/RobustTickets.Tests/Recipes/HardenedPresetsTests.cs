using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Recipes;

public class HardenedPresetsTests
{
    [Theory]
    [InlineData("sst2")]
    [InlineData("ag-news")]
    [InlineData("imdb")]
    [InlineData("mnli")]
    public void Search_and_training_never_cost_more_than_three_times_fine_tuning_of_the_same_epochs(string task)
    {
        foreach (var name in new[] { "hardened", "hardened-ticket", "freelb-plus-plus" })
        {
            var recipe = RecipePresets.Get(name, task);
            Assert.Empty(RecipeCheck.Check(recipe));
            var search = recipe.Search is SlimmingSearchOptions s
                ? s.HorizonEpochs * ((FreeLbOptions)s.Objective).Steps
                : 0;
            var retrain = recipe.Retrain.Epochs * ((FreeLbOptions)recipe.Retrain.Objective).Steps;
            Assert.True(search + retrain <= 3 * recipe.Retrain.Epochs + 1e-9, $"{name}: {search} + {retrain}");
        }
    }

    [Theory]
    [InlineData(12, 768, 12, 3072)]
    [InlineData(6, 384, 12, 1536)]
    [InlineData(12, 384, 12, 1536)]
    public void The_ticket_keeps_at_most_three_quarters_of_the_encoder(int layers, int hidden, int heads, int neurons)
    {
        var draw = (DrawOptions)RecipePresets.Get("hardened-ticket", "sst2").Draw!;
        var dense = BertConfig.Dense(30522, hidden, layers, heads, neurons, 512, 2, 2);
        var headsKept = (layers * heads) - DrawRule.PrunedCount(layers * heads, draw.HeadRatio);
        var neuronsKept = (layers * neurons) - DrawRule.PrunedCount(layers * neurons, draw.NeuronRatio);
        // However they lie in the layers, their number decides.
        long Spread(long kept, int layer) => (kept / layers) + (layer < kept % layers ? 1 : 0);
        var ticket = dense with
        {
            HeadsPerLayer = [.. Enumerable.Range(0, layers).Select(l => (int)Spread(headsKept, l))],
            NeuronsPerLayer = [.. Enumerable.Range(0, layers).Select(l => (int)Spread(neuronsKept, l))],
        };
        var share = (double)Encoder(ticket) / Encoder(dense);
        Assert.InRange(share, 0.7, 0.75);

        static long Encoder(BertConfig config) =>
            BertShapes
                .OfClassifier(config)
                .Where(p => !BertParameters.IsEmbedding(p.Name))
                .Sum(p => p.Shape.Aggregate(1L, (a, b) => a * b));
    }

    [Fact]
    public void The_dense_twin_trains_as_the_ticket_does()
    {
        foreach (var task in new[] { "sst2", "ag-news", "imdb" })
        {
            var (dense, ticket) = (RecipePresets.Get("hardened", task), RecipePresets.Get("hardened-ticket", task));
            Assert.Equal(dense.Retrain, ticket.Retrain);
            Assert.NotNull(dense.Retrain.Augment);
            Assert.Equal(
                dense with
                {
                    Name = ticket.Name,
                    Source = ticket.Source,
                    Search = ticket.Search,
                    Draw = ticket.Draw,
                },
                ticket
            );
        }
    }

    [Fact]
    public void FreeLb_plus_plus_has_no_bound_and_says_that_it_makes_fewer_steps_than_its_paper()
    {
        var recipe = RecipePresets.Get("freelb-plus-plus", "sst2");
        var objective = (FreeLbOptions)recipe.Retrain.Objective;
        Assert.Contains($"{objective.Steps} steps instead of its 10", recipe.Source, StringComparison.Ordinal);
        Assert.Contains("--set retrain.objective.steps=10 ", recipe.Source, StringComparison.Ordinal);
        var papers = (FreeLbOptions)RecipePresets.Get("freelb", "sst2").Retrain.Objective;
        Assert.Equal(0, objective.MaxNorm);
        Assert.True(objective.StepSize > 10 * papers.StepSize);
    }
}
