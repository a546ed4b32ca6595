using System.Text.Json.Nodes;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;
using Xunit;

namespace RobustTickets.Tests.Recipes;

public class RecipeCheckTests
{
    // Settings that put another objective in place, with a line break before the one under test.
    private const string Pgd =
        "retrain.objective={\"kind\":\"pgd\",\"steps\":5,\"step-size\":0.02,\"init-magnitude\":0.05}\n";
    private const string InfoBert =
        "retrain.objective={\"kind\":\"infobert\",\"steps\":3,\"step-size\":0.04,\"init-magnitude\":0.08,"
        + "\"alpha\":0.005,\"beta\":0.005}\n";

    private static readonly Recipe Base = RecipePresets.Get("early-robust", "sst2");

    [Theory]
    [InlineData("name", "name=")]
    [InlineData("max-length", "max-length=2")]
    [InlineData("batch-size", "batch-size=0")]
    [InlineData("seed", "seed=-1")]
    [InlineData("dev-fraction", "dev-fraction=1")]
    [InlineData("dev-fraction", "dev-fraction=-0.1")]
    [InlineData("draw", "draw=null")]
    [InlineData("draw", "search=null")]
    [InlineData("draw.head-ratio", "draw.head-ratio=1")]
    [InlineData("draw.head-ratio", "draw.head-ratio=-0.1")]
    [InlineData("draw.neuron-ratio", "draw.neuron-ratio=1.2")]
    [InlineData("draw.min-neurons-per-layer", "draw.min-neurons-per-layer=-1")]
    [InlineData("search.objective.steps", "search.objective.steps=0")]
    [InlineData("search.objective.step-size", "search.objective.step-size=0")]
    [InlineData("search.objective.init-magnitude", "search.objective.init-magnitude=-1")]
    [InlineData("search.objective.max-norm", "search.objective.max-norm=-1")]
    [InlineData("search.slimming.head-penalty", "search.slimming.head-penalty=-1e-5")]
    [InlineData("search.slimming.neuron-penalty", "search.slimming.neuron-penalty=-1e-5")]
    [InlineData("search.stop.gamma", "search.stop.gamma=0")]
    [InlineData("search.stop.gamma", "search.stop.gamma=1.01")]
    [InlineData("search.stop.times", "search.stop.times=0")]
    [InlineData("search.stop", "search.stop.times=20")]
    [InlineData("search.stop", "search.horizon-epochs=0.2")]
    [InlineData("search.stop.epsilon", "search.stop.kind=anchor-next5", "search.stop.epsilon=0")]
    [InlineData("search.stop.next", "search.stop.kind=anchor-next5", "search.stop.next=0")]
    [InlineData("search.stop.epsilon", "search.stop.kind=fifo5", "search.stop.epsilon=-0.1")]
    [InlineData("search.stop.length", "search.stop.kind=fifo5", "search.stop.length=1")]
    [InlineData("search.stop.fraction", "search.stop.kind=fixed", "search.stop.fraction=0")]
    [InlineData("search.stop.fraction", "search.stop.kind=fixed", "search.stop.fraction=1.5")]
    [InlineData(
        "search.stop.fraction",
        "search.stop.kind=fixed",
        "search.stop.fraction=0.5",
        "search.horizon-epochs=0.4"
    )]
    [InlineData("search.horizon-epochs", "search.horizon-epochs=0")]
    [InlineData("search.snapshots-per-epoch", "search.snapshots-per-epoch=0")]
    [InlineData("search.optimizer.learning-rate", "search.optimizer.learning-rate=0")]
    [InlineData("search.optimizer.horizon", "search.optimizer.horizon=examples")]
    [InlineData("retrain.optimizer.weight-decay", "retrain.optimizer.weight-decay=-1")]
    [InlineData("retrain.optimizer.warmup-fraction", "retrain.optimizer.warmup-fraction=1")]
    [InlineData("retrain.optimizer.clip-value", "retrain.optimizer.clip-value=0")]
    [InlineData("retrain.optimizer.beta1", "retrain.optimizer.beta1=1")]
    [InlineData("retrain.optimizer.beta2", "retrain.optimizer.beta2=-0.1")]
    [InlineData("retrain.optimizer.epsilon", "retrain.optimizer.epsilon=0")]
    [InlineData("retrain.epochs", "retrain.epochs=-1")]
    [InlineData("retrain.epochs", "retrain.epochs=0")]
    [InlineData("retrain.coefficients", "search=null", "draw=null", "retrain.coefficients=released")]
    [InlineData("retrain.coefficients", "retrain.coefficients=trainable", "retrain.realisation=dense-redrawn")]
    [InlineData("retrain.objective.steps", Pgd + "retrain.objective.steps=0")]
    [InlineData("retrain.objective.step-size", Pgd + "retrain.objective.step-size=0")]
    [InlineData("retrain.objective.init-magnitude", Pgd + "retrain.objective.init-magnitude=-0.1")]
    [InlineData("retrain.objective.max-norm", Pgd + "retrain.objective.max-norm=-1")]
    [InlineData("retrain.objective.steps", InfoBert + "retrain.objective.steps=0")]
    [InlineData("retrain.objective.step-size", InfoBert + "retrain.objective.step-size=0")]
    [InlineData("retrain.objective.alpha", InfoBert + "retrain.objective.alpha=-0.1")]
    [InlineData("retrain.objective.beta", InfoBert + "retrain.objective.beta=-0.1")]
    [InlineData("retrain.objective.low-share", InfoBert + "retrain.objective.low-share=1")]
    [InlineData("retrain.objective.high-share", InfoBert + "retrain.objective.high-share=0.5")]
    [InlineData("retrain.objective.high-share", InfoBert + "retrain.objective.high-share=1.1")]
    [InlineData("retrain.objective.critic-hidden", InfoBert + "retrain.objective.critic-hidden=0")]
    [InlineData("search.trial", "search={\"kind\":\"random-structured\",\"trial\":-1}")]
    [InlineData("evaluate.equal-epoch-control", "search=null", "draw=null", "evaluate.equal-epoch-control=true")]
    public void An_impossible_value_is_the_only_problem_and_named_by_path(string path, params string[] settings)
    {
        settings = [.. settings.SelectMany(s => s.Split('\n'))];
        var problem = Assert.Single(RecipeCheck.Check(RecipeOverrides.Apply(Base, settings)));
        Assert.StartsWith(path + ": ", problem);
        // The path exists in the JSON form, so the message points at a real line.
        var node = JsonNode.Parse(RecipeJson.Write(RecipeOverrides.Apply(Base, settings)));
        foreach (var name in path.Split('.'))
            Assert.True(node!.AsObject().TryGetPropertyValue(name, out node), $"{path} is no path");
    }

