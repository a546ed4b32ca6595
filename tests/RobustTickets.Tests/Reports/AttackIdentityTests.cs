// Attacks are paired only if they differ in nothing but their victim; the seeds of a recipe are
// tested together.
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RobustTickets.Reports;
using Xunit;
using AttackOutcomes = System.Collections.Generic.IReadOnlyList<RobustTickets.Attacks.AttackOutcome>;

namespace RobustTickets.Tests.Reports;

public sealed class AttackIdentityTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("identity").FullName;
    private int _count;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    // Two runs whose attacks differ significantly, the second one's settings as changed.
    private IReadOnlyList<RunRecord> Runs(Action<JsonObject>? change = null, Action<JsonObject>? changeFirst = null)
    {
        string Write(SyntheticRun run, Action<JsonObject>? edit)
        {
            var folder = run.Write($"run{_count++}");
            var file = Path.Combine(folder, "attacks", "textfooler", "summary.json");
            var summary = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
            edit?.Invoke(summary);
            File.WriteAllText(file, summary.ToJsonString());
            return folder;
        }
        var ticket = new SyntheticRun(_root)
        {
            Name = "early-robust",
            Ticket = true,
            Withstand = 0.36,
        };
        return RunRecord.LoadAll([
            Write(new SyntheticRun(_root) { Withstand = 0.30 }, changeFirst),
            Write(ticket, change),
        ]);
    }

    private static string Html(IReadOnlyList<RunRecord> runs) => string.Join('\n', HeadlineText.Sentences(runs));

    private static string Texts(IReadOnlyList<RunRecord> runs) =>
        string.Join('\n', Findings.Of(runs).Select(f => $"{f.Level} {f.Subject}: {f.Text}"));

    private static JsonObject Settings(JsonObject summary) => summary["settings"]!.AsObject();

    private static void Line(JsonObject summary, string list, string item, string value) =>
        Settings(summary)[list]!
            .AsArray()
            .Add(
                new JsonObject
                {
                    ["item"] = item,
                    ["value"] = value,
                    ["source"] = "x",
                }
            );

    public static TheoryData<string, string> Differences =>
        new()
        {
            { "composition", "word cosine (>= 0.5, unknown words pass and >= 0.9)" },
            { "resource", "file: word-vectors (sha256 abc and sha256 0123456789ab)" },
            { "budget", "query budget (none and 50)" },
            { "time", "time limit seconds (none and 2)" },
            { "version", "compat (V034 and V030)" },
            { "encoder", "sentence encoder (none and sha256 1)" },
            { "temperature", "temperature (none and 2.0)" },
        };

    [Theory]
    [MemberData(nameof(Differences))]
    public void Attacks_with_different_settings_have_no_test(string kind, string told)
    {
        var runs = Runs(summary =>
        {
            var settings = Settings(summary);
            switch (kind)
            {
                case "composition":
                    settings["composition"]![0]!["value"] = ">= 0.9";
                    break;
                case "resource":
                    settings["resources"]![0]!["sha256"] = "0123456789abcdef";
                    break;
                case "budget":
                    settings["query_budget"] = 50;
                    break;
                case "time":
                    settings["time_limit_seconds"] = 2;
                    break;
                case "version":
                    settings["compat"] = "V030";
                    break;
                case "encoder":
                    Line(summary, "run", "sentence encoder", "sha256 1");
                    break;
                default:
                    Line(summary, "run", "temperature", "2.0");
                    break;
            }
        });
        AssertNotCompared(runs, $"textfooler ran with different settings: {told}");
    }

    [Fact]
    public void Attacks_on_different_texts_labels_or_tasks_have_no_test()
    {
        var runs = Runs();
        IReadOnlyList<RunRecord> Changed(Func<RunRecord, RunRecord> change) => [runs[0], change(runs[1])];
        IReadOnlyList<RunRecord> Examples(Func<AttackOutcomes, AttackOutcomes> change) =>
            Changed(r => r with { Attacks = [r.Attacks[0] with { Examples = change(r.Attacks[0].Examples) }] });
        const string Same = "textfooler attacked different texts or labels under the same ids (first: test:7)";
        AssertNotCompared(
            Examples(all => [.. all.Select((e, i) => i == 7 ? e with { Original = [new("text", "other")] } : e)]),
            Same
        );
        AssertNotCompared(
            Examples(all => [.. all.Select((e, i) => i == 7 ? e with { Label = 1 - e.Label } : e)]),
            Same
        );
        AssertNotCompared(Examples(all => [.. all.Skip(1)]), "textfooler attacked different examples (200 and 199)");
        var tasks = Changed(r => r with { Result = r.Result with { Task = "imdb" } });
        Assert.Contains("cannot be compared: textfooler was run on different tasks (sst2 and imdb).", Html(tasks));
        Assert.DoesNotContain("clean accuracy is", Html(tasks));
        Assert.DoesNotMatch(@"\bp [<=]", Html(tasks) + Texts(tasks));
    }

    [Fact]
    public void Without_recorded_settings_nothing_is_tested()
    {
        void Forget(JsonObject summary) => summary["settings"] = null;
        AssertNotCompared(Runs(Forget), "textfooler has no record of its settings in one of them");
        AssertNotCompared(Runs(Forget, Forget), "textfooler has no record of its settings");
    }

    [Fact]
    public void What_belongs_to_the_victim_or_its_description_may_differ()
    {
        void Change(JsonObject summary)
        {
            Settings(summary)["victim"] = "elsewhere";
            Settings(summary)["composition"]![0]!["source"] = "another page";
            Settings(summary)["resources"]![0]!["name"] = "copy.txt";
            Settings(summary).Remove("time_limit_seconds");
            Line(summary, "run", "victim weights", "sha256 2");
            Line(summary, "run", "rows", "all");
        }
        var runs = Runs(Change);
        Assert.Contains("exact McNemar p", Html(runs));
        Assert.Contains("still significant on these examples", Texts(runs));
    }

    // The temperature that was fitted, or that turned out lowest, belongs to the victim.
    [Fact]
    public void Temperatures_are_compared_as_they_were_asked_for()
    {
        static Action<JsonObject> At(string value, params string?[] all) =>
            summary =>
            {
                Line(summary, "run", "temperature", value);
                Settings(summary)["run"]!.AsArray()[^1]!["source"] = "fitted on 100 rows";
                if (all.Length > 0)
                    summary["temperatures"] = new JsonArray([
                        .. all.Select(t => new JsonObject
                        {
                            ["temperature"] = t is null
                                ? 1.7
                                : double.Parse(t, System.Globalization.CultureInfo.InvariantCulture),
                            ["fitted"] = t is null,
                        }),
                    ]);
            };
        Assert.Contains("exact McNemar p", Html(Runs(At("1.3"), At("1.9"))));
        Assert.Contains("exact McNemar p", Html(Runs(At("1.3", null, "4"), At("4", null, "4"))));
        AssertNotCompared(
            Runs(At("4", null, "8"), At("4", null, "4")),
            "textfooler ran with different settings: temperature (fitted, 4 and fitted, 8)"
        );
    }

    [Fact]
    public void Seeds_of_the_same_recipes_are_tested_together_once()
    {
        RunRecord[] Seeds(int count) =>
            [
                .. RunRecord.LoadAll([
                    .. Enumerable
                        .Range(1, count)
                        .SelectMany(seed =>
                            new[]
                            {
                                new SyntheticRun(_root) { Seed = seed, Withstand = 0.30 },
                                new SyntheticRun(_root)
                                {
                                    Name = "early-robust",
                                    Ticket = true,
                                    Seed = seed,
                                    Withstand = 0.34,
                                },
                            }
                        )
                        .Select(run => run.Write($"run{_count++}")),
                ]),
            ];
        var (one, three) = (Seeds(1), Seeds(3));
        string P(string text) => Assert.Single(Regex.Matches(text, @" p = ([0-9.]+)")).Groups[1].Value;
        // Equal trainings tell no more than one.
        Assert.Equal(P(Html(one)), P(Html(three)));
        Assert.Equal(P(Texts(one)), P(Texts(three)));
        Assert.Contains("(mean of 3 seeds)", Html(three));
        Assert.Contains("exact sign-flip p", Html(three));
        Assert.Contains("Note fine-tune, early-robust: under textfooler", Texts(three));
        Assert.Contains("(n = 200 in 3 seeds)", Texts(three));
        Assert.DoesNotContain("not corrected", Html(three) + Texts(three));
        Assert.Contains("one seed each", Texts(one));
        Assert.DoesNotContain("one seed each", Texts(three));
        // Seeds that were attacked differently are compared within each seed, which makes several
        // tests.
        three[0] = Shorter(three[0]);
        three[1] = Shorter(three[1]);
        Assert.Equal(3, Regex.Count(Html(three), "exact McNemar p"));
        Assert.Contains("The p-values are not corrected for multiple comparisons", Html(three));
        Assert.Contains("Note tests: The p-values are not corrected for multiple comparisons", Texts(three));

        static RunRecord Shorter(RunRecord run) =>
            run with
            {
                Attacks = [run.Attacks[0] with { Examples = [.. run.Attacks[0].Examples.Skip(1)] }],
            };
    }

    // Texts that only share an id are not shown beside each other.
    [Fact]
    public void Sentences_of_other_data_are_not_picked()
    {
        var attack = Runs()[0].Attacks[0];
        Assert.Equal(3, HtmlAttacks.Pick([attack, attack]).Count);
        var other = attack with
        {
            Examples = [.. attack.Examples.Select(e => e with { Original = [new("text", $"other {e.Id}")] })],
        };
        Assert.Empty(HtmlAttacks.Pick([attack, other]));
    }

    private static void AssertNotCompared(IReadOnlyList<RunRecord> runs, string why)
    {
        var (html, texts) = (Html(runs), Texts(runs));
        Assert.Contains($"correctly, which cannot be compared: {System.Net.WebUtility.HtmlEncode(why)}.", html);
        Assert.Contains($"Warning fine-tune, early-robust: {why}: accuracy under attack cannot be compared.", texts);
        Assert.DoesNotMatch(@"\bp (=|<|&lt;)", html + texts);
    }
}
