using RobustTickets.Attacks;
using RobustTickets.Cli;
using RobustTickets.Cli.Demo;
using RobustTickets.Cli.Demo.Corpus;
using RobustTickets.Cli.Terminal;
using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;
using RobustTickets.Reports;
using RobustTickets.Runs;
using RobustTickets.Tests.Cli;
using RobustTickets.Tests.Resume;
using Xunit;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Tests.Demo;

/// <summary>
/// The whole demo at a size that takes seconds: it must run through and be honest; that its numbers
/// are good is not asserted here.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class DemoRunTests : IDisposable
{
    private static readonly DemoPlan Tiny = new(
        Seeds: 2,
        Sizes: new DemoSizes(Pretraining: 200, Train: 640, Dev: 16, Test: 40),
        Layers: 2,
        Hidden: 32,
        Heads: 2,
        Intermediate: 64,
        PretrainEpochs: 1,
        Epochs: 1,
        AttackExamples: 12
    );

    private readonly string _root = Directory.CreateTempSubdirectory("demo").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static IReadOnlyList<RunRecord> Run(DemoPlan plan, string folder, out string log)
    {
        using var stop = StopSignal.Detached();
        using var error = new StringWriter();
        var runs = new DemoRun(
            new CliContext(TextWriter.Null, error, TextReader.Null, stop, TerminalInfo.None),
            plan,
            new DemoFolder(folder)
        ).Run();
        log = error.ToString();
        return runs;
    }

    // The run with one attack, the outcome of each review set.
    private static RunRecord Withstanding(RunRecord run, Func<AttackOutcome, bool> withstood) =>
        run with
        {
            Attacks =
            [
                run.Attacks[0] with
                {
                    Examples =
                    [
                        .. run.Attacks[0]
                            .Examples.Select(e =>
                                e with
                                {
                                    Result = withstood(e) ? AttackResult.Failed : AttackResult.Success,
                                }
                            ),
                    ],
                },
            ],
        };

    private static Dictionary<string, string> Contents(string folder) =>
        Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) != "report.html")
            .ToDictionary(
                f => f,
                f =>
                    Path.GetFileName(f) == "environment.json" && f.Contains("/attacks/", StringComparison.Ordinal)
                        ? AttackFolders.Environment(f)
                        : Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))
            );

    [Fact]
    public void The_demo_runs_through_and_a_second_one_finds_everything_done()
    {
        var folder = Path.Combine(_root, "demo");
        var runs = Run(Tiny, folder, out var log);
        Assert.Contains("pre-training", log);
        string[] recipes = ["fine-tune", "freelb", "early-robust", "hardened-ticket"];
        Assert.Equal(
            recipes.Select(r => $"{r}, seed 1").Concat(recipes.Select(r => $"{r}, seed 2")),
            runs.Select(r => r.Label)
        );
        Assert.Null(runs[0].Result.Ticket);
        Assert.NotNull(runs[2].Result.Ticket);
        Assert.NotNull(runs[2].Distances);
        Assert.NotNull(runs[3].Result.Ticket);
        Assert.All(runs, r => Assert.Equal(["deepwordbug", "textfooler"], r.Attacks.Select(a => a.Name).Order()));
        Assert.All(runs.SelectMany(r => r.Attacks), a => Assert.Equal(12, a.Count));
        Assert.All(runs, r => Assert.Equal("test", r.Result.EvaluatedSplit));
        Assert.All(
            runs.Where(r => r.Result.Ticket is not null),
            r =>
                Assert.True(
                    r.Result.Model.ParametersWithoutEmbeddings < runs[0].Result.Model.ParametersWithoutEmbeddings
                )
        );

        // The table at the end: a row a recipe, means over both seeds.
        var table = DemoTable.Of(runs);
        Assert.Equal(recipes, table.Rows.Select(r => r[0].Text));
        Assert.Equal(50 * (runs[0].Clean + runs[4].Clean), table.Rows[0][2].Number);
        string[] sentences = [.. DemoTable.Sentences(runs)];
        Assert.Equal(3 * 2, sentences.Length);
        var freelb = Assert.Single(sentences, s => s.StartsWith("textfooler: freelb ", StringComparison.Ordinal));
        double Aua(int run) => runs[run].Attacks.Single(a => a.Name == "textfooler").Aua;
        Assert.Contains(Text($"({50 * (Aua(1) + Aua(5) - Aua(0) - Aua(4)):+0.0;-0.0;0.0} points; "), freelb);
        Assert.Contains("each of 12 until", string.Join('\n', DemoTable.Legend(runs)));
        // Withstanding in one class alone is said; withstanding in both is not remarked upon.
        RunRecord[] oneSided = [.. runs.Select(r => Withstanding(r, e => e.Label == 0))];
        Assert.Contains("fine-tune 100 and 0,", Assert.Single(DemoTable.OneSided(oneSided)));
        Assert.Empty(DemoTable.OneSided([.. runs.Select(r => Withstanding(r, _ => true))]));
        Assert.DoesNotContain(
            Findings.Of(runs),
            f =>
                f.Subject.Contains("seed 1", StringComparison.Ordinal)
                && f.Subject.Contains("seed 2", StringComparison.Ordinal)
        );

        // What a summary says of the similarity threshold is what the attack used, and that parts
        // of speech are free is said.
        var settings = runs[0]
            .Attacks.Single(a => a.Name == "textfooler")
            .Settings.ToDictionary(s => s.Key, s => s.Value);
        Assert.Contains("mean-pooled demo-bert", settings["sentence encoder"]);
        Assert.Contains("whole text", settings["sentence similarity"]);
        Assert.Contains("calibrated", settings["similarity threshold"]);
        Assert.Contains("no tagger given", settings["part of speech"]);

        // The report agrees with the summaries that the attacks wrote: no contradiction is found.
        Assert.DoesNotContain(Findings.Of(runs), f => f.Text.Contains("summary.json says", StringComparison.Ordinal));
        var html = File.ReadAllText(Path.Combine(folder, "report.html"));
        Assert.Contains("The ticket of early-robust, seed 1", html);

        var before = Contents(folder);
        Run(Tiny, folder, out var again);
        Assert.Equal("", again);
        Assert.Equal(before, Contents(folder));

        // A part that is missing is done again, the rest is kept.
        Directory.Delete(Path.Combine(folder, "runs", "early-robust-2", "attacks"), recursive: true);
        Run(Tiny, folder, out var repaired);
        Assert.Contains("attacking early-robust, seed 2", repaired);
        Assert.DoesNotContain("training", repaired);
        Assert.Equal(before, Contents(folder));

        // A process that ended before its run began leaves a folder without one: it is trained.
        var begun = Path.Combine(folder, "runs", "fine-tune-1");
        Directory.Delete(begun, recursive: true);
        Directory.CreateDirectory(begun);
        File.WriteAllText(Path.Combine(begun, ".writer"), "process 1 on a machine that lost power\n");
        Run(Tiny, folder, out var trained);
        Assert.Contains("training fine-tune, seed 1", trained);
        Assert.True(RunFolder.Open(begun).IsFinished);

        Assert.Contains(
            "other settings",
            Assert.Throws<RunFolderException>(() => Run(Tiny with { Seed = 2 }, folder, out _)).Message
        );
    }

    [Theory]
    [InlineData("no-such-model", "no-such-model: no such folder")]
    [InlineData(".", "has no weights")]
    public void A_model_that_cannot_be_used_is_refused_before_anything_is_written(string model, string reason)
    {
        var folder = Path.Combine(_root, "demo");
        var run = CliRun.Of("demo", "--model", model, "--out", folder);
        Assert.Equal(ExitCodes.Data, run.Code);
        Assert.Contains(reason, run.Error);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void A_folder_with_something_else_in_it_is_left_alone()
    {
        File.WriteAllText(Path.Combine(_root, "mine.txt"), "mine");
        var run = CliRun.Of("demo", "--out", _root);
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains("is not empty and holds no demo", run.Error);
        Assert.Equal(["mine.txt"], Directory.GetFileSystemEntries(_root).Select(Path.GetFileName));
    }

    [Fact]
    public void The_recipes_are_the_published_methods_at_the_demos_scale()
    {
        var plan = new DemoPlan();
        foreach (var recipe in plan.Recipes)
        {
            Assert.Empty(RecipeCheck.Check(recipe));
            Assert.Contains("the demo", recipe.Source);
        }
        var published = RecipePresets.Get("early-robust", "sst2");
        Assert.Equal(
            ((SlimmingSearchOptions)published.Search!).Stop,
            ((SlimmingSearchOptions)plan.EarlyRobust.Search!).Stop
        );
        Assert.Equal(
            ((SlimmingSearchOptions)published.Search!).HorizonEpochs,
            ((SlimmingSearchOptions)plan.EarlyRobust.Search!).HorizonEpochs
        );
        Assert.Equal(plan.FineTune.Retrain, plan.EarlyRobust.Retrain);
        Assert.Null(plan.FineTune.Search);
        Assert.Equal(plan.EarlyRobust.Search, plan.HardenedTicket.Search);
        Assert.Equal([1, 1, 1, 1, 2, 2, 2, 2], plan.Recipes.Select(r => r.Seed));
        Assert.NotEqual(0, plan.HardenedTicket.Retrain.Augment!.HeldOutShare);
    }

    [Fact]
    public void The_threshold_refuses_the_share_it_was_calibrated_for()
    {
        var encoder = new LetterCounts();
        var texts = DemoCorpus.Create(1, new DemoSizes(1, 60, 1, 1)).Train.Select(r => r.Text).ToArray();
        var quarter = DemoSimilarity.Calibrate(encoder, texts, 0.25);
        var tenth = DemoSimilarity.Calibrate(encoder, texts, 0.1);
        Assert.True(0.5 < tenth && tenth < quarter && quarter < 1);
        Assert.Equal(quarter, DemoSimilarity.Calibrate(encoder, texts, 0.25));
    }

    [Fact]
    public void The_command_says_what_it_takes()
    {
        var help = CliRun.Of("demo", "--help");
        Assert.Equal(0, help.Code);
        Assert.Contains("--num-examples", help.Out);
        Assert.Equal(ExitCodes.Usage, CliRun.Of("demo", "--out", Path.Combine(_root, "x"), "--num-examples", "0").Code);
        Assert.Empty(Directory.GetFileSystemEntries(_root));
    }

    private sealed class LetterCounts : RobustTickets.Attacks.Engine.ISentenceEncoder
    {
        public string Name => "letters";

        public int Dimension => 26;

        public double[][] Encode(IReadOnlyList<string> texts) =>
            [
                .. texts.Select(t =>
                    Enumerable.Range(0, 26).Select(i => (double)t.ToLowerInvariant().Count(c => c == 'a' + i)).ToArray()
                ),
            ];
    }
}
