// Every bad input ends with its exit code and one message that names the place (file, field, line),
// what was found and what is possible; never with a stack trace, never with something written where
// the output should have been.
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace RobustTickets.Tests.CommandLine;

public sealed class BadInputTests : IDisposable
{
    private const int Usage = 2,
        Data = 3;

    private readonly TinyFolders _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void The_tiny_folders_are_good_when_nothing_is_broken()
    {
        var evaluate = Evaluate();
        Assert.True(evaluate.Code == 0 && evaluate.Error.Length >= 0, evaluate.ToString());
        var train = Train("fine-tune", "--set", "retrain.epochs=1");
        Assert.True(train.Code == 0 && File.Exists(_tiny.Below("run", "result.json")), train.ToString());
    }

    [Fact]
    public void A_missing_model_folder()
    {
        Directory.Move(_tiny.Model, _tiny.Below("elsewhere"));
        AssertRefused(Data, Evaluate(), _tiny.Model);
        AssertRefused(Data, Train("fine-tune"), _tiny.Model);
        AssertRefused(
            Data,
            CommandLine.Run(["predict", "--model", _tiny.Model], stdin: "{\"text\": \"a\"}\n"),
            _tiny.Model
        );
    }

    [Fact]
    public void A_truncated_safetensors_file()
    {
        var bytes = File.ReadAllBytes(_tiny.Weights);
        foreach (var length in new[] { 4, 100, bytes.Length - 40 })
        {
            File.WriteAllBytes(_tiny.Weights, bytes[..length]);
            AssertRefused(Data, Evaluate(), "model.safetensors");
        }
    }

    [Fact]
    public void A_safetensors_header_that_lies_about_offsets()
    {
        const string Name = "bert.pooler.dense.weight";
        foreach (var (begin, end) in new[] { (0L, 256L), (-8L, 248L), (100_000L, 100_256L), (0L, long.MaxValue) })
        {
            File.WriteAllBytes(
                _tiny.Weights,
                TinyFolders.Safetensors(
                    TinyFolders.Tensors(),
                    (name, entry) =>
                    {
                        if (name == Name)
                            entry["data_offsets"] = new JsonArray(begin, end);
                    }
                )
            );
            AssertRefused(Data, Evaluate(), "model.safetensors", Name);
        }
        File.WriteAllBytes(
            _tiny.Weights,
            TinyFolders.Safetensors(
                TinyFolders.Tensors(),
                (name, entry) =>
                {
                    if (name == Name)
                        entry["shape"] = new JsonArray(8, 9);
                }
            )
        );
        AssertRefused(Data, Evaluate(), "model.safetensors", Name);
    }

    [Fact]
    public void A_wrong_hidden_size_in_the_configuration()
    {
        var config = TinyFolders.ConfigJson();
        config["hidden_size"] = 16;
        File.WriteAllText(_tiny.Config, config.ToJsonString());
        // Which tensor does not fit, its shape in the file, and the field of the configuration that
        // asks for another.
        AssertRefused(Data, Evaluate(), "bert.embeddings", "8]", "16");
        config["hidden_size"] = "many";
        File.WriteAllText(_tiny.Config, config.ToJsonString());
        AssertRefused(Data, Evaluate(), "config.json", "hidden_size");
    }

    [Fact]
    public void A_pickle_that_runs_a_command()
    {
        File.Delete(_tiny.Weights);
        var touched = _tiny.Below("touched");
        var pickle = TinyFolders.MaliciousPickle(touched);
        foreach (var bytes in new[] { TinyFolders.TorchZip(pickle), pickle })
        {
            File.WriteAllBytes(_tiny.Pickle, bytes);
            AssertRefused(Data, Evaluate(), "pytorch_model.bin", "os");
            Assert.False(File.Exists(touched), "the pickle was executed");
        }
    }

    [Fact]
    public void A_table_with_a_missing_column()
    {
        File.WriteAllText(_tiny.DevFile, "sentence\tgold\na good film\t1\n");
        AssertRefused(Data, Evaluate(), "dev.tsv", "label", "gold");
        File.WriteAllText(_tiny.TrainFile, "phrase\tlabel\na good film\t1\n");
        AssertRefused(Data, Train("fine-tune"), "train.tsv", "sentence", "phrase");
    }

    [Fact]
    public void A_row_with_too_few_columns()
    {
        File.WriteAllText(_tiny.DevFile, "sentence\tlabel\na good film\t1\na dull film\n");
        AssertRefused(Data, Evaluate(), "dev.tsv:3");
    }

    [Fact]
    public void A_label_that_is_not_in_the_map()
    {
        File.WriteAllText(_tiny.DevFile, "sentence\tlabel\na good film\t1\na dull film\t7\n");
        AssertRefused(Data, Evaluate(), "dev.tsv:3", "7");
        File.WriteAllText(_tiny.TrainFile, "sentence\tlabel\na good film\tgreat\na dull film\t0\n");
        AssertRefused(Data, Train("fine-tune"), "train.tsv:2", "great");
    }

