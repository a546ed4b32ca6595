// models list|get|where|import, and names in the place of folders in every command.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli;
using RobustTickets.Cli.Demo;
using RobustTickets.Cli.Demo.Corpus;
using RobustTickets.Cli.Terminal;
using RobustTickets.Testing;
using RobustTickets.Tests.CommandLine;
using RobustTickets.Tests.Evaluation;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection(TorchCollection.Name)]
public sealed class ModelsCommandTests : IDisposable
{
    private static readonly string[] Offline = ["ROBUST_TICKETS_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];

    private static readonly string[] Variables = [ModelStore.Variable, "HF_HUB_CACHE", "NUGET_PACKAGES", .. Offline];

    private readonly TinyFolders _tiny = new();
    private readonly string?[] _before = Array.ConvertAll(Variables, Environment.GetEnvironmentVariable);

    public ModelsCommandTests()
    {
        Set(_tiny.Below("models"), _tiny.Below("hub"), _tiny.Below("packages"), "1", null, null);
        Copy(_tiny.Below("models", "tiny"));
        Copy(_tiny.Below("hub", "models--org--tiny", "snapshots", "c0ffee"));
    }

    public void Dispose()
    {
        Set(_before);
        _tiny.Dispose();
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("org/tiny")]
    public void A_name_is_taken_wherever_a_folder_is(string name)
    {
        string[][] commands =
        [
            ["predict", "--model", name, "--format", "text"],
            ["tokenize", "--model", name, "--format", "text"],
            ["evaluate", "--model", name, "--data", _tiny.Data, "--task", "sst2"],
            ["export", "--model", name, "--format", "hf-dense", "--out", _tiny.Below("exported")],
            ["attack", "--model", name, "--recipe", "deepwordbug", "--text", "a good film", "--label", "positive"],
            [
                "attack",
                "--model",
                name,
                "--recipe",
                "bae",
                "--masked-lm",
                "no-such",
                "--no-similarity",
                "--no-part-of-speech",
                "--text",
                "a good film",
                "--label",
                "positive",
            ],
            [
                "train",
                "--recipe",
                "fine-tune",
                "--model",
                name,
                "--data",
                _tiny.Data,
                "--task",
                "sst2",
                "--out",
                _tiny.Below("run"),
                "--dry-run",
            ],
        ];
        foreach (var command in commands)
        {
            var run = CliRun.With("a good film\n", command);
            if (command.Contains("no-such"))
                Assert.Contains("no-such: no such folder", run.Error);
            else
                Assert.True(run.Code == ExitCodes.Ok, $"{string.Join(' ', command)}: {run.Error}");
        }
    }

    [Fact]
    public void An_unknown_name_is_exit_code_3_with_the_command_that_helps()
    {
        foreach (
            var command in (string[][])
                [
                    ["predict"],
                    ["tokenize"],
                    ["export", "--format", "hf-dense", "--out", _tiny.Below("x")],
                ]
        )
        {
            var near = CliRun.Of([command[0], "--model", "tinny", .. command[1..]]);
            Assert.Equal(ExitCodes.Data, near.Code);
            Assert.Contains("did you mean tiny", near.Error);
            var known = CliRun.Of([command[0], "--model", "minilm-l6", .. command[1..]]);
            Assert.Equal(ExitCodes.Data, known.Code);
            Assert.Contains("hint: robust-tickets models get minilm-l6", known.Error);
        }
        string[] pretrain = ["pretrain", "--corpus", _tiny.Config, "--config", _tiny.Config, "--out", _tiny.Below("x")];
        var vocabulary = CliRun.Of([.. pretrain, "--vocab", "minilm-l6"]);
        Assert.Equal(ExitCodes.Data, vocabulary.Code);
        Assert.Contains("hint: robust-tickets models get minilm-l6", vocabulary.Error);
    }

    [Theory]
    [InlineData("ROBUST_TICKETS_OFFLINE")]
    [InlineData("HF_HUB_OFFLINE")]
    [InlineData("TRANSFORMERS_OFFLINE")]
    public void What_may_not_be_fetched_is_said_and_exit_code_3(string variable)
    {
        foreach (var name in Offline)
            Environment.SetEnvironmentVariable(name, name == variable ? "1" : null);
        var run = CliRun.Of("models", "get", "minilm-l6");
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains("is not available: ", run.Error);
        Assert.Contains($"{variable} forbids downloading it", run.Error);
        Assert.Contains("licence: Apache-2.0", run.Error);
        Assert.Contains("gpt: unknown model", CliRun.Of("models", "get", "gpt").Error);
    }

    [Fact]
    public void The_list_shows_what_is_here_and_what_can_be_had()
    {
        var text = CliRun.Of("models", "list").Out;
        Assert.Contains(_tiny.Below("models", "tiny"), text);
        Assert.Contains("org/tiny", text);
        Assert.Contains("robust-tickets models get arctic-xs", text);
        var json = JsonNode.Parse(CliRun.Of("models", "list", "--json").Out)!;
        Assert.Equal(
            ["tiny", "org/tiny", "minilm-l6", "arctic-xs"],
            json["models"]!.AsArray().Select(m => (string?)m!["name"])
        );
        Assert.Equal(_tiny.Below("models", "tiny") + "\n", CliRun.Of("models", "where", "tiny").Out);
        Assert.Equal(_tiny.Below("models") + "\n", CliRun.Of("models", "where").Out);
        Assert.Equal(ExitCodes.Data, CliRun.Of("models", "where", "no-such").Code);
    }

    [Fact]
    public void An_import_of_something_else_is_exit_code_3()
    {
        var run = CliRun.Of(
            "models",
            "import",
            "--onnx",
            _tiny.Weights,
            "--vocab",
            Path.Combine(_tiny.Model, "vocab.txt"),
            "--out",
            _tiny.Below("made")
        );
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains("not an ONNX model", run.Error);
        var folder = CliRun.Of("models", "import", "--onnx", "x.onnx", "--vocab", _tiny.Model, "--out", "made");
        Assert.Equal(ExitCodes.Data, folder.Code);
        Assert.Contains($"{_tiny.Model}: is a folder; expected a WordPiece vocabulary", folder.Error);
        Assert.False(Directory.Exists(_tiny.Below("made")));
    }

    [Fact]
    public void An_encoder_of_an_attack_is_found_by_its_name()
    {
        using var models = new AttackModels();
        Assert.Same(models.LoadEncoder(_tiny.Below("models", "tiny")), models.LoadEncoder("tiny"));
        Assert.Contains("BERT", models.Describe("org/tiny", AttackModelKind.SentenceEncoder));
    }

    [Fact]
    public void A_masked_language_model_of_an_attack_is_found_by_its_name()
    {
        MaskedLmAttackTests.WriteMaskedLm(_tiny.Below("models", "masked"), 0.3);
        using var models = new AttackModels();
        Assert.Same(models.LoadMaskedLM(_tiny.Below("models", "masked")), models.LoadMaskedLM("masked"));
        Assert.NotEmpty(models.LoadMaskedLM("masked").Predict([new MaskedQuestion("a [MASK] film", 1, 3)])[0]);
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("org/tiny")]
    public void A_resource_is_made_of_and_taken_from_a_model_of_a_name(string name)
    {
        var folder = new ResourceFolder(_tiny.Below("resources"));
        var made = ResourceBuild.WordVectors(
            name,
            TinyWordNet.Write(_tiny.Below("wordnet")),
            similarities: null,
            new BuildTarget(folder),
            progress: null,
            CancellationToken.None
        );
        Assert.Contains("words x 8", made.Content);
        var encoder = ResourceKinds.TryFind("sentence-encoder")!;
        var taken = ResourceImport.Import(folder, encoder, name, replace: false);
        Assert.Equal(Path.Combine(folder.Path, "sentence-encoder"), taken.Resource.Path);

        BuiltResource Build(string from) =>
            ResourceBuild.WordVectors(from, "", null, new BuildTarget(folder, _tiny.Below("x.txt")), null, default);
        Assert.Contains("or model name", Assert.Throws<DataException>(() => Build("no-such")).Message);
        Assert.NotNull(Assert.Throws<ModelNotFoundException>(() => Build("arctic-xs")).Known);
    }

    [Fact]
    public void The_demo_starts_from_a_model_of_a_name()
    {
        using var stop = StopSignal.Detached();
        var plan = DemoPlan.Of("tiny") with
        {
            Seeds = 1,
            Sizes = new DemoSizes(Pretraining: 200, Train: 640, Dev: 16, Test: 16),
            Epochs = 1,
            AttackExamples = 4,
        };
        var context = new CliContext(TextWriter.Null, TextWriter.Null, TextReader.Null, stop, TerminalInfo.None);
        var runs = new DemoRun(context, plan, new DemoFolder(_tiny.Below("demo"))).Run();
        Assert.Equal(4, runs.Count);
        Assert.All(runs, r => Assert.Equal(2, r.Attacks.Count));
    }

    private static void Set(params string?[] values)
    {
        foreach (var (name, value) in Variables.Zip(values))
            Environment.SetEnvironmentVariable(name, value);
    }

    private void Copy(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(_tiny.Model))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }
}
