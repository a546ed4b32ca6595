using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Cli;
using RobustTickets.Export;
using RobustTickets.Runs;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>
/// The commands that run a model, in this process, on a model and data small enough to be made on
/// the spot.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class ModelCommandTests : IDisposable
{
    private const string Two = "{\"text\":\"a good film\"}\n{\"text\":\"dull\"}\n";
    private readonly TinyFolders _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_ticket_is_trained_evaluated_attacked_exported_and_reported()
    {
        var run = _tiny.Below("run");
        var train = Train(run, "--set", "retrain.epochs=1", "--set", "batch-size=2", "--json");
        Assert.True(train.Code == 0, train.Error);
        Assert.Equal("finished", (string?)JsonNode.Parse(train.Out)!["status"]);
        Assert.Equal("early-robust", RunResult.Load(Path.Combine(run, "result.json")).Name);
        var model = Path.Combine(run, "model");

        var evaluate = CliRun.Of("evaluate", "--model", model, "--data", _tiny.Data, "--task", "sst2", "--json");
        var measured = JsonNode.Parse(evaluate.Out)!;
        Assert.Equal(("dev", 16), ((string?)measured["split"], (int)measured["examples"]!));
        Assert.Equal((int)measured["correct"]! / 16.0, (double)measured["accuracy"]!, 12);

        var predict = CliRun.With(Two, "predict", "--model", model, "--logits");
        var answers = predict
            .Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonNode.Parse(l)!)
            .ToList();
        Assert.Equal(2, answers.Count);
        foreach (var answer in answers)
        {
            var scores = answer["scores"]!.AsObject();
            Assert.Equal(["negative", "positive"], scores.Select(s => s.Key));
            Assert.Equal(1, scores.Sum(s => (double)s.Value!), 12);
            Assert.Equal(scores.MaxBy(s => (double)s.Value!).Key, (string?)answer["label"]);
            Assert.Equal(2, answer["logits"]!.AsArray().Count);
        }

        var neighbours = _tiny.Below("neighbours.json");
        File.WriteAllText(
            neighbours,
            """{"good":["moving","very"],"moving":["good"],"dull":["bad"],"bad":["dull"],"film":["story"],"story":"""
                + """["film"]}"""
        );
        string[] attack =
        [
            "attack",
            "--model",
            model,
            "--data",
            _tiny.Data,
            "--task",
            "sst2",
            "--neighbours",
            neighbours,
            "--no-similarity",
            "--no-part-of-speech",
            "--json",
        ];
        var attacked = CliRun.Of(attack);
        Assert.True(attacked.Code == 0, attacked.Error);
        var folder = Path.Combine(run, "attacks", "textfooler");
        Assert.Equal(16, File.ReadAllLines(Path.Combine(folder, "examples.jsonl")).Length);
        Assert.True(File.Exists(Path.Combine(folder, "results.csv")));
        // A run stands for its model, in every command.
        Assert.Equal(model, RunFolder.ModelOf(run));
        Assert.Equal(predict.Out, CliRun.With(Two, "predict", "--model", run, "--logits").Out);
        Assert.Equal(
            CliRun.With(Two, "tokenize", "--model", model).Out,
            CliRun.With(Two, "tokenize", "--model", run).Out
        );
        Assert.Equal(
            evaluate.Out,
            CliRun.Of("evaluate", "--model", run, "--data", _tiny.Data, "--task", "sst2", "--json").Out
        );
        var compact = CliRun.Of("export", "--model", run, "--format", "hf-compact", "--out", _tiny.Below("compact"));
        Assert.True(compact.Code == 0, compact.Error);
        CliRun Again(string from) => Train(_tiny.Below("again"), "--model", from, "--dry-run");
        Assert.Equal((Again(model).Code, Again(model).Error), (Again(run).Code, Again(run).Error));
        // The same command again finds everything done and changes nothing.
        var before = File.ReadAllText(Path.Combine(folder, "examples.jsonl"));
        Assert.Equal(attacked.Out, CliRun.Of(attack).Out);
        Assert.Equal(before, File.ReadAllText(Path.Combine(folder, "examples.jsonl")));

        var dense = _tiny.Below("dense");
        var export = CliRun.Of("export", "--model", model, "--format", "hf-dense", "--out", dense);
        Assert.True(export.Code == 0, export.Error);
        using (var written = HuggingFaceFolder.Open(dense))
        {
            Assert.Null(written.Config.Ticket);
            Assert.Equal([12L, 8], written.Weights.Info("bert.encoder.layer.0.intermediate.dense.weight").Shape);
        }
        Assert.Equal(
            evaluate.Out.Replace(model, dense),
            CliRun.Of("evaluate", "--model", dense, "--data", _tiny.Data, "--task", "sst2", "--json").Out
        );

        var html = _tiny.Below("report.html");
        var report = CliRun.Of("report", run, "--out", html);
        Assert.True(report.Code == 0, report.Error);
        Assert.Contains("early-robust", report.Out);
        Assert.StartsWith("<!doctype html>", File.ReadAllText(html));
    }

    [Fact]
    public void A_dry_run_prints_the_plan_and_writes_nothing()
    {
        var run = _tiny.Below("run");
        var dry = Train(run, "--dry-run", "--json", "--set", "search.allow-short=true");
        Assert.True(dry.Code == 0, dry.Error);
        var plan = JsonNode.Parse(dry.Out)!;
        // Six of 64 examples are held out for development; a search of one epoch leaves out the
        // part batch.
        Assert.Equal(
            (58, 6, 2, 20L, 1L),
            (
                (int)plan["train_examples"]!,
                (int)plan["development_examples"]!,
                (int)plan["steps_per_epoch"]!,
                (long)plan["retrain_steps"]!,
                (long)plan["search_steps_at_most"]!
            )
        );
        Assert.Equal("early-robust", (string?)plan["recipe"]!["name"]);
        Assert.False(Directory.Exists(run));
    }

    [Theory]
    [InlineData(2, "already holds a run", "--out", "EXISTING")]
    [InlineData(2, "retrain.epochs: -1 is not possible", "--set", "retrain.epochs=-1")]
    [InlineData(2, "retrain.epoch: unknown field", "--set", "retrain.epoch=1")]
    [InlineData(2, "--task nope: not known", "--task", "nope")]
    [InlineData(2, "--device tpu", "--device", "tpu")]
    [InlineData(2, "--checkpoint-every must be at least 0", "--checkpoint-every", "-1")]
    [InlineData(2, "is a file", "--out", "FILE")]
    [InlineData(3, "no such folder", "--model", "/no/such/model")]
    [InlineData(3, "/no/such/data", "--data", "/no/such/data")]
    public void What_cannot_be_trained_is_refused_before_any_compute(
        int code,
        string message,
        string option,
        string value
    )
    {
        var existing = Directory.CreateDirectory(_tiny.Below("existing")).FullName;
        File.WriteAllText(Path.Combine(existing, "recipe.json"), "{}");
        var file = _tiny.Below("file");
        File.WriteAllText(file, "");
        value = value switch
        {
            "EXISTING" => existing,
            "FILE" => file,
            _ => value,
        };
        var run = _tiny.Below("run");
        var result = CliRun.Of(_tiny.TrainArguments("fine-tune", run, option, value));
        Assert.True(code == result.Code, $"exit code {result.Code}: {result.Error}");
        Assert.Contains(message, result.Error);
        Assert.Empty(result.Out);
        Assert.False(
            File.Exists(Path.Combine(run, "events.jsonl")) && new FileInfo(Path.Combine(run, "events.jsonl")).Length > 0
        );
    }

    [Fact]
    public void Class_names_decide_the_order_of_labels()
    {
        // A model that names its classes the other way round: its accuracy must be that of its
        // names, not of the file's numbers.
        var model = _tiny.Model;
        var plain = Accuracy(model);
        var config = TinyFolders.ConfigJson();
        config["id2label"] = new JsonObject { ["0"] = "positive", ["1"] = "negative" };
        config["label2id"] = new JsonObject { ["positive"] = 0, ["negative"] = 1 };
        File.WriteAllText(_tiny.Config, config.ToJsonString());
        Assert.Equal(1 - plain, Accuracy(model), 12);
    }

    [Fact]
    public void A_model_with_another_number_of_classes_is_refused()
    {
        var file = _tiny.Below("three.csv");
        File.WriteAllText(file, "text,label\na film,x\na story,y\ngood,z\n");
        var run = CliRun.Of("evaluate", "--model", _tiny.Model, "--data", file, "--task", "csv", "--labels", "x,y,z");
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains("the model has 2", run.Error);
    }

    [Fact]
    public void An_attack_without_substitutes_or_without_a_place_is_refused()
    {
        var none = CliRun.Of(
            "attack",
            "--model",
            _tiny.Model,
            "--data",
            _tiny.Data,
            "--task",
            "sst2",
            "--no-similarity",
            "--no-part-of-speech",
            "--out",
            _tiny.Below("a"),
            "--neighbours",
            "/no/table.json"
        );
        Assert.Equal(ExitCodes.Data, none.Code);
        Assert.Contains("/no/table.json", none.Error);
        var place = CliRun.Of(
            "attack",
            "--model",
            _tiny.Model,
            "--data",
            _tiny.Data,
            "--task",
            "sst2",
            "--no-similarity"
        );
        Assert.Equal(ExitCodes.Usage, place.Code);
        Assert.Contains("--out is missing", place.Error);
        var table = _tiny.Below("table.json");
        File.WriteAllText(table, """{"film": ["movie"]}""");
        var encoder = CliRun.Of(
            "attack",
            "--model",
            _tiny.Model,
            "--data",
            _tiny.Data,
            "--task",
            "sst2",
            "--recipe",
            "textfooler",
            "--neighbours",
            table,
            "--no-part-of-speech",
            "--out",
            _tiny.Below("a")
        );
        Assert.Equal(ExitCodes.Usage, encoder.Code);
        Assert.Contains("--encoder: ", encoder.Error);
        Assert.Contains("give a sentence encoder (any BERT folder)", encoder.Error);
    }

    [Fact]
    public void A_dense_export_that_differs_is_exit_code_5_material()
    {
        var target = _tiny.Below("copy");
        HuggingFaceExport.Write(_tiny.Model, target, HuggingFaceLayout.Compact);
        Assert.Equal(0, ExportCheck.Verify(_tiny.Model, target, 2));
        // Mutant: one weight of the output projection off by a hundredth.
        var file = Path.Combine(target, "model.safetensors");
        using (var tensors = SafetensorsFile.Open(file))
        {
            var all = tensors.Tensors.Select(t => NamedTensor.From(tensors, t.Name)).ToList();
            var index = all.FindIndex(t => t.Name == "bert.encoder.layer.1.attention.output.dense.weight");
            var values = tensors.ReadFloats(all[index].Name);
            values[3] += 0.01f;
            all[index] = NamedTensor.FromFloats(all[index].Name, all[index].Shape, values);
            SafetensorsWriter.Write(file + ".new", all);
        }
        File.Move(file + ".new", file, overwrite: true);
        var error = Assert.Throws<ExportVerificationException>(() => ExportCheck.Verify(_tiny.Model, target, 2));
        Assert.Equal(ExitCodes.ExportVerification, ExitCodes.Of(error, 0));
    }

    [Fact]
    public void A_small_model_is_pretrained_and_opens_again()
    {
        var corpus = _tiny.Below("corpus.txt");
        File.WriteAllLines(
            corpus,
            Enumerable.Range(0, 40).Select(i => i % 2 == 0 ? "a good film and a moving story ." : "the story not dull")
        );
        var target = _tiny.Below("pretrained");
        var run = CliRun.Of(
            "pretrain",
            "--corpus",
            corpus,
            "--config",
            _tiny.Config,
            "--vocab",
            Path.Combine(_tiny.Model, "vocab.txt"),
            "--out",
            target,
            "--batch-size",
            "8",
            "--epochs",
            "2",
            "--json"
        );
        Assert.True(run.Code == 0, run.Error);
        Assert.Equal(10, (int)JsonNode.Parse(run.Out)!["steps"]!);
        var tokens = CliRun.With("{\"text\":\"Good film\"}\n", "tokenize", "--model", target);
        Assert.Contains("\"good\",\"film\"", tokens.Out);
        using var folder = HuggingFaceFolder.Open(target);
        Assert.Contains("BertForMaskedLM", folder.Config.Architectures);
        Assert.Equal(
            ExitCodes.Usage,
            CliRun
                .Of(
                    "pretrain",
                    "--corpus",
                    corpus,
                    "--config",
                    _tiny.Config,
                    "--vocab",
                    "v",
                    "--out",
                    target,
                    "--epochs",
                    "0"
                )
                .Code
        );
        Assert.Equal(
            ExitCodes.Data,
            CliRun
                .Of(
                    "pretrain",
                    "--corpus",
                    "/no/corpus",
                    "--config",
                    _tiny.Config,
                    "--vocab",
                    _tiny.Model,
                    "--out",
                    _tiny.Below("not-begun")
                )
                .Code
        );
    }

    private double Accuracy(string model)
    {
        var run = CliRun.Of("evaluate", "--model", model, "--data", _tiny.Data, "--task", "sst2", "--json");
        Assert.True(run.Code == 0, run.Error);
        return (double)JsonNode.Parse(run.Out)!["accuracy"]!;
    }

    private CliRun Train(string run, params string[] more) =>
        CliRun.Of(_tiny.TrainArguments("early-robust", run, ["--checkpoint-every", "0", .. more]));
}
