using System.Globalization;
using System.Text;
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Cli;
using RobustTickets.Hardening;
using RobustTickets.Pipeline;
using RobustTickets.Runs;
using RobustTickets.Tests.Cli;
using RobustTickets.Tests.CommandLine;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Hardening;

/// <summary>
/// <c>harden</c> end to end on a tiny model: parts, plan, trainings, choice, reported rows;
/// stopped, cut off by the budget, gone on with.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class HardenRunTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly string _csv;

    public HardenRunTests()
    {
        _csv = _tiny.Below("rows.csv");
        File.WriteAllText(_csv, Rows(330, seed: 1, "text,label"));
    }

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_comparison_ends_with_a_recommendation_its_evidence_and_a_page()
    {
        File.WriteAllText(_csv, Rows(1000, seed: 1, "text,label"));
        var run = Cli("--data", _csv, "--task", "csv", "--out", _tiny.Below("out"), "--seeds", "2");
        Assert.True(run.Code == 0, run.Error);
        var folder = new HardenFolder(_tiny.Below("out"));
        var result = folder.Result()!;
        Assert.StartsWith(result.Recommendation, run.Out);
        Assert.Equal("given", result.Baseline);
        Assert.Contains(result.Reported, r => r.Role == "baseline");
        Assert.Contains(result.Reported, r => r.Name == "fine-tune");
        Assert.Equal(
            [
                "given",
                "fine-tune",
                "hardened",
                "hardened-ticket",
                "hardened-strong",
                "hardened-ticket-strong",
                "substitution",
            ],
            result.Development.Select(d => d.Name).Take(7)
        );
        Assert.All(result.Reported.Skip(1), r => Assert.NotNull(r.Figures[0].AgainstBaseline));
        Assert.All(result.Reported, r => Assert.True(r.Figures[0].Repeated));
        Assert.All(result.Reported, r => Assert.True(r.Figures[0].Aua <= r.Figures[0].AsIs));
        // Only what withstood is attacked again.
        foreach (var (row, figure) in result.Reported.Select(r => (r, r.Figures[0])))
        {
            var repeated = Path.Combine(
                folder.Attack(row.Name, "reported", "deepwordbug-temperature-fit"),
                "examples.jsonl"
            );
            Assert.Equal(figure.Temperature is not null, File.Exists(repeated));
            var attacked = File.Exists(repeated) ? File.ReadLines(repeated).Count() : 0;
            Assert.Equal(figure.AsIs * figure.Examples, attacked, 1e-6);
        }
        Assert.Contains(result.Reported, r => r.Figures[0] is { AsIs: > 0 and < 1, Temperature: not null });
        Assert.Contains(result.Reported, r => r.Name.EndsWith("-seed-2", StringComparison.Ordinal));
        Assert.Contains("<svg", File.ReadAllText(folder.ReportFile("html")), StringComparison.Ordinal);
        Assert.Contains(result.Recommendation, File.ReadAllText(folder.ReportFile("md")), StringComparison.Ordinal);
        Assert.Contains("the dictionary of deepwordbug", string.Join('\n', result.Notes), StringComparison.Ordinal);

        // Every run is an ordinary one, and none has read a reported row.
        var reported = File.ReadLines(folder.ReportedFile).ToHashSet();
        Assert.InRange(reported.Count, 200, 202);
        foreach (var name in result.Development.Select(d => d.Name).Where(n => n != "given"))
        {
            Assert.Equal("dev", RunResult.Load(Path.Combine(folder.Run(name), "result.json")).EvaluatedSplit);
            Assert.True(Directory.Exists(folder.Model(name)));
        }
        // The second ticket is drawn from the search of the first.
        var strong = EnvironmentStamp.Load(Path.Combine(folder.Run("hardened-ticket-strong"), "environment.json"));
        Assert.Equal("hardened-ticket", strong.Extra[EnvironmentFacts.SearchSource]);
        Assert.Empty(Directory.GetFiles(folder.Data, "*.jsonl").SelectMany(File.ReadLines).Intersect(reported));

        // Finished: again is the same at once; another call without resuming is refused.
        var again = Cli("--data", _csv, "--task", "csv", "--out", _tiny.Below("out"), "--resume");
        Assert.Equal((0, run.Out), (again.Code, again.Out));
        Assert.Contains("the number of seeds stays at 2, as planned", again.Error, StringComparison.Ordinal);
        string[] fewer = ["--data", _csv, "--task", "csv", "--out", _tiny.Below("out"), "--limit", "600", "--resume"];
        Assert.Contains("have changed since it was started", Cli(fewer).Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, Cli("--data", _csv, "--task", "csv", "--out", _tiny.Below("out")).Code);
    }

    [Fact]
    public void Defences_go_on_from_the_fine_tuned_network_where_the_checkpoint_knows_no_such_classes()
    {
        var lines = Rows(330, seed: 1, "text,label").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        File.WriteAllLines(_csv, lines.Select((l, i) => i % 3 == 1 ? l[..l.LastIndexOf(',')] + ",mixed" : l));
        using var stop = new CancellationTokenSource();
        var progress = new SyncProgress<HardenProgress>(p =>
        {
            if (p is HardenNote { Text: "training hardened-ticket" })
                stop.Cancel();
        });
        var request = Request("onwards");
        Assert.ThrowsAny<OperationCanceledException>(() => request.Run(progress, stop.Token));
        var folder = new HardenFolder(request.Output);
        string StartOf(string name)
        {
            using var stamp = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.Run(name), "environment.json")));
            return stamp.RootElement.GetProperty("base").GetProperty("path").GetString()!;
        }
        Assert.Equal(_tiny.Model, StartOf(HardenCandidate.FineTune));
        Assert.Equal(folder.Model(HardenCandidate.FineTune), StartOf("hardened"));
    }

    [Fact]
    public void Each_attack_is_repeated_on_what_withstood_it_while_the_budget_lasts()
    {
        var table = _tiny.Below("neighbours.json");
        File.WriteAllText(table, """{"good":["bad"],"bad":["good"],"moving":["dull"],"dull":["moving"]}""");
        var request = Request("twice") with
        {
            Attacks = ["deepwordbug", "textbugger"],
            Resources = new ResourceFiles(Neighbours: table),
        };
        var result = request.Run();
        Assert.Contains(result.Reported, r => r.Figures[1].AsIs > 0);
        Assert.All(result.Reported, r => Assert.Equal([true, true], r.Figures.Select(f => f.Repeated)));
        string Repeated(string name) =>
            new HardenFolder(request.Output).Attack(name, "reported", "textbugger-temperature-fit");
        Assert.All(result.Reported, r => Assert.Equal(r.Figures[1].AsIs > 0, Directory.Exists(Repeated(r.Name))));
    }

    [Fact]
    public void Stopped_anywhere_it_goes_on_to_the_same_result()
    {
        var whole = Run("whole");
        foreach (var sentence in new[] { "training substitution", "training hardened", "reported rows: fine-tune" })
        {
            using var stop = new CancellationTokenSource();
            var name = "stopped-" + sentence.Split(' ')[^1];
            var begun = false;
            var progress = new SyncProgress<HardenProgress>(p =>
            {
                begun |= p is HardenNote note && note.Text.EndsWith(sentence, StringComparison.Ordinal);
                if (begun && p is (HardenTraining or HardenAttacking))
                    stop.Cancel();
            });
            Assert.ThrowsAny<OperationCanceledException>(() => Request(name).Run(progress, stop.Token));
            Assert.True(begun, sentence);
            var trained = Directory.GetFiles(_tiny.Below(name), "result.json", SearchOption.AllDirectories);
            var written = trained.ToDictionary(f => f, File.GetLastWriteTimeUtc);
            var resumed = (Request(name) with { Resume = true }).Run();
            Assert.Equal(Timeless(whole), Timeless(resumed));
            Assert.All(written, p => Assert.Equal(p.Value, File.GetLastWriteTimeUtc(p.Key)));
        }
    }

    [Fact]
    public void The_choice_does_not_see_the_reported_rows()
    {
        HardenChoice Choice(string name, int seed)
        {
            var data = Directory.CreateDirectory(_tiny.Below(name + "-data")).FullName;
            File.WriteAllText(Path.Combine(data, "train.csv"), Rows(330, seed: 1, "text,label"));
            File.WriteAllText(Path.Combine(data, "test.csv"), Rows(80, seed, "text,label", "the story"));
            var request = Request(name) with { Data = data };
            var chosen = false;
            var progress = new SyncProgress<HardenProgress>(p =>
            {
                if (
                    p is HardenNote { Text: var text }
                    && text.StartsWith("chosen on development rows", StringComparison.Ordinal)
                )
                {
                    chosen = true;
                    Assert.True(File.Exists(_tiny.Below(name, "selection.json")));
                    Assert.True(File.Exists(_tiny.Below(name, "plan.json")));
                    Assert.Empty(
                        Directory.GetDirectories(
                            _tiny.Below(name, "attacks"),
                            "reported-*",
                            SearchOption.AllDirectories
                        )
                    );
                }
            });
            request.Run(progress);
            Assert.True(chosen);
            return new HardenFolder(request.Output).Choice()!;
        }
        var (one, other) = (Choice("one", 5), Choice("other", 6));
        Assert.NotEqual(
            File.ReadAllText(_tiny.Below("one", "reported", "test.jsonl")),
            File.ReadAllText(_tiny.Below("other", "reported", "test.jsonl"))
        );
        Assert.Equal(one.Chosen, other.Chosen);
        Assert.Equal(
            one.Rows.Select(r => (r.Name, r.Clean, string.Join(' ', r.Aua))),
            other.Rows.Select(r => (r.Name, r.Clean, string.Join(' ', r.Aua)))
        );
    }

    [Fact]
    public void What_the_budget_cuts_off_is_left_out_by_name()
    {
        var clock = new HandClock();
        var request = Request("cut") with { Clock = clock, Budget = TimeSpan.FromHours(1) };
        var training = "";
        var progress = new SyncProgress<HardenProgress>(p =>
        {
            if (p is HardenNote note && note.Text.StartsWith("training ", StringComparison.Ordinal))
                training = note.Text;
            if (p is HardenTraining && training == "training hardened-strong")
                clock.Seconds = 3300;
        });
        var result = request.Run(progress);
        Assert.Contains(
            result.LeftOut,
            l => l is { Name: "hardened-strong", Reason: "stopped during training when the budget ran out" }
        );
        Assert.Contains(
            result.LeftOut,
            l => l.Name == "substitution" && l.Reason.StartsWith("needs about", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(result.Development, r => r.Name is "substitution" or "hardened-strong");
        Assert.Contains(result.Development, r => r.Name == "hardened");
    }

    [Fact]
    public void Reported_rows_that_do_not_fit_are_left_out_by_name()
    {
        var clock = new HandClock();
        var request = Request("late") with { Clock = clock, Budget = TimeSpan.FromHours(1) };
        var page = new HardenFolder(request.Output).ReportFile("html");
        var notes = new List<string>();
        var progress = new SyncProgress<HardenProgress>(p =>
        {
            if (p is not HardenNote { Text: var text })
                return;
            notes.Add(text);
            if (!text.StartsWith("chosen on development rows", StringComparison.Ordinal) || clock.Seconds > 0)
                return;
            clock.Seconds = 4000;
            Directory.CreateDirectory(page);
        });
        // The result is there only when its page is.
        Assert.Throws<CheckpointException>(() => request.Run(progress));
        Assert.Null(new HardenFolder(request.Output).Result());
        Directory.Delete(page);
        var result = (request with { Resume = true, Budget = TimeSpan.FromHours(2), Seeds = 3 }).Run(progress);
        Assert.Contains("the budget stays at 60 min, as planned", notes);
        Assert.Contains("the number of seeds stays at 1, as planned", notes);
        Assert.Contains(result.LeftOut, l => l.Name == "deepwordbug on reported rows: fine-tune");
        Assert.All(result.Reported, r => Assert.Empty(r.Figures));
        Assert.Equal(result.Baseline, result.Recommended);
        Assert.Contains("<svg", File.ReadAllText(page), StringComparison.Ordinal);
    }

    [Fact]
    public void A_classifier_in_an_ONNX_file_is_the_one_to_beat()
    {
        var onnx = _tiny.Below("onnx");
        var made = CliRun.Of(["export", "--model", _tiny.Model, "--format", "onnx", "--out", onnx]);
        Assert.True(made.Code == 0, made.Error);
        string[] rest = ["--data", _csv, "--task", "csv", "--attacks", "deepwordbug", "--budget", "2h"];

        var alone = CliRun.Of(["harden", "--model", onnx, "--out", _tiny.Below("alone"), .. rest]);
        Assert.Equal(ExitCodes.Usage, alone.Code);
        Assert.Contains("--base is missing: ", alone.Error, StringComparison.Ordinal);

        var run = CliRun.Of([
            "harden",
            "--model",
            onnx,
            "--base",
            _tiny.Model,
            "--out",
            _tiny.Below("beaten"),
            .. rest,
        ]);
        Assert.True(run.Code == 0, run.Error);
        var (result, whole) = (new HardenFolder(_tiny.Below("beaten")).Result()!, Run("folder"));
        var (file, folder) = (result.Development[0], whole.Development[0]);
        Assert.Equal(("given", "given", (long?)null), (result.Baseline, file.Name, file.Parameters));
        // The same network as the folder's: the same answers, and the same defences beside it.
        Assert.Equal((folder.Clean, folder.Score), (file.Clean, file.Score));
        Assert.Equal(
            whole.Development.Skip(1).Select(d => (d.Name, d.Clean, d.Score)),
            result.Development.Skip(1).Select(d => (d.Name, d.Clean, d.Score))
        );
        Assert.Contains("<svg", File.ReadAllText(new HardenFolder(_tiny.Below("beaten")).ReportFile("html")));
    }

    [Fact]
    public void A_dry_run_prints_the_plan_and_writes_nothing()
    {
        var run = Cli("--data", _csv, "--task", "csv", "--out", _tiny.Below("dry"), "--dry-run");
        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("  hardened-ticket: ", run.Out, StringComparison.Ordinal);
        Assert.Contains("rule: on development rows only", run.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_tiny.Below("dry")));
    }

    private HardenRequest Request(string name) => Request(_tiny, _csv, name);

    internal static HardenRequest Request(TinyFolders tiny, string csv, string name) =>
        new(
            tiny.Model,
            csv,
            "csv",
            tiny.Below(name),
            Budget: TimeSpan.FromHours(2),
            Attacks: ["deepwordbug"],
            Resources: new ResourceFiles()
        );

    private HardenResult Run(string name) => Request(name).Run();

    private CliRun Cli(params string[] more) =>
        CliRun.Of(["harden", "--model", _tiny.Model, "--attacks", "deepwordbug", "--budget", "2h", .. more]);

    // What does not depend on how fast the machine was.
    internal static string Timeless(HardenResult result) =>
        string.Join(
            '\n',
            [
                result.Recommendation,
                result.Chosen,
                .. result.Reported.Select(r =>
                    $"{r.Name} {r.Role} {r.Clean} {r.Parameters} "
                    + string.Join(' ', r.Figures.Select(f => $"{f.Aua} {f.AsIs} {f.Repeated} {f.Temperature}"))
                ),
                .. result.Development.Select(r => $"{r.Name} {r.Clean} {string.Join(' ', r.Aua)} {r.Parameters}"),
            ]
        );

    internal static string Rows(int count, int seed, string header, string begin = "a film")
    {
        string[] words = ["good", "moving", "bad", "dull", "film", "story", "very", "not", "and", "the"];
        var random = new Random(seed);
        var seen = new HashSet<string>();
        var text = new StringBuilder(header + "\n");
        while (seen.Count < count)
        {
            var picked = Enumerable.Range(0, random.Next(5, 9)).Select(_ => random.Next(words.Length)).ToArray();
            var score = picked.Count(w => w < 2) - picked.Count(w => w is 2 or 3);
            var sentence = $"{begin} {string.Join(' ', picked.Select(w => words[w]))}";
            if (score != 0 && seen.Add(sentence))
                text.Append(CultureInfo.InvariantCulture, $"{sentence},{(score > 0 ? "positive" : "negative")}\n");
        }
        return text.ToString();
    }
}
