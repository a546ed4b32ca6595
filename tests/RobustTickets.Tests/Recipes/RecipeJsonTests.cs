using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using RobustTickets.Objectives;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;
using RobustTickets.Tickets;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Recipes;

public class RecipeJsonTests
{
    private static readonly string Sample = RecipeJson.Write(RecipePresets.Get("early-robust", "sst2"));

    public static TheoryData<string> FileNames() => [.. RecipePresets.Files().Select(f => f.FileName)];

    [Theory]
    [MemberData(nameof(FileNames))]
    public void Every_preset_survives_a_round_trip_exactly(string fileName)
    {
        var recipe = RecipePresets.Files().Single(f => f.FileName == fileName).Recipe;
        var text = RecipeJson.Write(recipe);
        Assert.Equal(recipe, RecipeJson.Read(text, fileName));
        Assert.Equal(text, RecipeJson.Write(RecipeJson.Read(text, fileName)));
        Assert.Empty(RecipeCheck.Check(recipe));
    }

    [Fact]
    public void Values_that_differ_from_every_default_survive_a_round_trip()
    {
        // Mutant: a converter or property that the generator leaves out would come back as its
        // default.
        var optimizer = new OptimizerOptions(
            1.0 / 3,
            0.07,
            0.21,
            AdamWFlavor.Torch,
            ClipMode.Value,
            0.3,
            0.8,
            0.95,
            1e-7
        );
        ObjectiveOptions[] objectives =
        [
            new PgdOptions(3, 0.3, 0.2, 0.1, PerturbationNorm.LinfSign, false, false, true),
            new CleanOptions(),
            new InfoBertOptions(3, 0.3, 0.2, 0.6, 0.7, 0.1, 0.8, 0.1, PerturbationNorm.Linf, false, false, false, 7),
        ];
        foreach (var objective in objectives)
        {
            var recipe = new Recipe(
                "n",
                "t",
                "s",
                17,
                3,
                7,
                0.25,
                new RandomStructuredSearchOptions(4),
                new DrawOptions(0.3, 0.4),
                new RetrainStage(
                    objective,
                    optimizer,
                    1.5,
                    TicketCoefficients.Trainable,
                    false,
                    StartWeights.RedrawnAll,
                    Realisation.AuthorsCode
                ),
                new EvaluateStage(false, true, new EpochAttackOptions("a", 7, 3, 0.2, false, false, 9))
            );
            Assert.Equal(recipe, RecipeJson.Read(RecipeJson.Write(recipe), "test"));
        }
        var masks = new Recipe(
            "n",
            "t",
            "s",
            17,
            3,
            7,
            0.25,
            new MaskSearchOptions(
                new DenseTraining(new CleanOptions(), optimizer, 0.5, false),
                new CleanOptions(),
                new HardConcreteOptions(0.3),
                optimizer,
                2.5,
                1.5,
                false,
                false,
                DrawEpochRule.BestDev
            ),
            new WeightDrawOptions(0.35),
            new RetrainStage(new CleanOptions(), optimizer, 1.5),
            new EvaluateStage()
        );
        Assert.Equal(masks, RecipeJson.Read(RecipeJson.Write(masks), "test"));
        foreach (
            var stop in new StopOptions[]
            {
                new ConsecutiveStop(0.2, 3, DrawAt.Anchor),
                new AnchorStop(0.3, 4, DrawAt.Newest),
                new FifoStop(0.4, 6, DrawAt.Anchor),
                new FixedStop(0.15),
            }
        )
        {
            var recipe = new Recipe(
                "n",
                "t",
                "s § “x”",
                17,
                3,
                7,
                0.25,
                new SlimmingSearchOptions(
                    new FreeLbOptions(3, 0.3, 0.2, 0.1, PerturbationNorm.Linf, FreeLbCount.KPlus1, false, true),
                    new SlimmingOptions(1e-300, double.Epsilon),
                    optimizer,
                    stop,
                    0.5,
                    40,
                    false
                ),
                new DrawOptions(0.3, 0.4, HeadScope.Layerwise, NeuronScope.Layerwise, TieRule.StrictQuantile, 5),
                new RetrainStage(new CleanOptions(), optimizer, 1.5, TicketCoefficients.AuthorsCode, false),
                new EvaluateStage(false, true)
            );
            Assert.Equal(recipe, RecipeJson.Read(RecipeJson.Write(recipe), "test"));
        }
    }

