using RobustTickets.Hardening;
using Xunit;

namespace RobustTickets.Tests.Hardening;

/// <summary>The recommendation follows from the figures of the reported rows alone.</summary>
public sealed class HardenEvidenceTests
{
    private static readonly string[] Attacks = ["textfooler", "pwws"];
    private static readonly HardenRow Baseline = Row("given", "baseline", 0.30, null);

    [Fact]
    public void A_confirmed_defence_is_recommended_with_its_interval()
    {
        var chosen = Row("hardened", "chosen", 0.48, Paired(0.18, 0.0001));
        Assert.Null(Doubt(chosen));
        Assert.Equal(
            "Use hardened: under textfooler it keeps 48.0 % of 400 unseen rows where your model keeps 30.0 % "
                + "(+18.0 points, "
                + "95 % interval +13.0 to +23.0, p < 0.001), under pwws, whose dictionary it never saw, +18.0 points "
                + "(+13.0 to +23.0, p < 0.001), at 90.0 % clean accuracy against 90.0 % and 75 % of the encoder.",
            HardenEvidence.Sentence([Baseline, chosen], "hardened", 5, majority: 0.5, Attacks, HardenCaveats.None)
        );
    }

    [Theory]
    [InlineData(0.02, 0.3, 0.18, 0.0001, 0.9, "the reported rows do not confirm it")]
    [InlineData(-0.18, 0.0001, 0.18, 0.0001, 0.9, "the reported rows do not confirm it")]
    [InlineData(0.18, 0.0001, -0.10, 0.001, 0.9, "under pwws, whose dictionary it never saw, it loses 10 points")]
    [InlineData(0.18, 0.0001, -0.015, 0.01, 0.9, "under pwws, whose dictionary it never saw, it loses 1.5 points")]
    // Not significant is not harmless.
    [InlineData(0.18, 0.0001, -0.04, 0.2, 0.9, "under pwws, whose dictionary it never saw, it loses 4 points")]
    [InlineData(0.18, 0.0001, 0.18, 0.0001, 0.87, "it loses 3 points of clean accuracy, where 2 points are allowed")]
    public void What_the_reported_rows_do_not_confirm_is_not_recommended(
        double first,
        double p,
        double unseen,
        double unseenP,
        double clean,
        string why
    )
    {
        var chosen = Row("hardened", "chosen", 0.30 + first, Paired(first, p), Paired(unseen, unseenP)) with
        {
            Clean = clean,
        };
        Assert.Contains(why, Doubt(chosen), StringComparison.Ordinal);
        var sentence = HardenEvidence.Sentence(
            [Baseline, chosen],
            "hardened",
            5,
            majority: 0.5,
            Attacks,
            HardenCaveats.None
        );
        Assert.StartsWith("Keep your model: hardened was best on development rows, but ", sentence);
        Assert.Contains(why, sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_allowed_confirms()
    {
        var chosen = Row("hardened", "chosen", 0.48, Paired(0.18, 0.0001), Paired(-0.02, 0.3)) with { Clean = 0.88 };
        Assert.Null(Doubt(chosen));
        Assert.Null(HardenEvidence.Doubt(chosen with { Clean = 0.85 }, Baseline, Attacks, cleanLoss: 0.05));
        Assert.NotNull(HardenEvidence.Doubt(chosen, Baseline, Attacks, cleanLoss: 0.01));
    }

    [Fact]
    public void A_gain_that_the_reported_rows_leave_open_is_told()
    {
        string Sentence(double difference) =>
            HardenEvidence.Sentence(
                [Baseline with { Name = "fine-tune" }, Row("hardened", "chosen", 0.3, Paired(difference, 0.3))],
                "hardened",
                5,
                majority: 0.5,
                Attacks,
                HardenCaveats.None
            );
        Assert.StartsWith("Keep plain fine-tuning: hardened was best on development rows", Sentence(0.02));
        Assert.EndsWith(
            "p = 0.300); with so few rows a gain is still possible, use a larger budget or more rows.",
            Sentence(0.02)
        );
        Assert.EndsWith("p = 0.300).", Sentence(-0.02));
    }

    [Fact]
    public void Nothing_better_keeps_the_model_and_nothing_learned_asks_for_time()
    {
        Assert.Equal(
            "Keep your model: on development rows none of the 5 defences tried was better under attack at the "
                + "same clean "
                + "accuracy.",
            HardenEvidence.Sentence([Baseline], "given", 5, majority: 0.5, Attacks, HardenCaveats.None)
        );
        Assert.StartsWith(
            "Plain fine-tuning is enough: ",
            HardenEvidence.Sentence(
                [Baseline with { Name = "fine-tune" }],
                "fine-tune",
                5,
                majority: 0.5,
                Attacks,
                HardenCaveats.None
            )
        );
        Assert.StartsWith(
            "Nothing to recommend yet: your model classifies 90.0 % of the reported rows correctly, predicting "
                + "only the majority class 95.0 %",
            HardenEvidence.Sentence([Baseline], "given", 5, majority: 0.95, Attacks, HardenCaveats.None)
        );
    }

    [Fact]
    public void A_budget_that_was_spent_before_is_no_confirmation()
    {
        var chosen = Row("hardened", "chosen", 0.48, Paired(0.18, 0.0001));
        chosen = chosen with { Figures = [chosen.Figures[0]] };
        Assert.NotNull(Doubt(chosen));
        Assert.Contains(
            "the budget ran out before the reported rows could confirm it",
            HardenEvidence.Sentence([Baseline, chosen], "hardened", 5, majority: 0.5, Attacks, HardenCaveats.None)
        );
        Assert.StartsWith(
            "Nothing to recommend yet: no defence fits into this budget",
            HardenEvidence.Sentence([Baseline], "given", 0, majority: 0.5, Attacks, HardenCaveats.None)
        );
        // An attack that was not repeated at the fitted temperature confirms nothing.
        var once = Row("hardened", "chosen", 0.48, Paired(0.18, 0.0001));
        once = once with { Figures = [once.Figures[0] with { Repeated = false, Temperature = null }, once.Figures[1]] };
        Assert.NotNull(Doubt(once));
    }

    [Fact]
    public void What_withstands_in_one_class_alone_is_told()
    {
        IEnumerable<(int, bool)> Rows(int first, int second) =>
            Enumerable.Range(0, 40).Select(i => (i % 2, i / 2 < (i % 2 == 0 ? first : second)));
        string[] labels = ["negative", "positive"];
        Assert.Equal(
            "withstands deepwordbug in class negative only (75.0 % of it, 0.0 % of the next class): texts that "
                + "the attack makes unreadable are assigned to that class, which is not robustness",
            HardenEvidence.OneSided(new HardenModel("given", "/given"), "deepwordbug", Rows(15, 0), labels)
        );
        Assert.Null(HardenEvidence.OneSided(new HardenModel("given", "/given"), "deepwordbug", Rows(15, 5), labels));
        // The model's class 0 is the data's class 1.
        Assert.StartsWith(
            "withstands deepwordbug in class positive only",
            HardenEvidence.OneSided(new HardenModel("given", "/given", [1, 0]), "deepwordbug", Rows(15, 0), labels)
        );
    }

    [Fact]
    public void What_withstands_in_one_class_alone_or_has_not_learned_is_not_recommended()
    {
        var chosen = Row("hardened", "chosen", 0.48, Paired(0.18, 0.0001));
        string Told(string chosenName, Dictionary<string, string> unfit, bool mayBeSeen = false) =>
            HardenEvidence.Recommendation(
                [Baseline, chosen],
                chosenName,
                5,
                majority: 0.5,
                Attacks,
                new HardenCaveats(unfit, mayBeSeen)
            );
        Assert.StartsWith(
            "Keep your model: hardened was best on development rows, but withstands textfooler in class a alone; under "
                + "textfooler it keeps 48.0 %",
            Told("hardened", new() { ["hardened"] = "withstands textfooler in class a alone" })
        );
        Assert.Contains(
            "none of the 5 defences tried, 1 of which withstand in one class only or have not learned, was better",
            Told("given", new() { ["hardened"] = "withstands textfooler in class a alone" })
        );
        // What is kept, or beaten, is told of too.
        foreach (var name in new[] { "given", "hardened" })
            Assert.EndsWith(
                ". But given withstands pwws in class b alone.",
                Told(name, new() { ["given"] = "withstands pwws in class b alone" })
            );
        // A given model that has not learned is told of, though it is not the baseline.
        Assert.EndsWith(
            ". On development rows your model has not learned; fine-tune is the baseline instead.",
            HardenEvidence.Recommendation(
                [Baseline with { Name = "fine-tune" }, chosen],
                "hardened",
                5,
                majority: 0.5,
                Attacks,
                new HardenCaveats(new Dictionary<string, string> { ["given"] = "has not learned" }, false)
            )
        );
        var seen = Told("hardened", [], mayBeSeen: true);
        Assert.StartsWith(
            "Use hardened: under textfooler it keeps 48.0 % of 400 rows that may have been trained on where",
            seen
        );
        Assert.DoesNotContain("unseen rows", seen, StringComparison.Ordinal);
        Assert.Contains("The model may have been trained on these rows", Told("given", [], mayBeSeen: true));
    }

    [Fact]
    public void A_row_attacked_once_names_the_figure_of_the_baseline_that_it_is_compared_with()
    {
        var chosen = Row("hardened", "chosen", 0.48, Paired(0.18, 0.0001));
        var broken = Baseline.Figures[1] with { Aua = 0.25, AsIs = 0.30, Repeated = true };
        string Page(HardenRow baseline) =>
            HardenReport.Markdown(
                new HardenResult(
                    1,
                    "",
                    "hardened",
                    "hardened",
                    "given",
                    "",
                    "",
                    [baseline, chosen],
                    [],
                    9,
                    Attacks,
                    [],
                    [],
                    60,
                    50
                )
            );
        const string named = "p < 0.001; of 30.0 as is";
        Assert.DoesNotContain(named, Page(Baseline), StringComparison.Ordinal);
        Assert.Contains(
            named,
            Page(Baseline with { Figures = [Baseline.Figures[0], broken] }),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("given", 5, 0.95, false)]
    [InlineData("given", 0, 0.5, false)]
    [InlineData("given", 5, 0.5, true)]
    public void The_next_command_is_shown_only_with_a_recommendation(string chosen, int tried, double most, bool shown)
    {
        var sentence = HardenEvidence.Sentence([Baseline], chosen, tried, most, Attacks, HardenCaveats.None);
        var result = new HardenResult(
            1,
            sentence,
            chosen,
            chosen,
            "given",
            "predict --model /given",
            "",
            [Baseline],
            [new(chosen, 0.9, [0.3, 0.3], 100, 3)],
            9,
            Attacks,
            [],
            [],
            60,
            50
        );
        Assert.Equal(shown ? result.Next : null, HardenReport.Next(result));
        foreach (var page in new[] { HardenReport.Markdown(result), HardenReport.Html(result) })
            Assert.Equal(
                (shown, shown),
                (page.Contains("Next:", StringComparison.Ordinal), page.Contains(result.Next, StringComparison.Ordinal))
            );
    }

    private static string? Doubt(HardenRow chosen) =>
        HardenEvidence.Doubt(chosen, Baseline, Attacks, HardenSelection.MostLost);

    private static PairedFigure Paired(double difference, double p) =>
        new(10, 5, difference, difference - 0.05, difference + 0.05, p);

    private static HardenRow Row(
        string name,
        string role,
        double aua,
        PairedFigure? against,
        PairedFigure? unseen = null
    ) =>
        new(
            name,
            role,
            $"/{name}",
            0.90,
            0.87,
            0.92,
            role == "baseline" ? 100 : 75,
            role == "baseline" ? 1 : 0.75,
            10,
            [
                new("textfooler", false, 400, aua, true, 1.2, aua, aua - 0.05, aua + 0.05, against),
                new("pwws", true, 400, aua, false, null, aua, aua - 0.05, aua + 0.05, unseen ?? against),
            ]
        );
}
