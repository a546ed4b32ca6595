using System.Text.Json.Nodes;
using RobustTickets.Cli;
using RobustTickets.Experiments;
using RobustTickets.Testing;
using RobustTickets.Tests.Cli;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.Experiments;

public class ExperimentPlanTests
{
    private static string Folder => Path.Combine(Golden.RepositoryRoot, "recipes", "experiments");

    private static JsonObject Small() =>
        JsonNode
            .Parse(
                """
                {
                  "name": "small", "title": "t", "source": "s",
                  "rows": [{ "name": "base", "recipe": "fine-tune" }, { "name": "ours", "recipe": "early-robust",
                  "set": ["evaluate.equal-epoch-control=true"] }, { "name": "dense", "control-of": "ours" }],
                  "data": [{ "name": "sst2", "task": "sst2", "set": ["max-length=64"] }, { "name": "reviews",
                  "task": "imdb" }],
                  "seeds": [1, 2],
                  "attacks": [{ "name": "tf", "recipe": "textfooler", "resources": ["neighbours"] }],
                  "baseline": "base",
                  "set": ["retrain.epochs=3"]
                }
                """
            )!
            .AsObject();

    private static ExperimentPlan Plan(JsonObject json) =>
        ExperimentPlan.Of(ExperimentJson.Read(json.ToJsonString(), "small.json"), "small.json", Folder);

    private static string Problem(Action<JsonObject> change)
    {
        var json = Small();
        change(json);
        return Assert.Throws<RecipeException>(() => Plan(json)).Message;
    }

    [Fact]
    public void Cells_are_rows_by_data_by_seeds_with_settings_in_order()
    {
        var plan = Plan(Small());
        Assert.Equal(3 * 2 * 2, plan.Cells.Count);
        Assert.Equal(
            ["base.sst2.seed-1", "base.sst2.seed-2", "base.reviews.seed-1"],
            plan.Cells.Take(3).Select(c => c.Id)
        );
        var cell = plan.Cells.Single(c => c.Id == "ours.sst2.seed-2");
        Assert.Equal(
            (3.0, 64, 2, "sst2"),
            (cell.Recipe.Retrain.Epochs, cell.Recipe.MaxLength, cell.Recipe.Seed, cell.Recipe.Task)
        );
        Assert.Equal(256, plan.Cells.Single(c => c.Id == "ours.reviews.seed-2").Recipe.MaxLength);
        var control = plan.Cells.Single(c => c.Id == "dense.sst2.seed-2");
        Assert.True(control.IsControl);
        Assert.Equal("ours.sst2.seed-2", control.RunId);
        Assert.Equal(cell.Recipe, control.Recipe);

        Assert.Equal(4, plan.InOrder(["base"]).Count);
        Assert.Equal(6, plan.InOrder(["*.seed-1"]).Count);
        Assert.Equal(12, plan.InOrder(["small"]).Count);
        Assert.Equal(["ours.reviews.seed-1"], plan.InOrder(["ours.reviews.seed-1"]).Select(c => c.Id));
        Assert.Equal(["ours.reviews.seed-1"], plan.InOrder(["small/ours.reviews.seed-1"]).Select(c => c.Id));
        Assert.Equal(4, plan.InOrder(["small/base"]).Count);
        Assert.False(plan.Names("other/base"));
        Assert.False(plan.Names("none"));

        var experiment = ExperimentJson.Read(Small().ToJsonString(), "x");
        Assert.Equal(
            ExperimentJson.Write(experiment),
            ExperimentJson.Write(ExperimentJson.Read(ExperimentJson.Write(experiment), "x"))
        );
    }