    [Fact]
    public void Every_enum_of_a_recipe_is_written_by_name()
    {
        // Fails when a new enum is not listed with the JSON context's converters.
        var seen = new HashSet<Type>();
        Walk(RecipeJsonInfo(), seen);
        var enums = seen.Where(t => t.IsEnum).ToList();
        Assert.True(enums.Count >= 9, $"only {enums.Count} enums found");
        foreach (var type in enums)
        {
            foreach (var value in Enum.GetValues(type))
            {
                var text = JsonSerializer.Serialize(value, RecipeJsonInfo().Options.GetTypeInfo(type));
                Assert.Matches("^\"[a-z0-9-]+\"$", text);
            }
        }
    }

    [Theory]
    [InlineData("search.stop", "gama", "search.stop.gama: unknown field; did you mean gamma?")]
    [InlineData("", "batchsize", "batchsize: unknown field; did you mean batch-size?")]
    [InlineData(
        "retrain.optimizer",
        "learning_rat",
        "retrain.optimizer.learning_rat: unknown field; did you mean learning-rate?"
    )]
    [InlineData("retrain.objective", "steps", "retrain.objective.steps: unknown field; nothing is possible here")]
    public void An_unknown_field_is_refused_by_path_with_the_nearest_name(string path, string name, string expected)
    {
        var root = Parse();
        At(root, path)[name] = 1;
        Assert.Contains(expected, Refused(root));
    }

    [Fact]
    public void Every_field_without_default_is_refused_when_missing()
    {
        var checkedPaths = 0;
        foreach (var path in Leaves(Parse(), "").ToList())
        {
            var root = Parse();
            var (parent, name) = Split(path);
            At(root, parent).Remove(name);
            try
            {
                // Fields with a default may be left out and must then be read back as the default.
                RecipeJson.Read(root.ToJsonString(), "f.json");
            }
            catch (RecipeException e)
            {
                Assert.StartsWith("f.json: ", e.Message);
                Assert.Contains($"{path}: missing; ", e.Message);
                checkedPaths++;
            }
        }
        Assert.True(checkedPaths >= 18, $"only {checkedPaths} fields are required");
    }

    [Fact]
    public void Every_field_refuses_the_wrong_kind_by_path()
    {
        foreach (var path in Leaves(Parse(), "").ToList())
        {
            var (parent, name) = Split(path);
            foreach (
                var wrong in new JsonNode[]
                {
                    new JsonArray(1, 2),
                    new JsonObject { ["x"] = 1 },
                }
            )
            {
                var root = Parse();
                At(root, parent)[name] = wrong.DeepClone();
                Assert.Contains($"{path}", Refused(root));
            }
        }
    }