    [Fact]
    public void An_empty_file()
    {
        File.WriteAllText(_tiny.DevFile, "");
        AssertRefused(Data, Evaluate(), "dev.tsv", "empty");
        File.WriteAllText(_tiny.TrainFile, "sentence\tlabel\n");
        AssertRefused(Data, Train("fine-tune"), "train.tsv");
        File.WriteAllBytes(_tiny.Weights, []);
        AssertRefused(
            Data,
            CommandLine.Run(["predict", "--model", _tiny.Model], stdin: "{\"text\": \"a\"}\n"),
            "model.safetensors"
        );
        File.WriteAllText(_tiny.Config, "");
        AssertRefused(
            Data,
            CommandLine.Run(["predict", "--model", _tiny.Model], stdin: "{\"text\": \"a\"}\n"),
            "config.json"
        );
    }

    [Fact]
    public void A_file_that_is_not_text()
    {
        File.WriteAllBytes(
            _tiny.DevFile,
            [.. Encoding.UTF8.GetBytes("sentence\tlabel\ngood "), 0xff, 0xfe, (byte)'\t', (byte)'1', (byte)'\n']
        );
        AssertRefused(Data, Evaluate(), "dev.tsv:2");
    }

    [Fact]
    public void An_unknown_field_of_a_recipe()
    {
        AssertRefused(Usage, Train("fine-tune", "--set", "retrain.epoch=3"), "retrain.epoch", "epochs");
        var shown = CommandLine.Run(["recipes", "show", "early-robust"]).Out;
        var file = _tiny.Below("mine.json");
        File.WriteAllText(file, shown.Replace("\"gamma\"", "\"gama\""));
        Assert.NotEqual(shown, File.ReadAllText(file));
        AssertRefused(Usage, Train(file), "mine.json", "search.stop.gama", "gamma");
        AssertRefused(Usage, Train("early-bird"), "early-bird");
    }

    [Fact]
    public void A_negative_number_of_epochs()
    {
        AssertRefused(Usage, Train("fine-tune", "--set", "retrain.epochs=-1"), "retrain.epochs", "-1");
        AssertRefused(Usage, Train("fine-tune", "--seed", "-1"), "--seed");
    }

    [Fact]
    public void An_output_that_cannot_be_written()
    {
        // Below a file, and on a file system that takes no files: both also refuse root.
        var file = _tiny.Below("a-file");
        File.WriteAllText(file, "");
        foreach (var output in new[] { Path.Combine(file, "run"), file, "/proc/robust-tickets/run" })
        {
            AssertRefused(
                Usage,
                Run(
                    "train",
                    "--recipe",
                    "fine-tune",
                    "--model",
                    _tiny.Model,
                    "--data",
                    _tiny.Data,
                    "--task",
                    "sst2",
                    "--out",
                    output
                ),
                output
            );
        }
        Assert.Equal("", File.ReadAllText(file));
    }

    [Fact]
    public void An_output_that_already_holds_a_run_is_left_as_it_is()
    {
        Directory.CreateDirectory(_tiny.Below("run"));
        File.WriteAllText(_tiny.Below("run", "recipe.json"), "{}");
        var run = CommandLine.Run(_tiny.TrainArguments("fine-tune", _tiny.Below("run")));
        Assert.True(run.Code == Usage, run.ToString());
        Assert.Contains(_tiny.Below("run"), run.Error);
        Assert.Equal("{}", File.ReadAllText(_tiny.Below("run", "recipe.json")));
    }

    [Theory]
    [InlineData("--task", "sst2", "--split", "nothing")]
    [InlineData("--task", "no such task")]
    public void An_unknown_split_or_task(params string[] args)
    {
        var run = Run(["evaluate", "--model", _tiny.Model, "--data", _tiny.Data, .. args]);
        Assert.True(run.Code == Usage, run.ToString());
        Assert.Contains($"{args[^2]} {args[^1]}: not known", run.Error);
        Assert.Contains(args is [_, "sst2", ..] ? "dev" : "sst2", run.Error);
    }

    private static CommandResult Run(params string[] args) => CommandLine.Run(args);

    private CommandResult Evaluate() => Run("evaluate", "--model", _tiny.Model, "--data", _tiny.Data, "--task", "sst2");

    private CommandResult Train(string recipe, params string[] more)
    {
        var run = CommandLine.Run(_tiny.TrainArguments(recipe, _tiny.Below("run"), more));
        // A refusal comes before any compute and leaves no half-made run behind that a corrected
        // command would then trip over.
        if (run.Code != 0)
            Assert.False(Directory.Exists(_tiny.Below("run", "checkpoints")), "a refused run left checkpoints");
        return run;
    }

    private static void AssertRefused(int code, CommandResult run, params string[] names)
    {
        Assert.True(run.Code == code, $"expected exit code {code}: {run}");
        Assert.True(run.Out.Length == 0, run.ToString());
        Assert.Contains("error: ", run.Error);
        Assert.All(names, name => Assert.Contains(name, run.Error));
        Assert.DoesNotContain("   at ", run.Error);
    }
}
