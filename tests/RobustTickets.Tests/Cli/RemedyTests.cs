// What would put an error right is told by the option that does it, and what a file holds is told
// as it stands.
using RobustTickets.Attacks;
using RobustTickets.Cli;
using RobustTickets.Cli.Options;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection(TorchCollection.Name)]
public sealed class RemedyTests : IDisposable
{
    private readonly TinyFolders _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Labels_of_other_names_are_told_of_the_option_that_names_them()
    {
        File.WriteAllText(_tiny.DevFile, "sentence\tlabel\na good film\tgreat\n");
        AssertTold("dev.tsv:2: unknown label 'great'; possible: ", "(--labels)", Evaluate());
        File.WriteAllText(_tiny.DevFile, "sentence\tlabel\na good film\tpositive\n");
        var wrong = Evaluate("--labels", "pos,neg");
        AssertTold("label 'positive'; possible: pos, neg", "(--labels)", wrong);
        Assert.Equal(ExitCodes.Usage, Evaluate("--labels", "neg=0,pos=2").Code);
    }

    [Fact]
    public void What_a_file_holds_is_not_taken_for_words_of_the_library()
    {
        File.WriteAllText(_tiny.DevFile, "sentence\tlabel\na good film\tReplace: true (TextColumn) say split train\n");
        AssertTold("label 'Replace: true (TextColumn) say split train'", "(--labels)", Evaluate());
    }

    [Fact]
    public void A_first_row_that_is_no_header_is_told_of_its_option()
    {
        var file = _tiny.Below("rows.csv");
        File.WriteAllText(file, "a good film,1\na dull film,0\n");
        string[] options = ["--model", _tiny.Model, "--data", file, "--task", "csv"];
        var run = CliRun.Of(["evaluate", .. options]);
        AssertTold(
            "found 'a good film', '1'",
            "name the column (--text-column), or treat the first row as data (--no-header)",
            run
        );
        var named = CliRun.Of(["evaluate", .. options, "--no-header", "--text-column", "0", "--label-column", "1"]);
        Assert.True(named.Code == 0, named.Error);
        File.WriteAllText(file, "body,kind\na good film,1\n");
        Assert.DoesNotContain("--no-header", CliRun.Of(["evaluate", .. options]).Error);
    }

    [Fact]
    public void One_class_alone_is_told_of_the_labels()
    {
        var file = _tiny.Below("one.csv");
        File.WriteAllText(file, "text,label\na good film,1\na dull film,1\n");
        var run = CliRun.Of(
            "train",
            "--recipe",
            "fine-tune",
            "--model",
            _tiny.Model,
            "--data",
            file,
            "--task",
            "csv",
            "--out",
            _tiny.Below("run")
        );
        AssertTold("every label is '1'", "give the map explicitly (--labels)", run);
    }

    [Fact]
    public void An_escape_is_told_as_a_shell_takes_it() =>
        Assert.Equal("say so (--escape '\\')", FieldOptions.Spell(new Remedy("say so", "Escape", "\\")));

    [Fact]
    public void A_place_before_an_error_keeps_its_remedy()
    {
        var error = new DataException("no column", new Remedy("name it", "TextColumn")).Within("evaluate.epoch-attack");
        Assert.Equal("evaluate.epoch-attack: no column; name it (TextColumn)", error.Message);
        Assert.Equal("evaluate.epoch-attack: no column; name it (--text-column)", FieldOptions.Message(error));
    }

    [Fact]
    public void An_attack_on_nothing_is_told_of_all_that_it_may_be_on()
    {
        var run = CliRun.Of("attack", "--model", _tiny.Model, "--recipe", "deepwordbug");
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains("--data is missing; --text attacks one sentence, --interactive", run.Error);
    }

    [Fact]
    public void An_onnx_model_is_not_trained_and_what_makes_one_that_is_stands_there()
    {
        var model = Directory.CreateDirectory(_tiny.Below("onnx")).FullName;
        File.WriteAllText(Path.Combine(model, "model.onnx"), "");
        var run = CliRun.Of(
            "train",
            "--recipe",
            "fine-tune",
            "--model",
            model,
            "--data",
            _tiny.Data,
            "--task",
            "sst2",
            "--out",
            _tiny.Below("run")
        );
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains("robust-tickets models import --onnx", run.Error);
    }