    [Theory]
    [InlineData(
        "search.stop.kind",
        "\"consecutive\"",
        "search.stop.kind: unknown kind \"consecutive\"; did you mean consecutive5?"
    )]
    [InlineData("search.objective.kind", "7", "search.objective.kind: expected a string, found 7")]
    [InlineData("search.objective.norm", "\"L2\"", "search.objective.norm: unknown value \"L2\"; did you mean l2?")]
    [InlineData("search.objective.norm", "0", "search.objective.norm: expected one of l2, linf, linf-sign, found 0")]
    [InlineData("search.objective.steps", "2.5", "search.objective.steps: expected a whole number, found 2.5")]
    [InlineData("search.objective.steps", "99999999999", "search.objective.steps: expected a whole number")]
    [InlineData("retrain.epochs", "\"NaN\"", "retrain.epochs: expected a finite number, found \"NaN\"")]
    [InlineData("retrain.epochs", "1e999", "retrain.epochs: expected a finite number, found 1e999")]
    [InlineData("retrain.epochs", "null", "retrain.epochs: null is not allowed here; expected a finite number")]
    [InlineData("retrain.shuffle", "1", "retrain.shuffle: expected true or false, found 1")]
    [InlineData("retrain.optimizer", "null", "retrain.optimizer: null is not allowed here")]
    [InlineData("name", "null", "name: null is not allowed here; expected a string")]
    [InlineData("draw", "5", "draw: expected an object {...}, found 5")]
    public void A_value_that_does_not_fit_is_refused_by_path(string path, string json, string expected)
    {
        var text = Replace(path, json);
        var error = Assert.Throws<RecipeException>(() => RecipeJson.Read(text, "f.json"));
        Assert.Contains(expected, error.Message);
    }

    [Theory]
    [InlineData("", "not a JSON object")]
    [InlineData("{", "line 1")]
    [InlineData("[]", "expected an object")]
    [InlineData("null", "expected an object")]
    [InlineData("{\"name\": NaN}", "not a JSON object")]
    [InlineData("{\"name\": \"a\", \"name\": \"b\"}", "name: occurs twice")]
    public void Text_that_is_no_recipe_is_refused_by_file(string text, string expected)
    {
        var error = Assert.Throws<RecipeException>(() => RecipeJson.Read(text, "some.json"));
        Assert.StartsWith("some.json: ", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        var root = Parse();
        root["bach-size"] = 1;
        root.Remove("batch-size");
        At(root, "search.stop")["gamma"] = "x";
        var error = Assert.Throws<RecipeException>(() => RecipeJson.Read(root.ToJsonString(), "f.json"));
        Assert.Equal(3, error.Problems.Count);
    }

    [Fact]
    public void A_missing_file_is_refused_by_name()
    {
        var error = Assert.Throws<RecipeException>(() => RecipeJson.ReadFile("/no/such/recipe.json"));
        Assert.StartsWith("/no/such/recipe.json: ", error.Message);
    }

    private static JsonTypeInfo RecipeJsonInfo() =>
        (JsonTypeInfo)
            typeof(RecipeJson).GetProperty("TypeInfo", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!;

    private static void Walk(JsonTypeInfo info, HashSet<Type> seen)
    {
        if (!seen.Add(info.Type))
            return;
        foreach (var property in info.Properties)
            Walk(info.Options.GetTypeInfo(property.PropertyType), seen);
        foreach (var derived in info.PolymorphismOptions?.DerivedTypes ?? [])
            Walk(info.Options.GetTypeInfo(derived.DerivedType), seen);
    }

    private static JsonObject Parse() => JsonNode.Parse(Sample)!.AsObject();

    private static JsonObject At(JsonObject root, string path) =>
        path.Length == 0 ? root : path.Split('.').Aggregate(root, (node, name) => node[name]!.AsObject());

    private static (string Parent, string Name) Split(string path)
    {
        var dot = path.LastIndexOf('.');
        return dot < 0 ? ("", path) : (path[..dot], path[(dot + 1)..]);
    }

    private static IEnumerable<string> Leaves(JsonObject node, string path)
    {
        foreach (var (name, value) in node)
        {
            var at = path.Length == 0 ? name : $"{path}.{name}";
            yield return at;
            if (value is JsonObject child)
            {
                foreach (var inner in Leaves(child, at))
                    yield return inner;
            }
        }
    }

    private static string Refused(JsonObject root) =>
        Assert.Throws<RecipeException>(() => RecipeJson.Read(root.ToJsonString(), "f.json")).Message;

    private static string Replace(string path, string json)
    {
        // Numbers such as 1e999 have no JsonNode, so the text itself is changed.
        var root = Parse();
        var (parent, name) = Split(path);
        At(root, parent)[name] = "@@";
        return root.ToJsonString().Replace("\"@@\"", json);
    }
}