    [Theory]
    [InlineData("draw.head-ratio=0")]
    [InlineData("search.optimizer.clip=none", "search.optimizer.clip-value=0")]
    [InlineData("search.objective.steps=1", "search.objective.step-size=0", "search.objective.init-magnitude=0")]
    [InlineData("retrain.epochs=0.5")]
    [InlineData("evaluate.equal-epoch-control=true")]
    [InlineData("search.stop.times=19")]
    [InlineData("search.stop.kind=fixed", "search.stop.fraction=0.2", "search.horizon-epochs=0.2")]
    public void A_value_at_the_edge_is_possible(params string[] settings) =>
        Assert.Empty(RecipeCheck.Check(RecipeOverrides.Apply(Base, settings)));

    [Fact]
    public void All_problems_are_found_at_once_and_thrown_with_their_origin()
    {
        var bad = RecipeOverrides.Apply(
            Base,
            ["batch-size=0", "retrain.epochs=-1", "draw.head-ratio=0", "draw.neuron-ratio=0"]
        );
        Assert.Equal(3, RecipeCheck.Check(bad).Count);
        var error = Assert.Throws<RecipeException>(() => RecipeCheck.Require(bad, "r.json"));
        Assert.StartsWith("r.json: 3 problems", error.Message);
        RecipeCheck.Require(Base, "r.json");
    }
}