    [Fact]
    public void More_word_pieces_than_a_model_reads_are_noted()
    {
        const string Asked = "99999 word pieces were requested";
        var evaluate = Evaluate("--max-length", "99999");
        Assert.True(evaluate.Code == 0, evaluate.Error);
        Assert.Contains($"note: {Asked}", evaluate.Error);
        Assert.DoesNotContain("were requested", Evaluate("--max-length", "16").Error);
        foreach (var (command, note) in new[] { ("predict", Asked), ("tokenize", "--max-length 99999 exceeds") })
        {
            var run = CliRun.With("{\"text\": \"good\"}\n", command, "--model", _tiny.Model, "--max-length", "99999");
            Assert.True(run.Code == 0, run.Error);
            Assert.Contains($"note: {note}", run.Error);
        }
    }

    [Fact]
    public void A_plan_refuses_a_device_that_is_not_there()
    {
        string[] plan = [.. _tiny.TrainArguments("fine-tune", _tiny.Below("run")), "--dry-run"];
        var run = CliRun.Of([.. plan, "--device", "cuda:99"]);
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains("--device cuda:99: ", run.Error);
        Assert.Equal(ExitCodes.Usage, CliRun.Of([.. plan, "--threads", "1000000"]).Code);
        Assert.Equal(0, CliRun.Of(plan).Code);
    }

    [Fact]
    public void A_demo_refuses_threads_that_no_machine_has_before_it_makes_a_folder()
    {
        var run = CliRun.Of("demo", "--out", _tiny.Below("demo"), "--threads", "1000000");
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains("--threads 1000000: ", run.Error);
        Assert.False(Directory.Exists(_tiny.Below("demo")));
    }

    [Theory]
    [InlineData("retrain.epochs=1", "")]
    [InlineData("max-length=2", "must be at least 3: two special tokens and one word piece")]
    [InlineData("max-length=99999", "must be at most 65536")]
    public void A_limit_gives_its_own_reason(string setting, string expected)
    {
        var run = CliRun.Of("recipes", "show", "fine-tune", "--set", setting);
        Assert.Contains(expected, run.Error);
        Assert.Equal(setting == "max-length=2", run.Error.Contains("special tokens", StringComparison.Ordinal));
    }

    [Fact]
    public void A_recipe_is_shown_as_JSON_asked_for_or_not()
    {
        var asked = CliRun.Of("recipes", "show", "fine-tune", "--json");
        Assert.True(asked.Code == ExitCodes.Ok, asked.Error);
        Assert.Equal(CliRun.Of("recipes", "show", "fine-tune").Out, asked.Out);
    }

    [Fact]
    public void Resources_have_the_names_of_their_kinds_too()
    {
        var named = CommonOptions.ReadResources(["word-vectors=a", "sentence-encoder=b", "stop-words=c"]);
        Assert.Equal(CommonOptions.ReadResources(["vectors=a", "encoder=b", "stop-words=c"]), named);
        Assert.Equal(("a", "b", "c"), (named.Vectors, named.Encoder, named.StopWords));
        Assert.Contains(
            "given twice",
            Assert.Throws<UsageException>(() => CommonOptions.ReadResources(["vectors=a", "word-vectors=b"])).Message
        );
        Assert.Contains(
            "did you mean",
            Assert.Throws<UsageException>(() => CommonOptions.ReadResources(["vector=a"])).Message
        );
    }

    private CliRun Evaluate(params string[] more) =>
        CliRun.Of(["evaluate", "--model", _tiny.Model, "--data", _tiny.Data, "--task", "sst2", .. more]);

    private static void AssertTold(string problem, string remedy, CliRun run)
    {
        Assert.True(run.Code == ExitCodes.Data, run.ToString());
        Assert.Contains(problem, run.Error);
        Assert.Contains(remedy, run.Error);
    }
}
