using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Cli;
using RobustTickets.Cli.Terminal;
using RobustTickets.Pipeline;
using RobustTickets.Tests.CommandLine;
using RobustTickets.Tests.Resume;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>
/// The ways to use <c>attack</c>: sentences, samples by id, augmentation, resources that need no
/// option, a model that gives no numbers.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class AttackCommandTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly string? _resources = Environment.GetEnvironmentVariable(ResourceFolder.Variable);
    private readonly string _neighbours;

    public AttackCommandTests()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _tiny.Below("resources"));
        _neighbours = _tiny.Below("table.json");
        File.WriteAllText(
            _neighbours,
            """{"good":["moving","very"],"moving":["good"],"dull":["bad"],"bad":["dull","not"],"film":["story"]"""
                + ""","story":["film"]}"""
        );
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _resources);
        _tiny.Dispose();
    }

    [Fact]
    public void One_sentence_is_attacked_and_its_difference_shown()
    {
        var run = Attack("--text", "a good film .");
        Assert.True(run.Code == 0, run.Error);
        Assert.Matches(
            @"^(Succeeded: \w+ -> \w+|Failed: still \w+); p\(\w+\) 0\.\d{3} -> 0\.\d{3}, "
                + @"\d of 3 words changed, \d+ queries\n- a .*\n\+ a .*\n$",
            run.Out
        );
        var line = AttackJson.Parse(Attack("--text", "a good film .", "--json").Out.TrimEnd());
        Assert.Equal(("text", "a good film ."), (line.Id, line.Original[0].Value));
        Assert.Equal(line.OriginalOutput, line.Label);

        // A true class that the model does not give is told as such; a class it has not is refused.
        var other = line.Label == 0 ? "positive" : "negative";
        Assert.StartsWith("Skipped: the model predicts", Attack("--text", "a good film .", "--label", other).Out);
        Assert.Equal(ExitCodes.Usage, Attack("--text", "a", "--label", "neutral").Code);
        // Resources may be packed, too; rows there are none.
        Assert.Equal(ExitCodes.Ok, Attack("--text", "a good film .", "--max-unpacked", "1g").Code);
        Assert.Equal(ExitCodes.Usage, Attack("--text", "a", "--limit", "1").Code);
        Assert.Equal(
            "text_pair",
            AttackJson
                .Parse(Attack("--text", "a film", "--text-pair", "the story", "--json").Out.TrimEnd())
                .Original[1]
                .Key
        );
    }

    [Fact]
    public void Colours_mark_the_words_where_they_are_welcome()
    {
        foreach (var color in new[] { true, false })
        {
            using var output = new StringWriter { NewLine = "\n" };
            using var error = new StringWriter();
            using var stop = StopSignal.Detached();
            var code = CliApp.Run(
                Arguments("--text", "a bad film ."),
                new CliContext(output, error, TextReader.Null, stop, TerminalInfo.None) { ColorResults = color }
            );
            Assert.True(code == 0, error.ToString());
            Assert.Equal(color, output.ToString().Contains('\u001b'));
            Assert.Equal(!color, output.ToString().Contains("[[", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Sentences_are_attacked_as_they_come_until_the_input_ends()
    {
        var run = CliRun.With("a good film\n\nthe story , not dull .\n", Arguments("--interactive", "--json"));
        Assert.True(run.Code == 0, run.Error);
        Assert.Equal(
            ["line:1", "line:3"],
            run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => AttackJson.Parse(l).Id)
        );
        Assert.Equal(
            (0, ""),
            (CliRun.With("", Arguments("--interactive")).Code, CliRun.With("", Arguments("--interactive")).Out)
        );
    }

    [Theory]
    [InlineData("--text", "a", "--interactive")]
    [InlineData("--text", "a", "--num-examples", "3")]
    [InlineData("--text", "a", "--task", "sst2")]
    [InlineData("--interactive", "--text-pair", "b")]
    [InlineData("--label", "positive")]
    [InlineData("--ids", "x", "--sample", "first-n", "--data", "d", "--task", "sst2")]
    [InlineData("--text", "a", "--max-length", "training")]
    [InlineData("--text", "a", "--max-length", "2")]
    [InlineData("--text", "a", "--time-limit", "0")]
    [InlineData("--task", "sst2")]
    public void What_does_not_go_together_is_refused(params string[] options)
    {
        var run = Attack(options);
        Assert.True(run.Code == ExitCodes.Usage, $"{run.Code}: {run.Error}");
        Assert.Empty(run.Out);
    }

    [Fact]
    public void More_word_pieces_than_the_victim_reads_are_noted_once_whatever_is_attacked()
    {
        string[] longer = ["--max-length", "99999"];
        foreach (var run in new[] { Attack(["--text", "a film", .. longer]), OnData("long", [.. longer]) })
        {
            Assert.True(run.Code == 0, run.Error);
            Assert.Single(Regex.Matches(run.Error, "note: 99999 word pieces were requested"));
        }
    }

    [Fact]
    public void A_sample_is_saved_by_its_ids_and_attacked_again_by_them()
    {
        var first = OnData("first", "--num-examples", "6", "--seed", "5", "--full-split-accuracy");
        Assert.True(first.Code == 0, first.Error);
        var ids = _tiny.Below("first", "ids.txt");
        Assert.Equal(6, File.ReadAllLines(ids).Length);
        var again = OnData("again", "--ids", ids, "--full-split-accuracy");
        Assert.True(again.Code == 0, again.Error);
        Assert.Equal(
            File.ReadAllBytes(_tiny.Below("first", "examples.jsonl")),
            File.ReadAllBytes(_tiny.Below("again", "examples.jsonl"))
        );
        var summary = JsonNode.Parse(File.ReadAllText(_tiny.Below("first", "summary.json")))!;
        var accuracy = JsonNode.Parse(
            CliRun.Of("evaluate", "--model", _tiny.Model, "--data", _tiny.Data, "--task", "sst2", "--json").Out
        )!["accuracy"]!;
        Assert.Equal(100 * (double)accuracy, (double)summary["whole_set_clean"]!, 9);
        var old = JsonNode.Parse(File.ReadAllText(_tiny.Below("again", "summary.json")))!;
        Assert.Equal((double)summary["whole_set_clean"]!, (double)old["whole_set_clean"]!);
        var items = summary["settings"]!["run"]!.AsArray().Select(l => (string)l!["item"]!).ToList();
        Assert.Equal(["data", "rows", "sample", "victim length", "victim mode", "victim weights"], items);
        Assert.Contains("stratified, seed 5", (string)summary["settings"]!["run"]![2]!["value"]!);

        File.AppendAllText(ids, "dev:999\n");
        var unknown = OnData("unknown", "--ids", ids);
        Assert.Equal(ExitCodes.Data, unknown.Code);
        Assert.Contains("ids.txt:7: no example 'dev:999'", unknown.Error);
    }

    [Fact]
    public void A_request_of_the_library_writes_the_files_of_the_command()
    {
        Assert.Equal(0, OnData("command", "--num-examples", "6", "--seed", "5").Code);
        var request = new AttackRequest(
            AttackRecipe.TextFooler(
                new ResourceFiles(Neighbours: _neighbours),
                new AttackOptions(Similarity: false, PartOfSpeech: false, Randomness: new StreamPerExample(5))
            ),
            _tiny.Model,
            _tiny.Data,
            "sst2",
            _tiny.Below("library"),
            Sample: new AttackSample(6, Seed: 5)
        );
        var notes = new List<AttackProgress>();
        var report = request.Run(new SyncProgress<AttackProgress>(notes.Add));
        Assert.Equal(6, report.Outcomes.Count);
        Assert.Equal(6, notes.OfType<AttackStep>().Count());
        AttackFolders.AssertSame(_tiny.Below("command"), report.Folder!);
        Assert.Equal(report.Outcomes.Select(o => o.Id), AttackReport.Load(report.Folder!).Outcomes.Select(o => o.Id));
        Assert.Equal(report.Aua, AttackReport.Load(report.Folder!).Aua);
        // What does not go together is refused by field, before any file.
        var wrong = request with
        {
            Recipe = request.Recipe with { Options = request.Recipe.Options with { SimilarityThreshold = 0.5 } },
        };
        Assert.Equal("Similarity", Assert.Throws<RequestException>(() => wrong.Run()).Field);
        var alone = request with { Output = null };
        Assert.Equal("Output", Assert.Throws<RequestException>(() => alone.Run()).Field);
    }

    [Fact]
    public void Another_model_in_the_same_folder_does_not_continue_an_attack()
    {
        Assert.Equal(0, OnData("out", "--num-examples", "4").Code);
        var weights = File.ReadAllBytes(_tiny.Weights);
        weights[^1] ^= 1;
        File.WriteAllBytes(_tiny.Weights, weights);
        var other = OnData("out", "--num-examples", "4");
        Assert.Equal(ExitCodes.Usage, other.Code);
        Assert.Contains("different settings", other.Error);
    }

    [Theory]
    [InlineData("a good[SEP]film .")]
    [InlineData("[[MASK]] a good film")]
    [InlineData("dull[CLS][SEP]")]
    [InlineData("a bad[UNK]film, [PAD]")]
    public void Special_tokens_glued_into_a_text_are_read_alike_by_every_command(string text)
    {
        var line = new JsonObject { ["text"] = text }.ToJsonString();
        var ids = JsonNode.Parse(CliRun.With(line, "tokenize", "--model", _tiny.Model).Out)!["ids"]!;
        var tokenizer = WordPieceTokenizer.Load(_tiny.Model);
        var glued = ids.AsArray().Select(id => (int)id!).Skip(1).SkipLast(1);
        Assert.Contains(glued, tokenizer.SpecialIds.Contains);

        // What training and evaluation encode.
        var split = EncodedSplit.From([new Example("0", new TextPair(text), 0)], tokenizer, 16);
        Assert.Equal(ids.AsArray().Select(id => (int)id!), split.Examples[0].Ids);

        var scores = JsonNode.Parse(CliRun.With(line, "predict", "--model", _tiny.Model).Out)!["scores"]!.AsObject();
        var attacked = AttackJson.Parse(Attack("--text", text, "--json").Out.TrimEnd());
        // An attack keeps scores in single precision.
        Assert.Equal((double)scores.ElementAt(attacked.Label).Value!, 1 - attacked.OriginalScore, 6);
    }

    [Fact]
    public void Adversarial_texts_become_training_data()
    {
        // A model whose decision lies amid the examples, so that a changed word can flip it.
        var texts = File.ReadLines(_tiny.DevFile)
            .Skip(1)
            .Select(l => new JsonObject { ["text"] = l.Split('\t')[0] }.ToJsonString());
        var logits = CliRun
            .With(string.Join('\n', texts), "predict", "--model", _tiny.Model, "--logits")
            .Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonNode.Parse(l)!["logits"]!)
            .Select(l => (float)l[1]! - (float)l[0]!)
            .Order()
            .ToList();
        SetLastBias(-logits[8]);
        // Its classes have no names; the file has those of the task, so that training reads it.
        var place = Path.Combine(_tiny.Model, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(place))!;
        config["id2label"] = new JsonObject { ["0"] = "LABEL_0", ["1"] = "LABEL_1" };
        config["label2id"] = new JsonObject { ["LABEL_0"] = 0, ["LABEL_1"] = 1 };
        File.WriteAllText(place, config.ToJsonString());
        var file = _tiny.Below("more", "train.jsonl");
        var run = OnData("out", "--augment", file);
        Assert.True(run.Code == 0, run.Error);
        var summary = JsonNode.Parse(File.ReadAllText(_tiny.Below("out", "summary.json")))!;
        Assert.True((int)summary["succeeded"]! > 0, "the attack must succeed somewhere");
        var data = DataSet.Load(file, "sst2", "train", new DataOptions());
        Assert.Equal(16 + (int)summary["succeeded"]!, data.Examples.Count);
        var lines = File.ReadLines(file).Select(l => JsonNode.Parse(l)!).ToList();
        foreach (var adversarial in lines.Where(l => (string)l["source"]! == "textfooler"))
        {
            var original = lines.First(l => (string)l["id"]! == (string)adversarial["id"]!);
            Assert.Equal(
                ("original", (string)original["label"]!),
                ((string)original["source"]!, (string)adversarial["label"]!)
            );
            Assert.NotEqual((string)original["text"]!, (string)adversarial["text"]!);
        }
        var train = CliRun.Of(
            "train",
            "--recipe",
            "fine-tune",
            "--model",
            _tiny.Model,
            "--data",
            file,
            "--task",
            "sst2",
            "--out",
            _tiny.Below("run"),
            "--dry-run"
        );
        Assert.True(train.Code == 0, train.Error);
        // The same command again changes nothing; a file that holds something else is left alone.
        Assert.Equal(0, OnData("out", "--augment", file).Code);
        File.WriteAllText(file, "mine\n");
        Assert.Equal(ExitCodes.Usage, OnData("out", "--augment", file).Code);
        Assert.Equal("mine\n", File.ReadAllText(file));
        // Another attack is refused before it begins.
        var taken = OnData("another", "--augment", file);
        Assert.Equal(ExitCodes.Usage, taken.Code);
        Assert.Contains($"--augment: {file} already exists; remove it or name another file", taken.Error);
        Assert.False(Directory.Exists(_tiny.Below("another")));
        var csv = OnData("none", "--augment", _tiny.Below("none", "train.csv"));
        Assert.Equal(ExitCodes.Usage, csv.Code);
        Assert.Contains(
            "train.csv: is written as JSON Lines, recognised by the file extension; name it .jsonl",
            csv.Error
        );
        Assert.False(Directory.Exists(_tiny.Below("none")));
    }

    [Fact]
    public void What_was_imported_needs_no_option()
    {
        string[] bare =
        [
            "attack",
            "--model",
            _tiny.Model,
            "--text",
            "a good film",
            "--recipe",
            "textfooler",
            "--no-part-of-speech",
        ];
        var missing = CliRun.Of([.. bare, "--no-similarity"]);
        Assert.Equal(ExitCodes.Data, missing.Code);
        Assert.Contains("resources import word-vectors", missing.Error);
        Assert.Equal(0, CliRun.Of("resources", "import", "neighbours", _neighbours).Code);
        Assert.Contains("resources import sentence-encoder", CliRun.Of(bare).Error);
        var encoder = CliRun.Of("resources", "import", "sentence-encoder", _tiny.Model);
        Assert.True(encoder.Code == 0, encoder.Error);
        var run = CliRun.Of(bare);
        Assert.True(run.Code == 0, run.Error);
        Assert.Equal(0, CliRun.Of("resources", "verify").Code);
        // Where an encoder is of no use, none is recommended.
        var refused = CliRun.Of([.. bare[..5], "--recipe", "deepwordbug", "--encoder", _tiny.Model]);
        Assert.Contains("leave it out", refused.Error);
        Assert.DoesNotContain("resources import", refused.Error);
    }

    [Fact]
    public void A_model_that_gives_no_numbers_ends_with_the_examples_named_and_every_file_written()
    {
        OverflowLogits();
        var run = OnData("out", "--num-examples", "7");
        Assert.True(run.Code == ExitCodes.Numeric, $"{run.Code}: {run.Error}");
        Assert.Contains("7 of 7 examples could not be attacked", run.Error);
        Assert.Contains("example 'dev:", run.Error);
        Assert.Contains("NaN", run.Error);
        var lines = File.ReadAllLines(_tiny.Below("out", "examples.jsonl"));
        Assert.Equal(7, lines.Count(l => l.Contains("\"result\":\"error\"", StringComparison.Ordinal)));
        Assert.Equal(7, (int)JsonNode.Parse(File.ReadAllText(_tiny.Below("out", "summary.json")))!["errors"]!);
        Assert.Single(File.ReadAllLines(_tiny.Below("out", "results.csv")));
        // Nothing is left to do; the same command says the same.
        Assert.Equal(ExitCodes.Numeric, OnData("out", "--num-examples", "7").Code);
    }

    // A pooler that says 1 everywhere and classifier weights as large as float32 allows: all are
    // finite, but no logit is. The file ends with the pooler's bias, these weights, and their bias.
    private void OverflowLogits()
    {
        const int hidden = 8,
            classes = 2;
        var weights = File.ReadAllBytes(_tiny.Weights);
        var end = MemoryMarshal.Cast<byte, float>(
            weights.AsSpan(weights.Length - ((hidden + (hidden + 1) * classes) * 4))
        );
        end[..hidden].Fill(20);
        end[hidden..^classes].Fill(float.MaxValue);
        File.WriteAllBytes(_tiny.Weights, weights);
    }

    // The bias of the classifier's last class is the last four bytes of the file.
    private void SetLastBias(float value)
    {
        var weights = File.ReadAllBytes(_tiny.Weights);
        BinaryPrimitives.WriteSingleLittleEndian(weights.AsSpan(weights.Length - 4), value);
        File.WriteAllBytes(_tiny.Weights, weights);
    }

    private string[] Arguments(params string[] more) =>
        [
            "attack",
            "--model",
            _tiny.Model,
            "--neighbours",
            _neighbours,
            "--no-similarity",
            "--no-part-of-speech",
            .. more,
        ];

    private CliRun Attack(params string[] more) => CliRun.Of(Arguments(more));

    private CliRun OnData(string folder, params string[] more) =>
        Attack(["--data", _tiny.Data, "--task", "sst2", "--out", _tiny.Below(folder), .. more]);
}
