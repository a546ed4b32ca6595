using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RobustTickets.Attacks;
using RobustTickets.Reports;
using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Tests.Reports;

public sealed class ReportRenderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("report").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private IReadOnlyList<RunRecord> TwoRuns() =>
        RunRecord.LoadAll([
            new SyntheticRun(_root).Write("plain"),
            new SyntheticRun(_root)
            {
                Name = "early-robust",
                Ticket = true,
                Clean = 0.92,
                Withstand = 0.45,
            }.Write("ticket"),
        ]);

    [Fact]
    public void The_report_is_one_file_that_loads_nothing_and_runs_no_script()
    {
        var html = HtmlReport.Render(TwoRuns());
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<link", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("url(", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch(new Regex("\\s(?:src|href|data|action)\\s*=", RegexOptions.IgnoreCase), html);
        Assert.Equal(
            ["http://www.w3.org/2000/svg"],
            Regex.Matches(html, "https?://[^\"'\\s<]+").Select(m => m.Value).Distinct().ToArray()
        );
        Assert.Contains("prefers-color-scheme: dark", html);
        // The curve is of development rows, the table of reported ones.
        Assert.Contains("Accuracy after each epoch (dev, 400 rows).", html);
    }

    [Fact]
    public void A_ticket_says_from_where_its_masks_had_settled_before_the_search_stopped()
    {
        // Snapshots at 8, 16, 23, 31, 39, 46; at the last four distances in a row were small.
        var runs = TwoRuns();
        var stop = runs[1].Result.Ticket!.StoppedAtEpoch;
        var expected = string.Create(
            CultureInfo.InvariantCulture,
            $" epoch), its masks settled from step 16 ({16 * stop / 46:0.00} epoch) on, and the ticket was drawn from"
        );
        var html = HtmlReport.Render(runs);
        Assert.Contains(expected, html);
        Assert.Contains(">settled</text>", html);
        var never = RunRecord.LoadAll([
            new SyntheticRun(_root)
            {
                Name = "never",
                Ticket = true,
                Converged = false,
            }.Write("never"),
        ]);
        Assert.DoesNotContain("masks settled from", HtmlReport.Render(never));
    }

    [Fact]
    public void Heat_maps_of_heads_and_neurons_share_their_scale_and_the_threshold()
    {
        var run = TwoRuns()[1];
        var maps = DistanceMaps.Of(run)!;
        var most = run.Distances!.Heads.Concat(run.Distances.Neurons).SelectMany(r => r).Max();
        Assert.Equal((most, most), (maps.Heads.Max, maps.Neurons.Max));
        Assert.Equal((0.1, 0.1), (maps.Heads.Threshold, maps.Neurons.Threshold));
        // A rule without a threshold takes the one that it is looked at by.
        var free = run with
        {
            Recipe = [],
        };
        Assert.Null(DistanceMaps.Of(free)!.Heads.Threshold);
        Assert.Equal(0.2, DistanceMaps.Of(free, 0.2)!.Neurons.Threshold);
    }

    [Fact]
    public void Every_figure_is_well_formed_xml_with_a_name()
    {
        var html = HtmlReport.Render(TwoRuns());
        var figures = Regex.Matches(html, "<svg.*?</svg>", RegexOptions.Singleline);
        // headline for wide and for narrow screens, distances, two heat maps, pattern, two losses,
        // accuracy, learning rate
        Assert.Equal(10, figures.Count);
        XNamespace svg = "http://www.w3.org/2000/svg";
        foreach (Match figure in figures)
        {
            var root = XDocument.Parse(figure.Value).Root!;
            Assert.Equal(svg + "svg", root.Name);
            Assert.Equal("img", root.Attribute("role")!.Value);
            Assert.NotEqual("", root.Attribute("aria-label")!.Value);
            Assert.Equal(svg + "title", root.Elements().First().Name);
            Assert.DoesNotContain("NaN", figure.Value);
            Assert.DoesNotContain("∞", figure.Value);
        }
        Assert.Equal(figures.Count, Regex.Count(html, "<figcaption>."));
    }

    [Fact]
    public void Seeds_are_compared_by_what_they_withstand_on_development_examples()
    {
        SyntheticRun Seed(int seed, double? aua) => new(_root) { Seed = seed, EpochAua = aua };
        var runs = RunRecord.LoadAll([Seed(1, 0.2).Write("s1"), Seed(2, 0.4).Write("s2"), Seed(3, 0.3).Write("s3")]);
        var lines = SeedTable.Of(runs).ToCsv().Split('\n');
        var column = Array.IndexOf(lines[0].Split(','), "development_aua");
        Assert.Equal(
            ["20", "40", "30", "30", "10"],
            lines[1..6]
                .Select(l =>
                    double.Parse(l.Split(',')[column], CultureInfo.InvariantCulture)
                        .ToString("0.######", CultureInfo.InvariantCulture)
                )
        );
        Assert.Equal(2, SeedTable.BestUnderAttack(runs));
        // One that was not attacked cannot be compared, and without any there is no such column.
        Assert.Null(SeedTable.BestUnderAttack([.. runs, RunRecord.Load(Seed(4, null).Write("s4"))]));
        Assert.DoesNotContain(
            "development_aua",
            SeedTable.Of([RunRecord.Load(Seed(5, null).Write("s5"))]).ToCsv(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_selected_epoch_is_named_and_counts_for_its_seed()
    {
        SyntheticRun Seed(int seed, double aua) => new(_root) { Seed = seed, EpochAua = aua };
        var runs = RunRecord.LoadAll([Seed(1, 0.2).Write("s1"), Seed(2, 0.4).Write("s2")]);
        const string last = "The last epoch is reported, not the best one",
            best = "Reported is the epoch with the highest accuracy under attack on development examples";
        var html = HtmlReport.Render(runs);
        Assert.Equal((2, false), (Regex.Count(html, last), html.Contains(best, StringComparison.Ordinal)));
        var selected = runs[0] with
        {
            Events = [.. runs[0].Events, new SelectionEntry("retrain", 200, 2, "dev-attack", 0.9)],
        };
        html = HtmlReport.Render([selected, runs[1]]);
        Assert.DoesNotContain(last, html, StringComparison.Ordinal);
        Assert.Equal(
            2,
            Regex.Count(html, Regex.Escape($"{best} ({selected.Label}: 2), and the last epoch of the other runs"))
        );
        Assert.Equal((2, 1), (SeedTable.BestUnderAttack(runs), SeedTable.BestUnderAttack([selected, runs[1]])));
    }

    [Fact]
    public void Accuracy_under_attack_after_each_epoch_has_a_figure_of_its_own()
    {
        var runs = RunRecord.LoadAll([
            new SyntheticRun(_root).Write("without"),
            new SyntheticRun(_root) { Name = "attacked", EpochAua = 0.3 }.Write("with"),
        ]);
        Assert.DoesNotContain(
            "Accuracy under attack after each epoch",
            HtmlReport.Render([runs[0]]),
            StringComparison.Ordinal
        );
        var html = HtmlReport.Render(runs);
        Assert.Contains(
            "Accuracy under attack after each epoch, on 100 development examples",
            html,
            StringComparison.Ordinal
        );
        Assert.Contains("attacked, textfooler", html, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "fine-tune, textfooler<",
            html[
                html.IndexOf("Accuracy under attack on development", StringComparison.Ordinal)..html.IndexOf(
                    "not the examples that the results",
                    StringComparison.Ordinal
                )
            ],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Tags_are_balanced()
    {
        var html = Regex.Replace(HtmlReport.Render(TwoRuns()), "<style>.*?</style>", "", RegexOptions.Singleline);
        var open = new Stack<string>();
        foreach (Match tag in Regex.Matches(html, "<(/?)([a-zA-Z0-9]+)[^>]*?(/?)>"))
        {
            var name = tag.Groups[2].Value;
            if (name is "meta" or "doctype" || tag.Groups[3].Length > 0)
                continue;
            if (tag.Groups[1].Length == 0)
                open.Push(name);
            else
                Assert.Equal(open.Pop(), name);
        }
        Assert.Empty(open);
        Assert.Equal(
            Regex.Matches(html, " id=\"([^\"]+)\"").Count,
            Regex.Matches(html, " id=\"([^\"]+)\"").Select(m => m.Value).Distinct().Count()
        );
    }

    [Fact]
    public void It_says_what_the_run_says()
    {
        var runs = TwoRuns();
        var html = HtmlReport.Render(runs);
        foreach (var run in runs)
        {
            var attack = run.Attacks.Single();
            Assert.Contains(
                (100.0 * attack.Examples.Count(e => e.Result == AttackResult.Failed) / attack.Examples.Count).ToString(
                    "0.00",
                    CultureInfo.InvariantCulture
                ),
                html
            );
            Assert.Contains(
                $"<td class=\"number\">{SummaryTable.Parameters(run.Result.Model.ParametersWithoutEmbeddings)}",
                html
            );
        }
        var ticket = runs[1].Result.Ticket!;
        Assert.Contains($"keeps {ticket.HeadsKept} of {ticket.HeadsTotal} heads", html);
        Assert.Equal(ticket.HeadsKept, Regex.Count(html, "head \\d+: kept"));
        Assert.Equal(ticket.HeadsTotal - ticket.HeadsKept, Regex.Count(html, "head \\d+: pruned"));
        Assert.Contains("gamma = 0.1", html);
        Assert.Contains("Synthetic CPU 9000", html);
        Assert.Equal(3, Regex.Count(html, "<article class=\"example\">"));
    }

    [Fact]
    public void Texts_and_names_cannot_break_out_of_their_place()
    {
        var folder = new SyntheticRun(_root) { Name = "<b>&\"'x", Cpu = "</style><script>alert(1)</script>" }.Write(
            "evil"
        );
        var examples = Path.Combine(folder, "attacks", "textfooler", "examples.jsonl");
        File.WriteAllText(
            examples,
            File.ReadAllText(examples).Replace("The ", "<script>\\u0001 ", StringComparison.Ordinal)
        );
        var html = HtmlReport.Render(RunRecord.LoadAll([folder]));
        Assert.DoesNotContain("<script", html);
        Assert.DoesNotContain("\u0001", html);
        foreach (Match figure in Regex.Matches(html, "<svg.*?</svg>", RegexOptions.Singleline))
            XDocument.Parse(figure.Value);
    }

    [Fact]
    public void Only_words_that_differ_are_marked()
    {
        var (first, second) = WordDiff.Compare(
            "the food was great, and cheap",
            "the food was stupendous, and cheap too"
        );
        Assert.Equal(["great,"], first.Where(w => w.Changed).Select(w => w.Text));
        Assert.Equal(["stupendous,", "too"], second.Where(w => w.Changed).Select(w => w.Text));
        var run = TwoRuns()[0];
        var html = HtmlReport.Render([run]);
        var marked = Regex.Matches(html, "<mark class=\"now\">([^<]+)</mark>").Select(m => m.Groups[1].Value).ToArray();
        Assert.NotEmpty(marked);
        var perturbed = run.Attacks[0]
            .Examples.SelectMany(e => Bare(e.PerturbedText).Except(Bare(e.OriginalText)))
            .ToHashSet();
        Assert.All(marked, word => Assert.Contains(word, perturbed));

        static string[] Bare(string text) => text.Split([' ', ',', '.'], StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public void A_bare_run_without_ticket_events_or_attack_still_makes_a_report()
    {
        var folder = new SyntheticRun(_root) { Attacked = 0 }.Write("bare");
        File.Delete(Path.Combine(folder, "events.jsonl"));
        File.Delete(Path.Combine(folder, "environment.json"));
        File.Delete(Path.Combine(folder, "recipe.json"));
        var file = Path.Combine(_root, "deep", "report.html");
        HtmlReport.Write(RunRecord.LoadAll([folder]), file);
        var html = File.ReadAllText(file);
        Assert.Contains("nothing is known about its robustness", html);
        Assert.DoesNotContain("<svg", html);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(file)!));
    }

    [Fact]
    public void Only_pages_of_this_program_are_written_over()
    {
        var file = Path.Combine(_root, "page.html");
        Assert.True(HtmlReport.MayReplace(file));
        var html = HtmlReport.Render(TwoRuns(), new string('x', 5000));
        bool MayReplace(string text)
        {
            File.WriteAllText(file, text);
            return HtmlReport.MayReplace(file);
        }
        const string mark = "<meta name=\"generator\" content=\"RobustTickets\">\n";
        Assert.True(MayReplace(html));
        Assert.Contains(mark, html);
        // Reports from before they were marked.
        Assert.True(MayReplace(html.Replace(mark, "")));
        Assert.False(MayReplace("<!doctype html>\n<title>My page</title>\n<p>RobustTickets"));
        Assert.False(
            MayReplace(
                "<!doctype html>\n<html>\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>Mine</title>"
            )
        );
        Assert.False(MayReplace(""));
    }

    // Where the picture of a full report is to be looked at: ROBUST_TICKETS_SAMPLE_REPORT names the
    // file.
    [Fact]
    public void A_sample_can_be_written_for_the_eye()
    {
        var html = HtmlReport.Render(TwoRuns());
        if (Environment.GetEnvironmentVariable("ROBUST_TICKETS_SAMPLE_REPORT") is { Length: > 0 } file)
            File.WriteAllText(file, html);
        Assert.StartsWith("<!doctype html>", html);
    }
}