    [Fact]
    public void A_row_has_settings_of_its_own_on_one_data_set()
    {
        var json = Small();
        json["rows"]![1]!["set-on"] = new JsonObject { ["reviews"] = new JsonArray("draw.neuron-ratio=0.1") };
        var plan = Plan(json);
        double Ratio(string cell) => ((DrawOptions)plan.Cells.Single(c => c.Id == cell).Recipe.Draw!).NeuronRatio;
        Assert.Equal((0.1, 0.3), (Ratio("ours.reviews.seed-1"), Ratio("ours.sst2.seed-1")));
        var written = ExperimentJson.Write(ExperimentJson.Read(json.ToJsonString(), "x"));
        Assert.Equal(written, ExperimentJson.Write(ExperimentJson.Read(written, "x")));
        Assert.Contains(
            "rows[1].set-on: unknown \"other\"",
            Problem(j => j["rows"]![1]!["set-on"] = new JsonObject { ["other"] = new JsonArray("retrain.epochs=1") })
        );
        Assert.Contains(
            "rows[1].set-on.sst2",
            Problem(j => j["rows"]![1]!["set-on"] = new JsonObject { ["sst2"] = 1 })
        );
    }

    [Fact]
    public void All_problems_of_a_file_are_told_at_once()
    {
        var folder = Directory.CreateTempSubdirectory("experiments").FullName;
        try
        {
            var json = Small();
            json["titel"] = "misspelt";
            json["seeds"] = "many";
            json["rows"]![0]!["recipe"] = "fine-tone";
            json["rows"]![1]!["set"]!.AsArray().Add("retrain.epochs=-1");
            json["data"]![1]!["task"] = "imbd";
            json["data"]![1]!["attack-examples"] = 0;
            json["attacks"]![0]!["examples"] = 0;
            json["baseline"] = "bsae";
            var file = Path.Combine(folder, "e.json");
            File.WriteAllText(file, json.ToJsonString());
            var problems = Assert.Throws<RecipeException>(() => ExperimentJson.ReadFile(file)).Problems;
            foreach (
                var start in new[]
                {
                    "titel: ",
                    "seeds: ",
                    "data[1].task: unknown \"imbd\"",
                    "data[1].attack-examples: 0",
                    "attacks[0].examples: 0",
                    "baseline: unknown \"bsae\"",
                    "rows[0] (base on sst2): ",
                    "rows[1] (ours on sst2): retrain.epochs: -1",
                    "rows[2] (ours on sst2): retrain.epochs: -1",
                }
            )
                Assert.Single(problems, p => p.StartsWith(start, StringComparison.Ordinal));
            Assert.Equal(9, problems.Count);

            // Of a row whose name cannot be read, no reference is judged.
            json = Small();
            json["rows"]![0]!["name"] = 3;
            File.WriteAllText(file, json.ToJsonString());
            var one = Assert.Single(Assert.Throws<RecipeException>(() => ExperimentJson.ReadFile(file)).Problems);
            Assert.StartsWith("rows[0].name: ", one, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void What_cannot_run_is_refused_by_path()
    {
        Assert.Contains(
            "rows[0].recipee: unknown field; did you mean recipe",
            Problem(j => j["rows"]![0]!["recipee"] = "x")
        );
        Assert.Contains(
            "rows[0] (base on sst2): recipe \"fine-tun\"",
            Problem(j => j["rows"]![0]!["recipe"] = "fine-tun")
        );
        Assert.Contains(
            "rows[0] (base on sst2): retrain.epochs: 0 is not possible",
            Problem(j => j["rows"]![0]!["set"] = new JsonArray("retrain.epochs=0"))
        );
        Assert.Contains(
            "data[1].task: unknown \"imbd\"; did you mean imdb",
            Problem(j => j["data"]![1]!["task"] = "imbd")
        );
        Assert.Contains("data[1].name: \"sst2\" occurs twice", Problem(j => j["data"]![1]!["name"] = "sst2"));
        Assert.Contains("seeds: a seed occurs twice", Problem(j => j["seeds"] = new JsonArray(1, 1)));
        Assert.Contains("seeds: is empty", Problem(j => j["seeds"] = new JsonArray()));
        Assert.Contains("baseline: unknown \"pgd\"", Problem(j => j["baseline"] = "pgd"));
        Assert.Contains(
            "rows[2].control-of: row \"base\" trains no control",
            Problem(j => j["rows"]![2]!["control-of"] = "base")
        );
        Assert.Contains(
            "rows[2]: give either recipe or control-of",
            Problem(j => j["rows"]![2]!["recipe"] = "fine-tune")
        );
        Assert.Contains("name: \"cells\" is not possible", Problem(j => j["name"] = "cells"));
        Assert.Contains("rows[0].name: \"a/b\" is not possible", Problem(j => j["rows"]![0]!["name"] = "a/b"));
        Assert.Contains("attacks[0].examples: 0", Problem(j => j["attacks"]![0]!["examples"] = 0));
        Assert.Contains("attacks: missing", Problem(j => j.Remove("attacks")));
        Assert.Contains("rows[0].ticket-of: unknown \"theirs\"", Problem(j => j["rows"]![0]!["ticket-of"] = "theirs"));
        Assert.Contains(
            "rows[2].ticket-of: a control has no ticket",
            Problem(j => j["rows"]![2]!["ticket-of"] = "ours")
        );
        Assert.Contains(
            "rows[0].ticket-of (base on sst2): its recipe has no search",
            Problem(j => j["rows"]![0]!["ticket-of"] = "ours")
        );
        Assert.Contains(
            "rows[1].ticket-of (ours on sst2): row \"base\" has no search",
            Problem(j => j["rows"]![1]!["ticket-of"] = "base")
        );
        // Several problems are told at once.
        Assert.Contains(
            "2 problems",
            Problem(j =>
            {
                j["baseline"] = "pgd";
                j["seeds"] = new JsonArray(-1);
            })
        );
    }

    [Fact]
    public void What_is_missing_is_named_before_anything_is_read()
    {
        var folder = Directory.CreateTempSubdirectory("experiment").FullName;
        var file = Path.Combine(folder, "small.json");
        File.WriteAllText(file, Small().ToJsonString());
        Assert.Contains("--data: no path is given for sst2, reviews", Refused(ExitCodes.Usage, "--model", "/no/model"));
        Assert.Contains("--model is missing", Refused(ExitCodes.Usage));
        Assert.Contains(
            "--resource taggr: unknown resource; did you mean tagger",
            Refused(ExitCodes.Usage, "--model", "m", "--resource", "taggr=1")
        );
        Assert.Contains("--only none: matches no cell", Refused(ExitCodes.Usage, "--model", "m", "--only", "none"));
        Assert.Contains("expected NAME=PATH", Refused(ExitCodes.Usage, "--model", "m", "--data", "sst2"));
        Assert.Contains(
            "/no/model",
            Refused(ExitCodes.Data, "--model", "/no/model", "--data", "sst2=/d", "--data", "reviews=/d")
        );
        var list = CliRun.Of("experiment", file, "--list");
        Assert.Equal(12, list.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.All(list.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => Assert.Contains("open", l));
        Assert.Equal(
            6,
            CliRun
                .Of("experiment", file, "--list", "--seeds", "7")
                .Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Length
        );
        Assert.Equal(0, CliRun.Of("experiment", file, "--list", "--device", "cuda:99").Code);
        Assert.Contains(
            "--device cuda:99: ",
            Refused(ExitCodes.Usage, "--model", "m", "--dry-run", "--device", "cuda:99")
        );
        foreach (var mode in new string[][] { [], ["--list"], ["--list", "--dry-run"] })
            Assert.Contains(
                "--tokens-per-second: only --dry-run estimates hours",
                Refused(ExitCodes.Usage, [.. mode, "--model", "m", "--tokens-per-second", "100"])
            );
        Assert.Contains("--seeds 1,1: expected different whole numbers", Refused(ExitCodes.Usage, "--seeds", "1,1"));
        Directory.Delete(folder, recursive: true);

        string Refused(int code, params string[] more)
        {
            var run = CliRun.Of(["experiment", file, .. more]);
            Assert.True(run.Code == code, $"{run.Code}: {run.Error}");
            return run.Error;
        }
    }

    [Fact]
    public void Paths_of_all_experiments_are_asked_for_at_once()
    {
        var folder = Directory.CreateTempSubdirectory("experiment").FullName;
        var other = Small();
        other["name"] = "other";
        other["data"]![1]!["name"] = "films";
        File.WriteAllText(Path.Combine(folder, "a.json"), Small().ToJsonString());
        File.WriteAllText(Path.Combine(folder, "b.json"), other.ToJsonString());
        var run = CliRun.Of("experiment", folder, "--model", "/no/model");
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains(
            "--data: no path is given for sst2, reviews, films; give NAME=PATH for each; or select cells that need "
                + "none of them (--only)",
            run.Error
        );
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("rows")]
    [InlineData("data")]
    [InlineData("seeds")]
    [InlineData("attacks")]
    public void A_missing_list_is_called_a_list(string field) =>
        Assert.Contains($"{field}: missing; expected a list [...]", Problem(j => j.Remove(field)));

    [Fact]
    public void Rows_share_a_ticket_only_when_they_search_alike()
    {
        JsonObject Row(string name, string recipe, params string[] set) =>
            new()
            {
                ["name"] = name,
                ["recipe"] = recipe,
                ["set"] = new JsonArray([.. set.Select(s => (JsonNode)s)]),
                ["ticket-of"] = "first",
            };
        JsonObject With(string first, JsonObject row)
        {
            var json = Small();
            json["rows"] = new JsonArray(row, new JsonObject { ["name"] = "first", ["recipe"] = first });
            json.Remove("baseline");
            return json;
        }

        string Refused(string first, JsonObject row) =>
            Assert.Throws<RecipeException>(() => Plan(With(first, row))).Message;
        Assert.Contains(
            "its search differs from that of row \"first\" (search)",
            Refused("robust-ticket", Row("r", "robust-ticket", "search.epochs=3"))
        );
        Assert.Contains(
            "its search differs from that of row \"first\" (search.kind)",
            Refused("early-robust", Row("r", "robust-ticket"))
        );
        Assert.Contains(
            "its search differs from that of row \"first\" (split)",
            Refused("robust-ticket", Row("r", "robust-ticket", "split.train-examples=100"))
        );
        Assert.Contains(
            "its draw differs from that of row \"first\"",
            Refused("early-robust", Row("r", "early-robust", "draw.neuron-ratio=0.5"))
        );
        Assert.Contains(
            "random weights match a ticket of single weights",
            Refused("early-robust", Row("r", "random-weights"))
        );

        Assert.Contains(
            "it prunes in 5 rounds, row \"first\" in 3",
            Refused("lth", Row("r", "lth", "search.rounds=5", "draw.sparsity=0.5"))
        );
        Assert.Contains(
            "it prunes 0.15 of the weights per round, row \"first\" 0.1",
            Refused("lth", Row("r", "lth", "search.rounds=2"))
        );
        Assert.Contains(
            "its search differs from that of row \"first\" (search)",
            Refused("lth", Row("r", "lth", "search.epochs-per-round=2"))
        );
        var plan = Plan(With("robust-ticket", Row("r", "robust-ticket", "draw.sparsity=0.8")));
        var cell = plan.Cell("r.sst2.seed-2");
        Assert.Equal(
            (
                "first.sst2.seed-2",
                new SavedTicketSearchOptions("first.sst2.seed-2"),
                new RobustTickets.Tickets.WeightDrawOptions(0.8)
            ),
            (cell.TicketFrom, cell.Recipe.Search, cell.Recipe.Draw)
        );
        Assert.Equal(
            new RandomWeightSearchOptions("first.reviews.seed-1"),
            Plan(With("robust-ticket", Row("r", "random-weights"))).Cell("r.reviews.seed-1").Recipe.Search
        );
        Assert.IsType<RobustTickets.Tickets.SavedDraw>(
            Plan(With("early-robust", Row("r", "early-robust-without-structure"))).Cell("r.sst2.seed-1").Recipe.Draw
        );
    }

    [Fact]
    public void Every_published_experiment_can_be_planned()
    {
        var plans = ExperimentFiles.Plan([Folder]);
        Assert.Equal(
            Directory
                .GetFiles(Folder, "*.json")
                .Select(Path.GetFileNameWithoutExtension)
                .Where(name => name is not ("claims" or "published"))
                .Order(StringComparer.Ordinal),
            plans.Select(p => p.Experiment.Name).Order(StringComparer.Ordinal)
        );
        Assert.All(plans, p => Assert.NotEmpty(p.Cells));
    }
}
