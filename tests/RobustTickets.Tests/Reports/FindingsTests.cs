using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Reports;
using Xunit;

namespace RobustTickets.Tests.Reports;

public sealed class FindingsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("findings").FullName;
    private int _count;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private RunRecord Run(SyntheticRun run) => RunRecord.Load(run.Write($"run{_count++}"));

    private SyntheticRun Robust() => new(_root) { Name = "early-robust", Ticket = true };

    private static string Texts(params RunRecord[] runs) =>
        string.Join('\n', Findings.Of(runs).Select(f => $"{f.Level} {f.Subject}: {f.Text}"));

    [Fact]
    public void A_sound_run_has_none() => Assert.Equal("", Texts(Run(Robust())));

    [Fact]
    public void An_attack_that_is_not_finished_is_told_with_what_is_missing()
    {
        var run = Robust().Write("unfinished");
        var attack = Directory.GetDirectories(Path.Combine(run, "attacks"))[0];
        File.WriteAllLines(Path.Combine(attack, "ids.txt"), Enumerable.Range(0, 500).Select(i => $"test:{i}"));
        Assert.Equal("", Texts(RunRecord.Load(run)));
        File.Delete(Path.Combine(attack, "summary.json"));
        Assert.Contains(
            "is not finished: 300 examples are still to be attacked, and its figures cover only the first 200",
            Texts(RunRecord.Load(run))
        );
    }

    [Fact]
    public void An_attack_that_judged_no_example_has_no_figure()
    {
        var run = Robust().Write("unjudged");
        var file = Path.Combine(Directory.GetDirectories(Path.Combine(run, "attacks"))[0], "examples.jsonl");
        var errors = File.ReadLines(file)
            .Select(line =>
            {
                var outcome = JsonNode.Parse(line)!;
                outcome["result"] = "error";
                outcome["error"] = new JsonObject { ["kind"] = "model_threw", ["message"] = "no answer" };
                return outcome.ToJsonString();
            })
            .ToArray();
        File.WriteAllLines(file, errors);
        var record = RunRecord.Load(run);
        Assert.Empty(record.Attacks);
        Assert.Contains("has no results: every example failed", Texts(record));
    }

    [Fact]
    public void Sound_runs_far_apart_have_only_the_note_on_seeds()
    {
        var findings = Findings.Of([
            Run(new SyntheticRun(_root) { Withstand = 0.1 }),
            Run(
                new SyntheticRun(_root)
                {
                    Name = "early-robust",
                    Ticket = true,
                    Withstand = 0.6,
                }
            ),
        ]);
        var only = Assert.Single(findings);
        Assert.Equal(FindingLevel.Note, only.Level);
        Assert.Contains("one seed each", only.Text);
    }

    [Fact]
    public void Too_few_examples() =>
        Assert.Contains("n = 60 examples, fewer than 100", Texts(Run(new SyntheticRun(_root) { Attacked = 60 })));

    [Fact]
    public void No_attack() =>
        Assert.Contains("was not attacked", Texts(Run(new SyntheticRun(_root) { Attacked = 0 })));

    [Fact]
    public void Below_the_majority_class() =>
        Assert.Contains(
            "below the majority class (50.0 %",
            Texts(Run(new SyntheticRun(_root) { Clean = 0.45, Withstand = 0.1 }))
        );

    [Fact]
    public void Development_split_instead_of_test() =>
        Assert.Contains(
            "Note fine-tune: clean accuracy is that of split dev (400 examples)",
            Texts(Run(new SyntheticRun(_root) { Split = "dev" }))
        );

    [Fact]
    public void Attacked_examples_unlike_the_split()
    {
        var run = Run(new SyntheticRun(_root));
        Assert.Contains(
            "differ from the evaluation split",
            Texts(run with { Result = run.Result with { CleanTest = 0.7 } })
        );
    }

    [Fact]
    public void Withstood_in_one_class_alone()
    {
        var run = Run(new SyntheticRun(_root));
        var attack = run.Attacks[0];
        RunRecord Withstanding(Func<AttackOutcome, int, bool> holds) =>
            run with
            {
                Attacks =
                [
                    attack with
                    {
                        Examples =
                        [
                            .. attack.Examples.Select(
                                (e, i) => e with { Result = holds(e, i) ? AttackResult.Failed : AttackResult.Success }
                            ),
                        ],
                    },
                ],
            };
        Assert.Contains(
            "textfooler is withstood in class 1 only (100.0 % of it, 0.0 % of the next class)",
            Texts(Withstanding((e, _) => e.Label == 1))
        );
        Assert.DoesNotContain("withstood in class", Texts(Withstanding((e, i) => e.Label == 1 || i % 5 == 0)));
        Assert.DoesNotContain("withstood in class", Texts(Withstanding((e, i) => e.Label == 1 && i < 12)));
    }

    [Fact]
    public void Summary_that_says_otherwise() =>
        Assert.Contains(
            "summary.json says aua = 99.9, examples.jsonl gives",
            Texts(Run(new SyntheticRun(_root) { SummaryAua = "99.9" }))
        );

    [Fact]
    public void Search_that_never_converged() =>
        Assert.Contains(
            "never converged: rule consecutive5",
            Texts(Run(new SyntheticRun(_root) { Ticket = true, Converged = false }))
        );

    [Fact]
    public void Sparsity_other_than_asked() =>
        Assert.Contains(
            "5 of 16 heads were pruned (31.3 %), but the recipe asked for 3",
            Texts(Run(new SyntheticRun(_root) { Ticket = true, PrunedHeads = 5 }))
        );

    // 4 layers of 4 heads at ratio 1/6: floor(3 / 6) + 1 of each layer, 4 in all, where all layers
    // together lose 3.
    [Fact]
    public void Sparsity_of_layers_that_are_drawn_separately()
    {
        RunRecord Pruned(int heads, string? scope)
        {
            var run = Run(new SyntheticRun(_root) { Ticket = true, PrunedHeads = heads });
            return scope is null ? run : run with { Recipe = [.. run.Recipe, new("draw.head-scope", scope)] };
        }
        Assert.DoesNotContain("heads were pruned", Texts(Pruned(4, "layerwise")));
        Assert.Contains("but the recipe asked for 4 (16.7 %)", Texts(Pruned(3, "layerwise")));
        Assert.Contains("but the recipe asked for 3 (16.7 %)", Texts(Pruned(4, "modified-global")));
        // A saved ticket does not say how it was drawn.
        Assert.DoesNotContain("heads were pruned", Texts(Pruned(3, null)));
        Assert.DoesNotContain("heads were pruned", Texts(Pruned(4, null)));
    }

    [Fact]
    public void Layer_all_but_gone()
    {
        var run = Run(new SyntheticRun(_root) { Ticket = true });
        var ticket = run.Result.Ticket! with { NeuronsPerLayer = [500, 450, 443, 40] };
        Assert.Contains("layer 3 kept 40 of 512", Texts(run with { Result = run.Result with { Ticket = ticket } }));
    }

    [Fact]
    public void Loss_that_is_no_number()
    {
        var run = Run(new SyntheticRun(_root));
        Assert.Contains(
            "is NaN",
            Texts(
                run with
                {
                    Result = run.Result with { Stages = [run.Result.Stages[0] with { FinalLoss = double.NaN }] },
                }
            )
        );
    }

    [Fact]
    public void The_cost_of_a_run_that_retrains_a_saved_ticket_lacks_its_search_and_says_so()
    {
        var robust = Run(new SyntheticRun(_root) { Name = "again", Ticket = true });
        var again = robust with
        {
            Recipe =
            [
                new("search.kind", "saved"),
                new("search.ticket", "runs/early-robust"),
                .. robust.Recipe.Where(p => !p.Key.StartsWith("search.", StringComparison.Ordinal)),
            ],
        };
        Assert.Contains(
            "Note again: its ticket was found by the search of runs/early-robust, which its seconds and GFLOP lack.",
            Texts(again)
        );
        var plain = Run(new SyntheticRun(_root));
        const string said = "times the compute seconds to train (without the search of its saved ticket)";
        Assert.Contains(said, string.Join('\n', HeadlineText.Sentences([plain, again])));
        Assert.DoesNotContain("saved ticket", string.Join('\n', HeadlineText.Sentences([plain, robust])));
    }

    [Fact]
    public void Overlapping_intervals_are_a_warning_with_the_paired_test()
    {
        var text = Texts(
            Run(new SyntheticRun(_root) { Withstand = 0.30 }),
            Run(
                new SyntheticRun(_root)
                {
                    Name = "early-robust",
                    Ticket = true,
                    Withstand = 0.31,
                }
            )
        );
        Assert.Contains("Warning fine-tune, early-robust: under textfooler the 95 % intervals", text);
        Assert.Contains("not significant", text);
        // The same examples, all differences on one side: the paired test sees what the intervals
        // do not.
        var nested = Texts(
            Run(new SyntheticRun(_root) { Withstand = 0.30 }),
            Run(
                new SyntheticRun(_root)
                {
                    Name = "early-robust",
                    Ticket = true,
                    Withstand = 0.36,
                }
            )
        );
        Assert.Contains("Note fine-tune, early-robust: under textfooler", nested);
        Assert.Contains("still significant on these examples", nested);
    }

    [Fact]
    public void Runs_that_cannot_be_compared()
    {
        var first = Run(new SyntheticRun(_root));
        var other = Run(
            new SyntheticRun(_root)
            {
                Name = "early-robust",
                Cpu = "Other",
                Examples = 872,
                Attacked = 150,
            }
        );
        var text = Texts(first, other);
        Assert.Contains("different machines", text);
        Assert.Contains("400 examples of test and 872 of test", text);
        Assert.Contains("different examples (200 and 150)", text);
        Assert.Contains("different tasks", Texts(first, other with { Result = other.Result with { Task = "imdb" } }));
    }

    // Reference values: R's binom::binom.wilson(20, 100) ; 21,700 of the 2^20 outcomes of 20 coins
    // have at most 5 heads.
    [Fact]
    public void Intervals_and_tests_have_known_values()
    {
        var wilson = WilsonInterval.Of(20, 100);
        Assert.Equal(0.1333669, wilson.Low, 6);
        Assert.Equal(0.2888292, wilson.High, 6);
        Assert.Equal(0, WilsonInterval.Of(0, 50).Low, 12);
        Assert.Equal(2 * 21_700 / 1_048_576.0, PairedComparison.Of(5, 15, 20).PValue, 12);
        Assert.Equal(Math.Pow(2, -9), PairedComparison.Of(0, 10, 10).PValue, 12);
    }
}
