using System.Text;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;
using RobustTickets.Tests.Cli;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Recipes;

/// <summary>
/// Every field of every recipe takes extreme values: it runs, or is refused by its path, and
/// nothing else comes of it, in the library, in <c>recipes check</c> and in a dry run.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class RecipeExtremesTests : IDisposable
{
    private static readonly string[] Extremes =
    [
        "0",
        "-1",
        "1e-320",
        "1e30",
        "1e308",
        "1e999",
        "-1e308",
        "2147483647",
        "-2147483648",
        "9223372036854775807",
        "\"NaN\"",
        "\"\\ud800\"",
        "null",
        "true",
        "[1]",
        "{}",
    ];

    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    /// <summary>
    /// Each field once for each set of kinds above it: its path and a recipe with it.
    /// </summary>
    private static List<(string Path, Recipe Recipe)> Fields()
    {
        var found = new Dictionary<string, (string, Recipe)>();
        foreach (var preset in RecipePresets.List)
        {
            var recipe = TinyTask.Fitted(preset.Name);
            // A tenth of 200 examples would be too few for the searches of the papers.
            if (recipe.Search is SlimmingSearchOptions or MaskSearchOptions or MagnitudeSearchOptions)
                recipe = RecipeOverrides.Apply(recipe, ["search.allow-short=true"]);
            Walk(JsonNode.Parse(RecipeJson.Write(recipe))!.AsObject(), "", "");

            void Walk(JsonObject node, string path, string kinds)
            {
                kinds += "/" + (string?)node["kind"];
                foreach (var (name, value) in node)
                {
                    var at = path.Length == 0 ? name : $"{path}.{name}";
                    if (value is JsonObject child)
                        Walk(child, at, kinds);
                    found.TryAdd(kinds + at, (at, recipe));
                }
            }
        }
        return [.. found.Values];
    }

    private static string With(Recipe recipe, string path, string raw)
    {
        const string mark = "\"@@\"";
        var root = JsonNode.Parse(RecipeJson.Write(recipe))!;
        var names = path.Split('.');
        var node = names[..^1].Aggregate(root, (n, name) => n[name]!);
        node[names[^1]] = "@@";
        return root.ToJsonString().Replace(mark, raw, StringComparison.Ordinal);
    }

    [Fact]
    public void An_extreme_value_runs_or_is_refused_by_its_path()
    {
        var cache = new RunDataCache();
        var fields = Fields();
        Assert.True(fields.Count > 100);
        var (refused, accepted) = (0, 0);
        foreach (var (path, recipe) in fields)
        foreach (var raw in Extremes)
        {
            var text = With(recipe, path, raw);
            try
            {
                var read = RecipeJson.Read(text, "file");
                var problems = RecipeCheck.Check(read);
                if (problems.Count > 0)
                    throw new RecipeException("file", problems);
                // Places of a user's own: a ticket, a task.
                using var inputs = RunInputs.Open(_task.Request(read, _task.Below("none")) with { Cache = cache });
                accepted++;
            }
            catch (RecipeException e)
            {
                refused++;
                Assert.True(e.Problems.Any(problem => Names(problem, path)), $"{path} = {raw}: {e.Message}");
            }
            catch (Exception e) when (e is DataException or CheckpointException)
            {
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"{path} = {raw}: {e}");
            }
        }
        Assert.True(refused > accepted, $"{refused} refused, {accepted} accepted");
    }

    /// <summary>
    /// Whether a problem is that of a field: it begins with its path, or with that of the object it
    /// is in, or speaks of it where two fields contradict one another.
    /// </summary>
    private static bool Names(string problem, string path)
    {
        var at = problem.Split(':')[0];
        return at == path
            || at.StartsWith($"{path}.", StringComparison.Ordinal)
            || at.StartsWith($"{path}[", StringComparison.Ordinal)
            || path.StartsWith($"{at}.", StringComparison.Ordinal)
            || problem.Contains(path.Split('.')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_dry_run_refuses_them_with_2_or_3_and_the_path()
    {
        foreach (var name in new[] { "early-robust", "robust-ticket", "infobert" })
        {
            var file = _task.Below($"{name}.json");
            File.WriteAllText(file, RecipeJson.Write(TinyTask.Fitted(name)));
            foreach (var (path, _) in Fields().Where(f => f.Recipe.Name == name))
            foreach (var raw in new[] { "-1", "1e308", "2147483647", "NaN", "{\"kind\":5}" })
            {
                var run = CliRun.Of(
                    "train",
                    "--dry-run",
                    "--recipe",
                    file,
                    "--task",
                    "sst2",
                    "--model",
                    _task.Model,
                    "--data",
                    _task.Data,
                    "--out",
                    _task.Below("none"),
                    "--set",
                    $"{path}={raw}"
                );
                Assert.True(run.Code is 0 or 2 or 3, $"{path}={raw}: {run.Code} {run.Error}");
                if (run.Code != 0)
                    Assert.Contains(path.Split('.')[0], run.Error, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("retrain.epochs", "1e308")]
    [InlineData("search.horizon-epochs", "1e308")]
    [InlineData("search.snapshots-per-epoch", "2147483647")]
    [InlineData("search.stop.times", "2147483647")]
    [InlineData("search.objective.steps", "2147483647")]
    [InlineData("batch-size", "2147483647")]
    [InlineData("max-length", "2147483647")]
    [InlineData("search.optimizer.learning-rate", "1e308")]
    [InlineData("search.slimming.head-penalty", "1e308")]
    [InlineData("task", "\"no-such-task\"")]
    public void Recipes_check_refuses_what_no_machine_can_run(string path, string raw)
    {
        var file = _task.Below("absurd.json");
        File.WriteAllText(file, With(RecipePresets.Get("early-robust", "sst2"), path, raw));
        var check = CliRun.Of("recipes", "check", file);
        Assert.Equal(2, check.Code);
        Assert.Contains(path.Replace(".times", "", StringComparison.Ordinal), check.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_are_told_at_once_whatever_hides_between_them()
    {
        var text = With(RecipePresets.Get("early-robust", "sst2"), "search.kind", "\"slimmin\"");
        var root = JsonNode.Parse(text)!;
        root["retrain"]!["epochs"] = -1;
        root["search"]!["snapshots-per-epoch"] = "many";
        root["search"]!["objective"]!["steps"] = 0;
        root["search"]!["objective"]!["kind"] = "freelp";
        root["batch-sise"] = 3;
        var problems = Assert.Throws<RecipeException>(() => RecipeJson.Read(root.ToJsonString(), "file")).Problems;
        Assert.Equal(
            [
                "batch-sise",
                "retrain.epochs",
                "search.kind",
                "search.objective.kind",
                "search.objective.steps",
                "search.snapshots-per-epoch",
            ],
            problems.Select(p => p.Split(':')[0]).Order(StringComparer.Ordinal)
        );
        Assert.Contains(problems, p => p.Contains("did you mean slimming", StringComparison.Ordinal));
    }

    [Fact]
    public void All_problems_of_settings_are_told_at_once()
    {
        var error = Assert.Throws<RecipeException>(() =>
            RecipeOverrides.Apply(
                RecipePresets.Get("early-robust", "sst2"),
                ["retrain.epoch=3", "search.stop.kind=never", "batch-size=many", "retrain.epochs=-2"]
            )
        );
        Assert.Equal(
            ["batch-size", "retrain.epoch", "retrain.epochs", "search.stop.kind"],
            error.Problems.Select(p => p.Split(':')[0]).Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("{\"name\":\"\\udc00\"}", "name: contains an unpaired surrogate")]
    [InlineData("{\"\\ud800\":1}", "the name of a field contains an unpaired surrogate")]
    [InlineData("{\"a\":1,\"a\":2}", "a: occurs twice")]
    public void What_is_no_text_is_refused_where_it_stands(string text, string named)
    {
        var error = Assert.Throws<RecipeException>(() => RecipeJson.Read(text, "file"));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_utf8_is_refused_by_its_byte()
    {
        var file = _task.Below("latin1.json");
        File.WriteAllBytes(file, [.. "{\n\"name\":\"caf"u8, 0xe9, .. "\"}"u8]);
        Assert.StartsWith(
            $"{file}:2: byte 0xe9 is not UTF-8",
            Assert.Throws<RecipeException>(() => RecipeJson.ReadFile(file)).Message,
            StringComparison.Ordinal
        );
        File.WriteAllBytes(file, [0xff, 0xfe, 0x00, 0xd8]);
        Assert.StartsWith(
            $"{file}: starts as UTF-16 but is not valid UTF-16",
            Assert.Throws<RecipeException>(() => RecipeJson.ReadFile(file)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_of_a_Windows_editor_is_read_by_its_mark()
    {
        var (file, recipe) = (_task.Below("marked.json"), RecipePresets.Get("early-robust", "sst2"));
        foreach (var encoding in new[] { Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            File.WriteAllText(file, RecipeJson.Write(recipe), encoding);
            Assert.Equal(recipe, RecipeJson.ReadFile(file));
        }
    }

    [Fact]
    public void A_recipe_made_in_code_is_held_to_the_same()
    {
        var recipe = RecipePresets.Get("early-robust", "sst2");
        var broken = recipe with { Retrain = recipe.Retrain with { Epochs = double.NaN }, DevFraction = double.NaN };
        var error = Assert.Throws<RecipeException>(() => RecipeJson.Write(broken));
        Assert.Equal(["dev-fraction", "retrain.epochs"], error.Problems.Select(p => p.Split(':')[0]));
        Assert.NotEmpty(RecipeCheck.Check(recipe with { Retrain = null! }));
        Assert.NotEmpty(RecipeCheck.Check(recipe with { Evaluate = null! }));
    }
}
