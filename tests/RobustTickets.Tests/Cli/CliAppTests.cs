using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Cli;
using RobustTickets.Export;
using RobustTickets.Models;
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Runs;
using RobustTickets.Torch.Native;
using Xunit;

namespace RobustTickets.Tests.Cli;

public sealed class CliAppTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cli").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<Exception, int> Mapping() =>
        new()
        {
            { new UsageException("u"), 2 },
            { new RecipeException("r"), 2 },
            { new RunFolderException("f"), 2 },
            {
                new RecipeException("no such file") { Unreadable = true },
                3
            },
            { new DataException("d"), 3 },
            { new TorchUnavailableException("t"), 3 },
            { new FileNotFoundException("n"), 3 },
            { new CheckpointException("c"), 3 },
            { new NumericFailureException("n"), 4 },
            { new ExportVerificationException("e"), 5 },
            { new OperationCanceledException(), 143 },
            {
                new CheckpointException("c") { OfOutput = true },
                2
            },
            { new OutputException("o"), 2 },
            { new IOException("no space", 28), 2 },
            { new DataException("log", new IOException("no space", 28)), 2 },
            { new IOException("input/output error", 5), 3 },
            { new UnauthorizedAccessException("unreadable"), 3 },
            { new InvalidOperationException("bug"), 1 },
        };

    [Theory]
    [MemberData(nameof(Mapping))]
    public void Every_outcome_has_its_exit_code(Exception e, int code) =>
        Assert.Equal(code, ExitCodes.Of(e, stopCode: 143));

    [Fact]
    public void Help_and_version_need_nothing()
    {
        var help = CliRun.Of("--help");
        Assert.Equal((0, ""), (help.Code, help.Error));
        Assert.Contains("recipes", help.Out);
        var version = CliRun.Of("--version");
        Assert.Equal((0, ""), (version.Code, version.Error));
        Assert.Equal(CliApp.Version + "\n", version.Out);
    }

    [Theory]
    [InlineData("see: robust-tickets --help", "trian")]
    [InlineData("see: robust-tickets recipes --help", "recipes")]
    [InlineData("see: robust-tickets recipes show --help", "recipes", "show")]
    [InlineData("see: robust-tickets recipes list --help", "recipes", "list", "--jsn")]
    [InlineData("see: robust-tickets tokenize --help", "tokenize")]
    [InlineData("see: robust-tickets tokenize --help", "tokenize", "--model", "x", "--max-length", "many")]
    public void A_command_line_that_does_not_parse_is_usage_and_says_where_help_is(string hint, params string[] args)
    {
        var run = CliRun.Of(args);
        Assert.Equal((ExitCodes.Usage, ""), (run.Code, run.Out));
        Assert.StartsWith("error: ", run.Error);
        Assert.EndsWith($"hint: {hint}\n", run.Error);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("NaN")]
    [InlineData("1e308")]
    public void A_time_that_no_clock_shows_is_usage(string seconds)
    {
        var run = CliRun.Of("attack", "--model", "m", "--text", "good", "--time-limit", seconds);
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.StartsWith("error: --time-limit must be at least 0.000001", run.Error);
    }

    [Theory]
    [InlineData(
        "--out",
        "train",
        "--recipe",
        "fine-tune",
        "--model",
        "m",
        "--data",
        "d",
        "--task",
        "sst2",
        "--out",
        ""
    )]
    [InlineData("--model", "evaluate", "--data", "d", "--task", "sst2", "--model", "")]
    [InlineData("--data", "attack", "--model", "m", "--task", "sst2", "--data", "")]
    [InlineData("--input", "tokenize", "--model", "m", "--input", "")]
    [InlineData("run", "report", "")]
    [InlineData("file", "recipes", "check", "a.json", "")]
    public void An_empty_name_of_a_file_or_folder_is_usage(string name, params string[] args)
    {
        var run = CliRun.Of(args);
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.StartsWith($"error: {name}: the name is empty\n", run.Error);
    }

    [Fact]
    public void Recipes_are_listed_shown_and_checked()
    {
        var list = CliRun.Of("recipes", "list", "--json");
        Assert.Equal(0, list.Code);
        Assert.Equal(
            RecipePresets.List.Select(p => p.Name),
            JsonNode.Parse(list.Out)!.AsArray().Select(p => p!["name"]!.GetValue<string>())
        );
        // For people: every preset once, below the tasks that it has numbers for.
        var tasks = "";
        var rows = new List<(string Tasks, string Name, string Summary)>();
        foreach (var line in CliRun.Of("recipes", "list").Out.Split('\n'))
        {
            if (line.StartsWith("with numbers for ", StringComparison.Ordinal))
                tasks = line["with numbers for ".Length..line.IndexOf(" (", StringComparison.Ordinal)];
            else if (line.StartsWith("  ", StringComparison.Ordinal))
                rows.Add((tasks, line.Trim().Split(' ')[0], line.Trim().Split("  ", 2)[1].TrimStart()));
        }
        Assert.Equal(
            RecipePresets.List.Select(p => (string.Join(", ", p.Tasks), p.Name, p.Summary)).Order(),
            rows.Order()
        );

        var show = CliRun.Of(
            "recipes",
            "show",
            "early-robust",
            "--task",
            "imdb",
            "--set",
            "retrain.epochs=3",
            "--set",
            "search.stop.gamma=0.2"
        );
        Assert.Equal(0, show.Code);
        var file = Path.Combine(_folder, "mine.json");
        File.WriteAllText(file, show.Out);
        Assert.Equal(
            RecipeOverrides.Apply(
                RecipePresets.Get("early-robust", "imdb"),
                ["retrain.epochs=3", "search.stop.gamma=0.2"]
            ),
            RecipeJson.ReadFile(file)
        );

        var good = CliRun.Of("recipes", "check", file);
        Assert.Equal((0, $"{file}: ok (early-robust, imdb)\n"), (good.Code, good.Out));
        File.WriteAllText(
            file,
            show.Out.Replace("\"epochs\": 3", "\"epochs\": -3").Replace("\"batch-size\": 8", "\"batch-size\": 0")
        );
        var bad = CliRun.Of("recipes", "check", file);
        Assert.Equal(ExitCodes.Usage, bad.Code);
        Assert.Contains($"{file}: batch-size: 0 is not possible", bad.Out);
        Assert.Contains($"{file}: retrain.epochs: -3 is not possible", bad.Out);
        var json = JsonNode.Parse(CliRun.Of("recipes", "check", file, "--json").Out)!.AsArray()[0]!;
        Assert.Equal((false, 2), (json["ok"]!.GetValue<bool>(), json["problems"]!.AsArray().Count));

        File.WriteAllText(
            file,
            show.Out.Replace(
                "\"equal-epoch-control\": false",
                "\"equal-epoch-control\": false, \"epoch-attack\": { \"recipe\": \"textfoller\" }"
            )
        );
        var misspelt = CliRun.Of("recipes", "check", file);
        Assert.Equal(ExitCodes.Usage, misspelt.Code);
        Assert.Contains(
            $"{file}: evaluate.epoch-attack.recipe: unknown \"textfoller\"; possible: textfooler, ",
            misspelt.Out
        );
    }

    [Theory]
    [InlineData("retrain.epoch: unknown field", "recipes", "show", "early-robust", "--set", "retrain.epoch=3")]
    [InlineData("retrain.epochs: -1 is not possible", "recipes", "show", "early-robust", "--set", "retrain.epochs=-1")]
    [InlineData("did you mean early-robust?", "recipes", "show", "earlyrobust")]
    public void A_recipe_that_cannot_be_is_usage(string expected, params string[] args)
    {
        var run = CliRun.Of(args);
        Assert.Equal((ExitCodes.Usage, ""), (run.Code, run.Out));
        Assert.Contains(expected, run.Error);
        Assert.DoesNotContain("   at ", run.Error);
    }

    [Theory]
    [InlineData("recipes", "show", "nope.json")]
    [InlineData("recipes", "check", "nope.json")]
    [InlineData("experiment", "nope.json", "--list")]
    [InlineData("train", "--recipe", "nope.json", "--model", "m", "--data", "d", "--task", "sst2", "--out", "o")]
    [InlineData("serve", "--runs", "nope.json")]
    public void A_file_that_is_not_there_is_missing_data(params string[] args)
    {
        var run = CliRun.Of(args);
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains("nope.json: no such", run.Out + run.Error);
    }

    [Fact]
    public void Of_several_recipe_files_a_missing_one_counts_more_than_a_wrong_one()
    {
        var wrong = Path.Combine(_folder, "wrong.json");
        File.WriteAllText(wrong, "{}");
        Assert.Equal(ExitCodes.Usage, CliRun.Of("recipes", "check", wrong).Code);
        var run = CliRun.Of("recipes", "check", "nope.json", wrong);
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains("wrong.json: name: missing", run.Out);
    }

    [Fact]
    public void Texts_are_tokenized_from_standard_input_and_from_a_file()
    {
        var model = Vocabulary("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "##ly", "film");
        const string Lines = "{\"text\":\"Good film\"}\n\n{\"text\":\"badly\",\"text_pair\":\"film\",\"id\":7}\n";
        var run = CliRun.With(Lines, "tokenize", "--model", model);
        Assert.Equal(
            (
                0,
                """
                {"tokens":["[CLS]","good","film","[SEP]"],"ids":[2,5,8,3],"segments":[0,0,0,0]}
                {"tokens":["[CLS]","bad","##ly","[SEP]","film","[SEP]"],"ids":[2,6,7,3,8,3],"segments":[0,0,0,0,1,1]}

                """
            ),
            (run.Code, run.Out)
        );
        var file = Path.Combine(_folder, "in.jsonl");
        File.WriteAllText(file, Lines);
        Assert.Equal(run.Out, CliRun.Of("tokenize", "--model", model, "--input", file).Out);
        Assert.StartsWith(
            "{\"tokens\":[\"[CLS]\",\"good\",\"[SEP]\"]",
            CliRun.With(Lines, "tokenize", "--model", model, "--max-length", "3").Out
        );
    }

    [Theory]
    [InlineData("{\"txt\":\"a\"}", "standard input:2: no field \"text\"; found txt")]
    [InlineData("{\"text\":3}", "standard input:2: field \"text\" must be a string, found 3")]
    [InlineData("not json", "standard input:2: expected an object {\"text\": ...} on one line, found not json")]
    [InlineData("[1]", "standard input:2: expected an object")]
    public void A_bad_line_is_a_data_error_with_its_place(string line, string expected)
    {
        var run = CliRun.With(
            "{\"text\":\"good\"}\n" + line + "\n",
            "tokenize",
            "--model",
            Vocabulary("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good")
        );
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains(expected, run.Error);
        // The line before it was answered.
        Assert.StartsWith("{\"tokens\":[\"[CLS]\",\"good\",\"[SEP]\"]", run.Out);
    }

    [Fact]
    public void Missing_files_are_data_errors()
    {
        Assert.Equal(ExitCodes.Data, CliRun.Of("tokenize", "--model", Path.Combine(_folder, "none")).Code);
        var run = CliRun.Of(
            "tokenize",
            "--model",
            Vocabulary("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
            "--input",
            "/no/such.jsonl"
        );
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains("/no/such.jsonl: no such file", run.Error);
        var report = CliRun.Of("report", Path.Combine(_folder, "none"));
        Assert.Equal(ExitCodes.Data, report.Code);
        Assert.Contains("no such run folder", report.Error);
    }

    private string Vocabulary(params string[] tokens)
    {
        File.WriteAllLines(Path.Combine(_folder, "vocab.txt"), tokens);
        return _folder;
    }
}
